// What the stand-in does of its own accord: the earliest due thing first, dated by its own moment.
import type { Act, Task } from './act.ts';
import { settle } from './checkout.ts';
import { decideDispute, reopenDispute } from './disputes.ts';
import { settleRefund } from './refunds.ts';
import {
  announceRenewal,
  endOnItsDay,
  endPeriod,
  expireSubscription,
  finaliseDraft,
  resumeCollection,
  retryInvoice,
} from './renewals.ts';
import { expireSession } from './sessions.ts';
import type { Store } from './store.ts';

const tasks: Record<Task, (act: Act, subject: string) => void> = {
  'session-expires': (act, id) => {
    const session = act.store.find('checkout.session', id);
    if (session?.status === 'open') expireSession(act, session);
  },
  'payment-settles': settle,
  'period-ends': endPeriod,
  'renewal-announced': announceRenewal,
  'invoice-finalises': finaliseDraft,
  'payment-retried': retryInvoice,
  'subscription-expires': expireSubscription,
  'subscription-ends': endOnItsDay,
  'subscription-resumes': resumeCollection,
  'refund-settles': settleRefund,
  'dispute-decided': decideDispute,
  'dispute-reopens': reopenDispute,
};

/** Does one thing that is due by `bySeconds`; false when there is none. What cannot be done is said and left behind. */
export function doNextDue(
  store: Store,
  bySeconds: number,
  actAt: (at: number) => Act,
  log: (line: string) => void,
): boolean {
  const due = store.nextDue();
  if (!due || due.dueAt > bySeconds) return false;
  try {
    store.transaction(() => {
      store.doneDue(due.id);
      const task = Object.entries(tasks).find(([name]) => name === due.task)?.[1];
      task?.(actAt(due.dueAt), due.subject);
    });
  } catch (error) {
    log(`stripe stand-in: ${due.task} of ${due.subject} could not be done: ${String(error)}`);
    store.doneDue(due.id);
  }
  return true;
}
