// Goals, in Russian.
import type { english } from '../english.ts';
import { russianPlural } from '../plural.ts';

export const goals: (typeof english)['goals'] = {
  title: 'Цели',
  text: 'Сколько вы решили собрать и к какому дню. Пока цель не прошла, она стоит среди отчётов и видно, сколько уже собрано.',
  none: 'Целей пока нет. Когда появится первая, здесь будет видно, сколько по ней собрано.',
  all: 'Все цели',
  set: 'Поставить цель',
  change: 'Изменить',
  changeTitle: 'Изменить цель',
  end: 'Убрать из отчётов',
  save: 'Сохранить',
  back: 'Ко всем целям',
  whoMay: 'Цели ставит тот, у кого роль «Финансы» или «Администратор».',
  columns: { title: 'Цель', campaign: 'Взносы', target: 'Сколько', days: 'Дни', state: 'Состояние' },
  states: { coming: 'впереди', running: 'идёт', over: 'прошла', ended: 'убрана из отчётов' },
  allGifts: 'все взносы',
  ofCampaign: (campaign) => `кампания «${campaign}»`,
  fields: {
    title: 'Название',
    campaign: 'Кампания',
    campaignHint: 'Имя, которое стоит в ссылках кампании. Если оставить поле пустым, считаются все взносы.',
    amount: 'Сколько собрать',
    currency: 'Валюта',
    currencyHint: 'Считаются только взносы в этой валюте.',
    from: 'Первый день',
    until: 'Последний день',
  },
  days: (first, last) => `${first} – ${last}`,
  raisedOf: (raised, target) => `${raised} из ${target}`,
  share: (percent) => `${percent} цели`,
  parts: (gross, back) => `поступило ${gross}, из них возвращено ${back}`,
  pace: (amount) => `При ровном сборе сейчас было бы ${amount}`,
  ahead: (amount) => `собрано на ${amount} больше`,
  behind: (amount) => `собрано на ${amount} меньше`,
  estimate: (amount) => `Оценка на последний день, если так пойдёт и дальше: ${amount}`,
  noEstimate: 'Для оценки ещё рано',
  daysLeft: (days) =>
    `${russianPlural(days, 'Остался', 'Осталось', 'Осталось')} ${days} ${russianPlural(days, 'день', 'дня', 'дней')}, считая сегодняшний`,
  begins: (days) => `Начнётся через ${days} ${russianPlural(days, 'день', 'дня', 'дней')}`,
  over: 'Срок прошёл',
  evenPace: 'ровный сбор',
  picture: (raised, target, percent, pace) =>
    `Полоса заполнена на ${percent}: ${raised} из ${target}. Черта отмечает ровный сбор, ${pace}.`,
};
