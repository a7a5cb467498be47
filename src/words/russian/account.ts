// The reader's own pages: looking after a gift, in Russian.
import type { english } from '../english.ts';

export const account: (typeof english)['account'] = {
  title: 'Ваша поддержка',
  openPortalText:
    'На следующей странице, у Stripe, можно сменить карту или прекратить платежи. Ничего другого эта ссылка не открывает.',
  openPortal: 'Управлять взносами',
  mailLinkTitle: 'Новая ссылка',
  mailLinkText: 'Впишите адрес, который указали при оплате, и мы пришлём свежую ссылку.',
  mailLink: 'Пришлите мне ссылку',
  linkMailed:
    'Если с этим адресом связан взнос, письмо со ссылкой уже в пути. Это может занять несколько минут.',
  standing: {
    active: 'Действует',
    'past-due': 'Платёж просрочен',
    paused: 'Приостановлен',
    ending: 'Закончится вместе с оплаченным сроком',
    ended: 'Прекращён',
  },
};
