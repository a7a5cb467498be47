// What appears everywhere, in Russian.
import { formatDate, formatDay } from '../../values/calendar.ts';
import { formatMoney } from '../../values/money.ts';
import type { english } from '../english.ts';
import { russianPlural } from '../plural.ts';

export const common: (typeof english)['common'] = {
  languages: { en: 'English', ru: 'Русский' },
  language: 'Язык',
  skipToContent: 'Перейти к содержанию',
  frequency: { once: 'Один раз', month: 'Каждый месяц', year: 'Каждый год' },
  howOften: { once: 'один раз', month: 'каждый месяц', year: 'каждый год' },
  money: (money) => formatMoney(money, 'ru'),
  moneyHowOften: (money, frequency) => `${formatMoney(money, 'ru')}${per[frequency]}`,
  day: (date, today) => formatDay(date, 'ru', today),
  onDay: (date, today) => {
    const [, dayAndMonth = ''] = formatDay(date, 'ru', today).split(', ');
    return `${weekdays[new Date(`${date}T12:00:00Z`).getUTCDay()] ?? ''}, ${dayAndMonth}`;
  },
  date: (date) => formatDate(date, 'ru'),
  days: (count) => `${count} ${russianPlural(count, 'день', 'дня', 'дней')}`,
  minutes: (count) => `${count} ${russianPlural(count, 'минуту', 'минуты', 'минут')}`,
  months: [
    'январь',
    'февраль',
    'март',
    'апрель',
    'май',
    'июнь',
    'июль',
    'август',
    'сентябрь',
    'октябрь',
    'ноябрь',
    'декабрь',
  ],
  monthsShort: ['янв', 'фев', 'мар', 'апр', 'май', 'июн', 'июл', 'авг', 'сен', 'окт', 'ноя', 'дек'],
  back: 'Назад',
  continue: 'Дальше',
  confirm: 'Подтвердить',
  cancel: 'Отменить',
  save: 'Сохранить',
  change: 'Изменить',
  send: 'Отправить',
  close: 'Закрыть',
  stop: 'Остановить',
  tryAgain: 'Попробовать ещё раз',
  signIn: 'Войти',
  signOut: 'Выйти',
  yes: 'Да',
  no: 'Нет',
  optional: 'необязательно',
  address: 'Адрес электронной почты',
  amount: 'Сумма',
  currency: 'Валюта',
  none: 'Нет',
  sending: 'Отправляем…',
  opening: 'Открываем…',
  errorSummary: (count) =>
    count === 1 ? 'Проверьте, пожалуйста, одно поле' : 'Проверьте, пожалуйста, несколько полей',
  troubleTitle: 'Не получилось',
  troubleText: 'У нас что-то сломалось, и мы это записали. Попробуйте, пожалуйста, чуть позже.',
  troubleReference: (id) => `Если будете писать нам об этом, укажите номер: ${id}.`,
  notFoundTitle: 'Такой страницы нет',
  notFoundText: 'Возможно, ссылка дошла до вас не целиком. Проверьте её или начните сначала.',
  refusedTitle: 'Этого сделать не удалось',
  sandbox: 'Песочница: настоящих денег здесь нет, и письма не покидают этот компьютер.',
};

const per = { once: '', month: ' в месяц', year: ' в год' } as const;

// In the case that "on" wants, with its preposition; Sunday first, as getUTCDay counts.
const weekdays = [
  'в воскресенье',
  'в понедельник',
  'во вторник',
  'в среду',
  'в четверг',
  'в пятницу',
  'в субботу',
];
