// Samples: one of every letter and of its variants, for whoever looks at them all; their facts are examples and no one's.
import { classOf, isStaffKind, type LetterFacts, type LetterKind, type MoneyFacts } from './outbox.ts';
import type { RenderedRow } from './render.ts';

const id = (n: number) => `01930000-0000-7000-8000-0000000000${String(n).padStart(2, '0')}`;
const money: MoneyFacts = { amountMinor: '545', currency: 'USD' };

/** Facts by what the sample shows; the kind stands before the first colon. */
export const samples = {
  'thank-you': {
    ...money,
    paymentId: id(1),
    paidAt: '2027-02-24T09:00:00Z',
    kind: 'month',
    feesCoveredMinor: '45',
    membershipId: id(2),
    nextAt: '2027-03-24T09:00:00Z',
  },
  'thank-you:once': {
    amountMinor: '250000',
    currency: 'JPY',
    paymentId: id(1),
    paidAt: '2027-02-24T09:00:00Z',
    kind: 'once',
    feesCoveredMinor: '0',
    membershipId: null,
  },
  'renewal-receipt': {
    ...money,
    paymentId: id(1),
    paidAt: '2027-02-24T09:00:00Z',
    kind: 'year',
    membershipId: id(2),
  },
  'payment-failed': {
    ...money,
    membershipId: id(2),
    kind: 'month',
    failedAt: '2027-02-24T09:00:00Z',
    nextAttemptAt: '2027-02-27T09:00:00Z',
  },
  'payment-failed:last': {
    ...money,
    membershipId: id(2),
    kind: 'year',
    failedAt: '2027-02-24T09:00:00Z',
    nextAttemptAt: null,
  },
  'action-required': { ...money, membershipId: id(2), kind: 'month', attempt: 1 },
  'action-required:yearly': { ...money, membershipId: id(2), kind: 'year', attempt: 2 },
  recovered: {
    ...money,
    paymentId: id(1),
    paidAt: '2027-02-24T09:00:00Z',
    kind: 'month',
    membershipId: id(2),
    nextAt: '2027-03-20T09:00:00Z',
  },
  'card-expiring': { ...money, membershipId: id(2), kind: 'year', expiresOn: '2027-03-31' },
  'renewal-ahead': { ...money, membershipId: id(2), renewsAt: '2027-03-24T09:00:00Z' },
  'card-changed': { membershipId: id(2), changedAt: '2027-02-24T09:00:00Z' },
  'amount-changed': {
    ...money,
    membershipId: id(2),
    kind: 'month',
    beforeMinor: '300',
    nextAt: '2027-03-24T09:00:00Z',
  },
  'second-gift': {
    ...money,
    secondGiftId: id(6),
    kind: 'month',
    newer: { amountMinor: '9000', currency: 'EUR', kind: 'year', begunAt: '2027-02-24T08:00:00Z' },
    keeps: 'newer',
    over: false,
    endsAt: '2027-03-10T09:00:00Z',
    rests: false,
    sentBackMinor: null,
  },
  'second-gift:over': {
    ...money,
    secondGiftId: id(6),
    kind: 'year',
    newer: { amountMinor: '900', currency: 'EUR', kind: 'month', begunAt: '2027-02-24T08:00:00Z' },
    keeps: 'newer',
    over: true,
    endsAt: '2027-02-24T08:00:10Z',
    rests: false,
    sentBackMinor: '545',
  },
  'second-gift:paid-otherwise': {
    ...money,
    secondGiftId: id(6),
    kind: 'month',
    newer: { amountMinor: '900', currency: 'EUR', kind: 'month', begunAt: '2027-02-24T08:00:00Z' },
    keeps: 'older',
    over: false,
    endsAt: '2027-03-24T08:00:00Z',
    rests: true,
    sentBackMinor: null,
  },
  paused: { ...money, membershipId: id(2), kind: 'month', resumesAt: '2027-05-24T09:00:00Z' },
  'paused:without-end': { ...money, membershipId: id(2), kind: 'year', resumesAt: null },
  'debit-failed': {
    amountMinor: '2500',
    currency: 'EUR',
    checkoutId: id(7),
    kind: 'once',
    failedAt: '2027-02-23T09:00:00Z',
  },
  'debit-failed:monthly': {
    amountMinor: '500',
    currency: 'EUR',
    checkoutId: id(7),
    kind: 'month',
    failedAt: '2027-02-23T09:00:00Z',
  },
  'annual-statement': {
    year: 2026,
    gifts: 4,
    days: [
      { on: '2026-03-01', amountMinor: '500', currency: 'USD' },
      { on: '2026-04-01', amountMinor: '500', currency: 'USD' },
      { on: '2026-10-12', amountMinor: '2000', currency: 'EUR' },
      { on: '2026-12-24', amountMinor: '5000', currency: 'USD' },
    ],
    totals: [
      { currency: 'EUR', amountMinor: '2000', sentBackMinor: '0' },
      { currency: 'USD', amountMinor: '6000', sentBackMinor: '500' },
    ],
  },
  'annual-statement:by-month': {
    year: 2026,
    gifts: 365,
    days: Array.from({ length: 365 }, (_, at) => ({
      on: new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10),
      amountMinor: '200',
      currency: 'USD',
    })),
    totals: [{ currency: 'USD', amountMinor: '73000', sentBackMinor: '0' }],
  },
  'gift-ending': { ...money, membershipId: id(2), kind: 'month', endsAt: '2027-03-24T09:00:00Z' },
  'gift-ending:at-once': { ...money, membershipId: id(2), kind: 'month', endsAt: '2027-02-24T08:59:00Z' },
  'gift-lost': { ...money, membershipId: id(2), kind: 'month', endedAt: '2027-02-24T09:00:00Z' },
  refunded: { ...money, paymentId: id(1), refundedAt: '2027-02-24T09:00:00Z', whole: true },
  'refunded:part': { ...money, paymentId: id(1), refundedAt: '2027-02-24T09:00:00Z', whole: false },
  'sign-in': { signInId: id(8) },
  'staff-invitation': {},
  'report-summary': {
    every: 'week',
    firstOn: '2027-02-15',
    lastOn: '2027-02-21',
    currency: 'EUR',
    gross: { minor: '1284050', before: '1140300' },
    net: { minor: '1209912', before: '1084411' },
    promised: {
      startMinor: '2415000',
      endMinor: '2437550',
      moves: [
        { by: 'new', minor: '31050' },
        { by: 'expansion', minor: '2500' },
        { by: 'churn_voluntary', minor: '-8000' },
        { by: 'churn_involuntary', minor: '-3000' },
      ],
      unconverted: [],
    },
    people: { new: 41, returned: 3, lost: 17, atEnd: 3216 },
    reminders: { asked: 58, confirmed: 44, gave: 2 },
    unconverted: [{ amountMinor: '1200', currency: 'KZT' }],
    needs: {
      disputes: { count: 1, firstBy: '2027-03-04T23:59:59Z' },
      deadEvents: 0,
      overdue: { people: 12, minor: '9450' },
      pauses: [{ reason: 'policy', provider: 'example.com' }],
    },
  },
  'report-summary:monthly': {
    every: 'month',
    firstOn: '2027-01-01',
    lastOn: '2027-01-31',
    currency: 'USD',
    gross: { minor: '0', before: '250000' },
    net: { minor: '-1500', before: '238210' },
    promised: { startMinor: '50000', endMinor: '50000', moves: [], unconverted: [] },
    people: { new: 0, returned: 0, lost: 0, atEnd: 61 },
    reminders: { asked: 0, confirmed: 0, gave: 0 },
    unconverted: [],
    needs: { disputes: null, deadEvents: 0, overdue: { people: 0, minor: '0' }, pauses: [] },
  },
  'reminder-confirmation': { reminderId: id(3), sendOn: '2027-03-24' },
  reminder: { reminderId: id(3), askedOn: '2027-01-24', again: false, mayRepeat: true },
  'reminder:again': { reminderId: id(3), askedOn: '2027-01-24', again: true, mayRepeat: false },
} as const satisfies { [K in LetterKind as K | `${K}:${string}`]?: LetterFacts[K] };

export type Sample = keyof typeof samples;

export const sampleNames = Object.keys(samples) as Sample[];

export function kindOf(sample: Sample): LetterKind {
  return (sample.split(':')[0] ?? '') as LetterKind;
}

/** A sample as its row would be. */
export function sampleRow(sample: Sample, locale: string): RenderedRow {
  const kind = kindOf(sample);
  const staffs = isStaffKind(kind);
  return {
    kind,
    class: classOf[kind],
    readerId: staffs ? null : id(4),
    staffId: staffs ? id(5) : null,
    reminderId: id(3),
    locale,
    facts: { ...samples[sample] },
    messageId: `<${id(9)}@example.org>`,
    createdAt: new Date('2027-02-24T09:00:00Z'),
  };
}
