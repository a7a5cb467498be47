// A row about a gift: the columns of the import format, read into what the ledger keeps.
import type { ImportedGift } from '../../ledger/imported.ts';
import { frequencies } from '../../values/money.ts';
import { readPerson } from './person.ts';
import {
  type Reading,
  readAmount,
  readChoice,
  readCurrency,
  readExternalId,
  readMoment,
  readPositive,
  readRequiredMoment,
  readShort,
} from './record.ts';

/** Those of the import format, in its order. */
export const giftColumns = [
  'external_id',
  'email',
  'name',
  'happened_at',
  'amount',
  'currency',
  'kind',
  'membership_external_id',
  'fee',
  'refunded_amount',
  'refunded_at',
  'status',
  'campaign',
  'article',
  'country',
] as const;

/** What `export` writes besides, so that nothing is lost on the way back. */
export const moreGiftColumns = ['fees_covered', 'component', 'referrer', 'method', 'reader_id'] as const;

/** Null where something is wrong with it, which the reading has then been told. */
export function readGift(reading: Reading): ImportedGift | null {
  const externalId = readExternalId(reading);
  const person = readPerson(reading);
  const happenedAt = readRequiredMoment(reading, 'happened_at');
  const currency = readCurrency(reading);
  const amountMinor = readPositive(reading, 'amount', currency);
  const membershipExternalId = readShort(reading, 'membership_external_id', 200);
  const kind = readChoice(reading, 'kind', frequencies, membershipExternalId === null ? 'once' : null);
  if (kind === 'once' && membershipExternalId !== null)
    reading.wrong('kind', 'is once, and the gift belongs to a membership: write month or year');
  const status = readChoice(reading, 'status', ['succeeded', 'failed', 'pending'], 'succeeded');
  const feeMinor = readAmount(reading, 'fee', currency);
  const feesCoveredMinor = readAmount(reading, 'fees_covered', currency) ?? 0n;
  if (amountMinor !== null && feesCoveredMinor > amountMinor)
    reading.wrong('fees_covered', 'is more than the amount, of which it is a part');
  const refund = readRefund(reading, { amountMinor, happenedAt, currency, status });
  const country = readShort(reading, 'country', 100)?.toUpperCase() ?? null;
  if (country !== null && !/^[A-Z]{2}$/.test(country))
    reading.wrong('country', 'is no country: write its two letters, as in DE');
  const campaign = readShort(reading, 'campaign', 100);
  const article = readShort(reading, 'article', 500);
  const component = readShort(reading, 'component', 50);
  const referrer = readShort(reading, 'referrer', 200);
  const method = readShort(reading, 'method', 50);
  if (!person || !happenedAt || !currency || amountMinor === null || !kind || !status) return null;
  return {
    externalId,
    person,
    happenedAt,
    amountMinor,
    currency,
    kind,
    membershipExternalId,
    feeMinor,
    feesCoveredMinor,
    refund,
    status,
    campaign,
    article,
    component,
    referrer,
    method,
    country,
  };
}

function readRefund(
  reading: Reading,
  gift: Pick<
    { [K in keyof ImportedGift]: ImportedGift[K] | null },
    'amountMinor' | 'happenedAt' | 'currency' | 'status'
  >,
): ImportedGift['refund'] {
  const amountMinor = readAmount(reading, 'refunded_amount', gift.currency);
  const happenedAt = readMoment(reading, 'refunded_at');
  // Many systems write nought where nothing was refunded.
  if (amountMinor === null || amountMinor === 0n) {
    if (happenedAt !== null && reading.text('refunded_amount') === '')
      reading.wrong('refunded_amount', 'is empty, and refunded_at is not: write how much was refunded');
    return null;
  }
  if (gift.status !== 'succeeded')
    reading.wrong(
      'refunded_amount',
      `is given, and the gift is ${gift.status}: only what was received can be refunded`,
    );
  if (gift.amountMinor !== null && amountMinor > gift.amountMinor)
    reading.wrong('refunded_amount', 'is more than the amount: no more can be refunded than was given');
  if (happenedAt === null) {
    if (reading.text('refunded_at') === '')
      reading.wrong('refunded_at', 'is empty: write when the refund was made, in whose period it counts');
    return null;
  }
  // A day without a time is its midnight, which may lie before the gift of the same day.
  if (gift.happenedAt !== null && gift.happenedAt.getTime() - happenedAt.getTime() >= 86_400_000)
    reading.wrong('refunded_at', 'lies before the gift: nothing is refunded before it is given');
  return { amountMinor, happenedAt };
}
