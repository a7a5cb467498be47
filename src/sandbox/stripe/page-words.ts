// The words that payers read at the stand-in's checkout and portal, in the languages that sessions are opened in here.

export interface PageWords {
  language: string;
  banner: string;
  never: string;
  actions: { Donate: string; Pay: string; Subscribe: string };
  once: string;
  everyMonth: string;
  everyYear: string;
  nothingCharged: string;
  declined: string;
  email: string;
  cardName: string;
  country: string;
  back: string;
  testCard: string;
  otherNumber: string;
  billing: string;
  billingFor: (who: string) => string;
  changeCard: string;
  saveCard: string;
  noSubscription: string;
  invoices: string;
  goBack: string;
  amount: string;
  state: string;
  ends: string;
  renews: string;
  card: string;
  notPaid: (sum: string, day: string) => string;
  payNow: string;
  keep: string;
  cancelNow: string;
  cancelAtEnd: (day: string) => string;
  confirmTitle: string;
  confirmAtEnd: (day: string) => string;
  confirmNow: string;
  confirm: string;
  goesOn: string;
  endsWithPeriod: string;
  hasEnded: string;
  states: Readonly<Record<string, string>>;
}

/** In the session's language where there are words for it; in English otherwise. */
export function pageWords(locale: string | null | undefined): PageWords {
  return locale === 'ru' ? russian : english;
}

const english: PageWords = {
  language: 'en',
  banner: 'Sandbox stand-in for Stripe: no real money.',
  never: 'Never enter a real card here.',
  actions: { Donate: 'Donate', Pay: 'Pay', Subscribe: 'Subscribe' },
  once: 'once',
  everyMonth: 'every month',
  everyYear: 'every year',
  nothingCharged: 'Nothing was charged.',
  declined: 'Your card was declined.',
  email: 'E-mail',
  cardName: 'Name on the card',
  country: 'Country, as two letters',
  back: 'Back',
  testCard: 'Test card',
  otherNumber: 'Or another test number',
  billing: 'Billing',
  billingFor: (who) => `Billing for ${who}`,
  changeCard: 'Change the card',
  saveCard: 'Save the card',
  noSubscription: 'There is no subscription.',
  invoices: 'Invoices',
  goBack: 'Return',
  amount: 'Amount',
  state: 'State',
  ends: 'Ends',
  renews: 'Renews',
  card: 'Card',
  notPaid: (sum, day) => `${sum} of ${day} is not paid.`,
  payNow: 'Pay it now',
  keep: 'Keep the subscription',
  cancelNow: 'Cancel now',
  cancelAtEnd: (day) => `Cancel at the end, ${day}`,
  confirmTitle: 'Cancel the subscription?',
  confirmAtEnd: (day) => `It runs until ${day}, and nothing more is charged after that.`,
  confirmNow: 'It ends at once.',
  confirm: 'Confirm the cancellation',
  goesOn: 'The subscription goes on.',
  endsWithPeriod: 'The subscription ends with the current period.',
  hasEnded: 'The subscription has ended.',
  states: {},
};

const russian: PageWords = {
  language: 'ru',
  banner: 'Песочница вместо Stripe: деньги ненастоящие.',
  never: 'Не вводите здесь настоящую карту.',
  actions: { Donate: 'Пожертвовать', Pay: 'Заплатить', Subscribe: 'Подписаться' },
  once: 'один раз',
  everyMonth: 'каждый месяц',
  everyYear: 'каждый год',
  nothingCharged: 'Деньги не списаны.',
  declined: 'Карта отклонена.',
  email: 'Эл. почта',
  cardName: 'Имя на карте',
  country: 'Страна, две латинские буквы',
  back: 'Назад',
  testCard: 'Тестовая карта',
  otherNumber: 'Или другой тестовый номер',
  billing: 'Платежи',
  billingFor: (who) => `Платежи ${who}`,
  changeCard: 'Сменить карту',
  saveCard: 'Сохранить карту',
  noSubscription: 'Подписки нет.',
  invoices: 'Счета',
  goBack: 'Вернуться',
  amount: 'Сумма',
  state: 'Состояние',
  ends: 'Закончится',
  renews: 'Продлится',
  card: 'Карта',
  notPaid: (sum, day) => `${sum} от ${day} не оплачены.`,
  payNow: 'Заплатить сейчас',
  keep: 'Оставить подписку',
  cancelNow: 'Отменить сейчас',
  cancelAtEnd: (day) => `Отменить в конце срока, ${day}`,
  confirmTitle: 'Отменить подписку?',
  confirmAtEnd: (day) => `Она действует до ${day}, после этого ничего не списывается.`,
  confirmNow: 'Она закончится сразу.',
  confirm: 'Подтвердить отмену',
  goesOn: 'Подписка продолжается.',
  endsWithPeriod: 'Подписка закончится с текущим сроком.',
  hasEnded: 'Подписка закончилась.',
  states: {
    active: 'действует',
    canceled: 'отменена',
    incomplete: 'не начата',
    'past due': 'не оплачена вовремя',
    unpaid: 'не оплачена',
  },
};
