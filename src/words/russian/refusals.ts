// What is wrong and what to do about it, in Russian.
import { formatDay } from '../../values/calendar.ts';
import { decimalString, formatMoney, type Money, minorPerMajor } from '../../values/money.ts';
import type { english } from '../english.ts';
import { russianPlural } from '../plural.ts';

export const refusals: (typeof english)['refusals'] = {
  'amount-missing': () => 'Выберите сумму или впишите свою.',
  'amount-not-a-number': () => 'Впишите сумму цифрами, например 5 или 5,50.',
  'amount-not-minor': () => 'Укажите сумму целым числом минимальных единиц валюты.',
  'amount-not-in-steps': ({ step }) =>
    `Укажите сумму в минимальных единицах, кратную ${step}: меньшими долями в этой валюте не платят.`,
  'amount-unclear': () =>
    'Непонятно, тысячи это или копейки. Впишите сумму без разделителя тысяч, например 1000 или 1,00.',
  'amount-too-small': ({ minimum, frequency, inMinor }) =>
    `${smallest[frequency]} — ${formatMoney(minimum, 'ru')}. ${inMinor ? `Укажите ${minimum.amountMinor} минимальных единиц` : `Впишите ${plain(minimum)}`} или больше.`,
  'amount-too-large': ({ maximum, frequency }) =>
    `${largest[frequency]}, который можно принять на этой странице, — ${formatMoney(maximum, 'ru')}. Если хотите дать больше, напишите нам.`,
  'too-many-decimals': ({ allowed, currency }) =>
    allowed === 0
      ? `Впишите целую сумму: ${currency} — валюта без дробной части.`
      : `После запятой может быть не больше ${allowed} ${russianPlural(allowed, 'цифры', 'цифр', 'цифр')}; тысячи отделять не нужно.`,
  'currency-unknown': () => 'Эту валюту мы не принимаем. Выберите другую из списка.',
  'frequency-unknown': () => 'Выберите, как часто: один раз, каждый месяц или каждый год.',
  'address-missing': () => 'Впишите адрес электронной почты.',
  'address-malformed': () => 'Похоже, в адресе ошибка. Он должен выглядеть так: name@example.org.',
  'address-not-ascii': () =>
    'Перед знаком @ здесь годятся только латинские буквы, цифры и знаки. Впишите, пожалуйста, другой свой адрес.',
  'choice-missing': () => 'Выберите, когда вам написать.',
  'choice-unknown': () => 'Выберите один из предложенных вариантов.',
  'date-missing': () => 'Выберите день.',
  'date-malformed': () => 'Такого дня нет. Впишите его как год-месяц-число, например 2027-02-24.',
  'date-too-soon': ({ earliestOn }) =>
    `Самый ранний возможный день — ${formatDay(earliestOn, 'ru')}. Выберите его или любой день позже.`,
  'date-too-late': ({ latestOn }) =>
    `Самый поздний возможный день — ${formatDay(latestOn, 'ru')}. Выберите его или любой день раньше.`,
  'zone-unknown': () => 'Такого часового пояса мы не знаем. Укажите название вроде Europe/Berlin.',
  'text-missing': () => 'Напишите здесь что-нибудь, пожалуйста.',
  'text-too-long': ({ longest }) =>
    `Слишком длинно. Уложитесь, пожалуйста, в ${longest} ${russianPlural(longest, 'знак', 'знака', 'знаков')}.`,
  'value-malformed': () => 'Не получилось это прочитать. Проверьте, пожалуйста, что вписано.',
  'field-unknown': () => 'Такого поля у нас нет. Уберите его, пожалуйста.',
  'period-malformed': () =>
    'Укажите первый день и день после последнего как год-месяц-число; первый должен быть раньше второго.',
  'period-too-long': ({ most }) =>
    `В этом сроке слишком много шагов: показать можно не больше ${most}. Выберите меньший срок или более крупный шаг.`,
  'link-expired': () => 'Срок действия этой ссылки истёк. Ниже можно попросить новую.',
  'link-broken': () =>
    'Ссылка пришла не целиком или не от нас. Откройте её ещё раз из письма или скопируйте полностью.',
  'too-many-tries': ({ minutes }) =>
    `Слишком много попыток подряд. Попробуйте через ${minutes} ${russianPlural(minutes, 'минуту', 'минуты', 'минут')}.`,
  'form-from-elsewhere': () =>
    'Эта форма отправлена не с нашей страницы, поэтому мы ничего не сделали. Откройте страницу у нас и попробуйте ещё раз.',
  'signature-wrong': () => 'Подписи нет, она неверна или устарела. Проверьте секрет подписи.',
  'sender-unproven': () =>
    'Ничто не доказывает, что это прислала наша почтовая служба. Проверьте ключ, имя с паролем или тему в настройках.',
  'proof-unavailable': () =>
    'Сейчас мы не можем проверить отправителя. Пожалуйста, пришлите ещё раз через несколько минут.',
  'not-found': () => 'По этому адресу ничего нет.',
  'method-not-allowed': () => 'Такие запросы этот адрес не принимает.',
  'not-allowed': () => 'Вашей роли это недоступно. Изменить её может администратор.',
  'payments-unavailable': ({ charged }) =>
    charged === 'nothing'
      ? 'Страница оплаты сейчас недоступна. Деньги не списаны. Попробуйте через несколько минут.'
      : 'Страница оплаты нам не ответила. Прежде чем пробовать снова, проверьте почту: если платёж прошёл, квитанция уже в пути.',
  'body-too-large': () => 'Столько сразу мы принять не можем.',
  'body-malformed': () => 'Не получилось прочитать запрос. Ничего не сделано.',
  'wrong-content-type': ({ expected }) => `Отправьте это, пожалуйста, как ${expected}.`,
  'wrong-encoding': () => 'Отправьте это, пожалуйста, без сжатия и в UTF-8.',
  'idempotency-mismatch': () =>
    'Этот Idempotency-Key уже использован с другим содержанием. Ничего не сделано; возьмите новый ключ.',
  'idempotency-in-flight': () =>
    'Такой же запрос ещё выполняется. Подождите немного и повторите его с тем же ключом.',
  'idempotency-key-malformed': () => 'Нужен Idempotency-Key от 1 до 255 видимых знаков ASCII.',
  'password-too-short': ({ shortest }) =>
    `Пароль должен быть не короче ${shortest} ${russianPlural(shortest, 'знака', 'знаков', 'знаков')}. Хорошо подходит короткая фраза.`,
  'password-too-long': ({ longest }) =>
    `Пароль должен быть не длиннее ${longest} ${russianPlural(longest, 'знака', 'знаков', 'знаков')}.`,
  'sign-in-failed': () => 'Адрес и пароль не подходят друг к другу. Проверьте их и попробуйте ещё раз.',
  'sign-in-needed': () => 'Сначала нужно войти.',
  'token-wrong': () => 'Этот токен здесь неизвестен или отозван. Попросите новый.',
  'gift-unchangeable': () =>
    'Сумму можно изменить, пока взнос действует и платежи проходят. Сначала поправьте, пожалуйста, карту или начните новый взнос.',
  'already-done': () => 'Это уже сделано. Больше ничего не нужно.',
};

const smallest = {
  once: 'Самый маленький взнос',
  month: 'Самый маленький ежемесячный взнос',
  year: 'Самый маленький ежегодный взнос',
} as const;
const largest = {
  once: 'Самый большой взнос',
  month: 'Самый большой ежемесячный взнос',
  year: 'Самый большой ежегодный взнос',
} as const;

/** The bare figure, as one would type it. */
function plain(money: Money): string {
  const whole = money.amountMinor % minorPerMajor(money.currency) === 0n;
  return whole
    ? `${money.amountMinor / minorPerMajor(money.currency)}`
    : decimalString(money).replace('.', ',');
}
