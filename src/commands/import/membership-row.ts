// A row about a membership: the columns of the import format, read into what the ledger keeps.
import type { ImportedMembership } from '../../ledger/imported.ts';
import { isDate } from '../../values/calendar.ts';
import type { Currency } from '../../values/money.ts';
import { readMajor } from './amounts.ts';
import { readPerson } from './person.ts';
import {
  type Reading,
  readChoice,
  readCurrency,
  readExternalId,
  readMoment,
  readPositive,
  readRequired,
  readRequiredMoment,
  readShort,
} from './record.ts';

/** Those of the import format, in its order. */
export const membershipColumns = [
  'external_id',
  'email',
  'amount',
  'currency',
  'interval',
  'started_at',
  'paused_at',
  'resumed_at',
  'cancel_requested_at',
  'ended_at',
  'end_reason',
  'campaign',
  'amount_changes',
] as const;

/** What `export` writes besides, so that nothing is lost on the way back. */
export const moreMembershipColumns = ['name', 'article', 'component', 'referrer', 'reader_id'] as const;

/** Null where something is wrong with it, which the reading has then been told. */
export function readMembership(reading: Reading): ImportedMembership | null {
  const externalId = readExternalId(reading);
  const person = readPerson(reading);
  const currency = readCurrency(reading);
  const amountMinor = readPositive(reading, 'amount', currency);
  readRequired(reading, 'interval');
  const interval =
    reading.text('interval') === '' ? null : readChoice(reading, 'interval', ['month', 'year'], null);
  const startedAt = readRequiredMoment(reading, 'started_at');
  const moments = readLife(reading, startedAt);
  const endReason = readEndReason(reading);
  const amountChanges = readAmountChanges(reading, currency, startedAt);
  const campaign = readShort(reading, 'campaign', 100);
  const article = readShort(reading, 'article', 500);
  const component = readShort(reading, 'component', 50);
  const referrer = readShort(reading, 'referrer', 200);
  if (!person || !currency || amountMinor === null || !interval || !startedAt) return null;
  return {
    externalId,
    person,
    amountMinor,
    currency,
    interval,
    startedAt,
    ...moments,
    endReason,
    amountChanges,
    campaign,
    article,
    component,
    referrer,
  };
}

type Life = Pick<ImportedMembership, 'pausedAt' | 'resumedAt' | 'cancelRequestedAt' | 'endedAt'>;

function readLife(reading: Reading, startedAt: Date | null): Life {
  const pausedAt = readMoment(reading, 'paused_at');
  const resumedAt = readMoment(reading, 'resumed_at');
  const cancelRequestedAt = readMoment(reading, 'cancel_requested_at');
  const endedAt = readMoment(reading, 'ended_at');
  const mustNotPrecede = (column: string, later: Date | null, earlier: Date | null, name: string) => {
    if (later !== null && earlier !== null && later < earlier)
      reading.wrong(column, `lies before ${name}: one of the two is wrong`);
  };
  mustNotPrecede('paused_at', pausedAt, startedAt, 'started_at');
  mustNotPrecede('cancel_requested_at', cancelRequestedAt, startedAt, 'started_at');
  mustNotPrecede('ended_at', endedAt, startedAt, 'started_at');
  mustNotPrecede('resumed_at', resumedAt, pausedAt, 'paused_at');
  mustNotPrecede('ended_at', endedAt, pausedAt, 'paused_at');
  mustNotPrecede('ended_at', endedAt, resumedAt, 'resumed_at');
  mustNotPrecede('ended_at', endedAt, cancelRequestedAt, 'cancel_requested_at');
  if (resumedAt !== null && reading.text('paused_at') === '')
    reading.wrong('resumed_at', 'is given without paused_at: write when it was paused');
  return { pausedAt, resumedAt, cancelRequestedAt, endedAt };
}

function readEndReason(reading: Reading): ImportedMembership['endReason'] {
  if (reading.text('end_reason') === '') return null;
  if (reading.text('ended_at') === '' && reading.text('cancel_requested_at') === '')
    reading.wrong('end_reason', 'is given without ended_at: write when it ended, or leave the reason out');
  return readChoice(reading, 'end_reason', ['voluntary', 'involuntary'], null);
}

/** `2024-03-01:12.50;2025-03-01:15.00` */
function readAmountChanges(
  reading: Reading,
  currency: Currency | null,
  startedAt: Date | null,
): ImportedMembership['amountChanges'] {
  const column = 'amount_changes';
  const parts = reading
    .text(column)
    .split(';')
    .map((part) => part.trim());
  const changes = parts.flatMap((part) => {
    if (part === '' || currency === null) return [];
    const colon = part.indexOf(':');
    const day = part.slice(0, colon).trim();
    const from = colon > 0 && isDate(day) ? reading.moment(day) : null;
    if (from === null) {
      reading.wrong(column, `"${part}" is no change: write a day and an amount, as in 2024-03-01:12.50`);
      return [];
    }
    const amountMinor = readMajor(part.slice(colon + 1).trim(), currency);
    if (typeof amountMinor !== 'bigint') {
      reading.wrong(column, `the amount from ${day} ${amountMinor.wrong}`);
      return [];
    }
    if (amountMinor === 0n)
      reading.wrong(column, `the amount from ${day} is zero: use paused_at or ended_at for what stopped`);
    // It holds from that local day on, and the membership may have begun later on that day.
    if (startedAt !== null && startedAt.getTime() - from.getTime() >= 86_400_000)
      reading.wrong(column, `the change of ${day} lies before started_at`);
    return [{ from, amountMinor }];
  });
  if (new Set(changes.map(({ from }) => from.getTime())).size < changes.length)
    reading.wrong(column, 'names a day twice: one amount holds from a day on');
  return changes.toSorted((one, other) => one.from.getTime() - other.from.getTime());
}
