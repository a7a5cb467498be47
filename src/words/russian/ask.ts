// The appeal at the end of an article, in Russian.
import type { english } from '../english.ts';

export const ask: (typeof english)['ask'] = {
  heading: 'Вы дочитали до конца',
  text: (publication) =>
    `У издания «${publication}» нет хозяина, которому надо угождать, и статьи у нас открыты для всех. Мы работаем, пока часть читателей за это платит — кто сколько может. Если текст стоил вашего времени, помогите нам написать следующий.`,
  fromAMonth: (amount) => `Начать можно с ${amount} в месяц.`,
  notReady: 'Сегодня не получается?',
  remindMeLater: 'Напомните мне позже',
  frameTitle: (publication) => `Поддержать ${publication}`,
};
