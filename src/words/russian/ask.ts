// The appeal at the end of an article, in Russian.
import type { english } from '../english.ts';

export const ask: (typeof english)['ask'] = {
  heading: 'Вы дочитали до конца',
  text: (publication) =>
    `«${publication}» существует потому, что часть читателей за это платит — кто сколько может. Если текст стоил вашего времени, помогите нам написать следующий.`,
  fromAMonth: (amount) => `Начать можно с ${amount} в месяц.`,
  notReady: 'Сегодня не получается?',
  remindMeLater: 'Напомните мне позже',
  frameTitle: (publication) => `Поддержать ${publication}`,
};
