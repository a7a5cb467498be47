// The staff desk, in Russian.
import type { english } from '../english.ts';
import { russianPlural } from '../plural.ts';

export const staff: (typeof english)['staff'] = {
  title: 'Рабочий стол',
  signInTitle: 'Вход для редакции',
  password: 'Пароль',
  newPassword: 'Новый пароль',
  setPasswordTitle: 'Придумайте пароль',
  setPasswordText: (shortest) =>
    `Не короче ${shortest} ${russianPlural(shortest, 'знака', 'знаков', 'знаков')}. Хорошо подходит короткая фраза, которую написали бы только вы.`,
  setPassword: 'Сохранить пароль',
  passwordSet: 'Пароль сохранён. Теперь можно войти.',
  roles: { viewer: 'Просмотр', support: 'Работа с читателями', finance: 'Финансы', admin: 'Администратор' },
  newestGifts: 'Последние взносы',
  noGiftsYet: 'Взносов пока нет. Первый появится здесь через несколько секунд после оплаты.',
  atStripe: 'В Stripe',
  definition: 'Как это считается',
  against: 'к тем же дням прошлого периода',
  health: {
    title: 'Состояние',
    events: 'События Stripe',
    letters: 'Письма',
    waiting: 'ждут',
    dead: 'не удалось',
    allWell: 'Всё в порядке',
  },
};
