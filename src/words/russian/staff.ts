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
  roles: { viewer: 'Просмотр', support: 'Работа с читателями', finance: 'Финансы', admin: 'Администратор' },
};
