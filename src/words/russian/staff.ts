// The staff desk, in Russian.
import type { english } from '../english.ts';
import { russianPlural } from '../plural.ts';

export const staff: (typeof english)['staff'] = {
  signInTitle: 'Вход для редакции',
  password: 'Пароль',
  newPassword: 'Новый пароль',
  setPasswordTitle: 'Придумайте пароль',
  setPasswordText: (shortest) =>
    `Не короче ${shortest} ${russianPlural(shortest, 'знака', 'знаков', 'знаков')}. Хорошо подходит короткая фраза, которую написали бы только вы.`,
  setPassword: 'Сохранить пароль',
  lostPassword: 'Пароля ещё нет или он забыт? Новую ссылку даст тот, у кого роль администратора.',
  invitationOverTitle: 'Эта ссылка больше не действует',
  invitationOver:
    'По ней уже заходили, её заменила новая или прошло больше трёх дней. Если пароль у вас есть, войдите с ним; если нет, попросите новую ссылку у того, кто вас пригласил.',
  letters: {
    title: 'Письма одному читателю',
    text: 'Как каждое письмо выглядит для этого читателя. Отсюда ничего не отправляется, и ссылки в письмах ничего не открывают.',
    supporter: (id) => `Читатель ${id}`,
    kind: 'Письмо',
    newest: 'Последнее',
    never: 'ещё не было',
    written: (day) => `Написано этому читателю ${day}.`,
    own: 'Такого письма ещё не было. Взнос в нём — этого читателя; даты и прочее взяты для примера.',
    example: 'Такого письма ещё не было. Всё в нём взято для примера.',
    from: 'От кого',
    subject: 'Тема',
    preview: 'Начало',
    asText: 'Текстом',
  },
  roles: { viewer: 'Просмотр', support: 'Работа с читателями', finance: 'Финансы', admin: 'Администратор' },
};
