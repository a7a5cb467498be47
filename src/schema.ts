// Everything the service remembers: one table after another, each naming the only folder that writes it.
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
const minor = (name: string) => bigint(name, { mode: 'bigint' });
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });
const currencyCode = (name: string) => text(name);

/** What every claimed row carries: due in business time, leased in the machine's time, fenced by a counter. */
const claimed = () => ({
  dueAt: instant('due_at').notNull(),
  attempts: integer('attempts').notNull().default(0),
  leasedUntil: instant('leased_until'),
  fence: bigint('fence', { mode: 'number' }).notNull().default(0),
  problem: text('problem'),
});

/** Where a gift or a reminder came from, as captured at the ask. */
const source = () => ({
  article: text('article'),
  campaign: text('campaign'),
  component: text('component'),
  referrer: text('referrer'),
});

/** Writer: outside/keys. The look-up key for addresses: random, made once, wrapped under APP_KEYS. */
export const wrappedKeys = pgTable('wrapped_keys', {
  purpose: text('purpose').primaryKey(),
  wrapped: bytes('wrapped').notNull(),
  createdAt: instant('created_at').notNull(),
});

/** Writer: ledger/reader. The only table with an address or a name, sealed; forgetting a reader is one act here. */
export const readers = pgTable(
  'readers',
  {
    id: uuid('id').primaryKey(),
    addressHash: bytes('address_hash').unique(),
    addressSealed: bytes('address_sealed'),
    nameSealed: bytes('name_sealed'),
    locale: text('locale').notNull(),
    /** The reader asked that letters name neither us nor the publication from the outside. */
    discreet: boolean('discreet').notNull().default(false),
    createdAt: instant('created_at').notNull(),
    erasedAt: instant('erased_at'),
    /**
     * The keyed hash of an address that was kept only for a reminder, for 30 days after it went: what a mail provider or a late
     * click still says of it finds the address. Looked up by nobody who asks anew.
     */
    formerHash: bytes('former_hash'),
  },
  (t) => [index('readers_with_former_hash').on(t.erasedAt).where(sql`former_hash is not null`)],
);

/** Writer: ledger/reader. A reader may be several customers at Stripe: every checkout may make one. */
export const customers = pgTable(
  'customers',
  {
    stripeCustomerId: text('stripe_customer_id').primaryKey(),
    readerId: uuid('reader_id')
      .notNull()
      .references(() => readers.id),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [index('customers_by_reader').on(t.readerId)],
);

/** Writer: ledger/checkout. What a reader meant to give; an intent, never money. */
export const checkouts = pgTable(
  'checkouts',
  {
    id: uuid('id').primaryKey(),
    state: text('state', { enum: ['begun', 'open', 'completed', 'expired', 'abandoned'] }).notNull(),
    frequency: text('frequency', { enum: ['once', 'month', 'year'] }).notNull(),
    amountMinor: minor('amount_minor').notNull(),
    feesCoveredMinor: minor('fees_covered_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    locale: text('locale').notNull(),
    ...source(),
    reminderId: uuid('reminder_id'),
    /** Its reader was known, was shown the gift that runs already, and said that they mean both. */
    besides: boolean('besides').notNull().default(false),
    stripeSessionId: text('stripe_session_id').unique(),
    readerId: uuid('reader_id').references(() => readers.id),
    createdAt: instant('created_at').notNull(),
    completedAt: instant('completed_at'),
    outcomeAt: instant('outcome_at'),
    asyncFailed: boolean('async_failed').notNull().default(false),
  },
  (t) => [
    check('checkout_amount_positive', sql`${t.amountMinor} > 0 and ${t.feesCoveredMinor} >= 0`),
    check('checkout_currency_code', sql`${t.currency} ~ '^[A-Z]{3}$'`),
    index('checkouts_by_state').on(t.state, t.createdAt),
    index('checkouts_by_reminder').on(t.reminderId),
  ],
);

/** Writer: ledger/membership. A promise: the newest look at one subscription of ours. */
export const memberships = pgTable(
  'memberships',
  {
    id: uuid('id').primaryKey(),
    /** Null for the moment in which only the subscription is known: whose it is comes with its session, invoice or by asking. */
    readerId: uuid('reader_id').references(() => readers.id),
    checkoutId: uuid('checkout_id').references(() => checkouts.id),
    /** Both null of a promise that another system kept (`externalId`): there is nothing of it at Stripe. */
    stripeSubscriptionId: text('stripe_subscription_id').unique(),
    stripeCustomerId: text('stripe_customer_id'),
    /** Its name in the file it was imported from; such a row is written by ledger/imported alone. */
    externalId: text('external_id'),
    standing: text('standing', {
      enum: ['incomplete', 'active', 'past_due', 'paused', 'unpaid', 'ended'],
    }).notNull(),
    amountMinor: minor('amount_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    interval: text('interval', { enum: ['month', 'year'] }).notNull(),
    startedAt: instant('started_at').notNull(),
    periodEndsAt: instant('period_ends_at').notNull(),
    endsAt: instant('ends_at'),
    endedAt: instant('ended_at'),
    endReason: text('end_reason', { enum: ['voluntary', 'involuntary'] }),
    lookedAt: instant('looked_at').notNull(),
    ...source(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [
    check('membership_amount_positive', sql`${t.amountMinor} >= 0`),
    check('membership_currency_code', sql`${t.currency} ~ '^[A-Z]{3}$'`),
    check(
      'membership_known_somewhere',
      sql`num_nonnulls(${t.stripeSubscriptionId}, ${t.externalId}) = 1 and num_nonnulls(${t.stripeCustomerId}, ${t.externalId}) = 1`,
    ),
    uniqueIndex('memberships_by_external_id').on(t.externalId).where(sql`external_id is not null`),
    index('memberships_by_reader').on(t.readerId),
    index('memberships_by_customer').on(t.stripeCustomerId),
    index('memberships_by_standing').on(t.standing),
  ],
);

/** Writer: ledger/membership. The subscription as it was at a moment, told by an event or by asking; insert-only but for what is provisional. */
export const membershipLooks = pgTable(
  'membership_looks',
  {
    id: uuid('id').primaryKey(),
    membershipId: uuid('membership_id')
      .notNull()
      .references(() => memberships.id),
    lookedAt: instant('looked_at').notNull(),
    /** Within one second: created 0, updated 1, asked 2, deleted 3. */
    rank: integer('rank').notNull(),
    /** Digest of the facts below, so that one change told twice is one look. */
    digest: text('digest').notNull(),
    /** Digest of the facts this look replaced, where the event says so: orders looks within a second. */
    replaced: text('replaced'),
    /** An answer that stands in for what is not told yet: it goes once what was told decides. */
    provisional: boolean('provisional').notNull().default(false),
    standing: text('standing').notNull(),
    amountMinor: minor('amount_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    interval: text('interval').notNull(),
    startedAt: instant('started_at').notNull(),
    periodEndsAt: instant('period_ends_at').notNull(),
    cancelRequestedAt: instant('cancel_requested_at'),
    endsAt: instant('ends_at'),
    endedAt: instant('ended_at'),
    endReason: text('end_reason'),
  },
  (t) => [
    unique('one_look_per_moment')
      .on(t.membershipId, t.lookedAt, t.rank, t.digest, t.replaced)
      .nullsNotDistinct(),
    index('membership_looks_by_request').on(t.cancelRequestedAt).where(sql`cancel_requested_at is not null`),
  ],
);

/**
 * Writer: ledger/second-gift. A reader began a regular gift while an older one ran: what is to become of the older one at
 * Stripe, and what the reader chose.
 */
export const secondGifts = pgTable(
  'second_gifts',
  {
    id: uuid('id').primaryKey(),
    readerId: uuid('reader_id')
      .notNull()
      .references(() => readers.id),
    olderId: uuid('older_id')
      .notNull()
      .references(() => memberships.id),
    newerId: uuid('newer_id')
      .notNull()
      .references(() => memberships.id),
    /** Waiting: Stripe has still to be asked. Settled: Stripe does what is kept here. Overtaken: one of the two ended otherwise. */
    state: text('state', { enum: ['waiting', 'settled', 'overtaken'] }).notNull(),
    /** Which gifts go on: by the rule from `decidedAt` on, until the reader says otherwise. */
    keeps: text('keeps', { enum: ['newer', 'older', 'both'] })
      .notNull()
      .default('newer'),
    /** When the rule was applied: it asks Stripe how the two are paid for, once. */
    decidedAt: instant('decided_at'),
    /** When the reader first chose: an ending asked for before was ours, one asked for later is theirs. */
    chosenAt: instant('chosen_at'),
    createdAt: instant('created_at').notNull(),
    ...claimed(),
  },
  (t) => [
    unique('one_pair_of_gifts').on(t.olderId, t.newerId),
    index('second_gifts_waiting').on(t.dueAt).where(sql`state = 'waiting'`),
    index('second_gifts_by_newer').on(t.newerId),
  ],
);

/** Writer: ledger/movement. Folded anew from a supporter's looks whenever one of them changes. */
export const membershipChanges = pgTable(
  'membership_changes',
  {
    readerId: uuid('reader_id')
      .notNull()
      .references(() => readers.id),
    currency: currencyCode('currency').notNull(),
    happenedAt: instant('happened_at').notNull(),
    movement: text('movement', {
      enum: [
        'new',
        'reactivation',
        'expansion',
        'contraction',
        'churn_voluntary',
        'churn_involuntary',
        'paused',
        'resumed',
      ],
    }).notNull(),
    /**
     * Monthly value in minor units, to twelve decimals: a twelfth of a yearly amount is not an integer.
     * Every true sum is a multiple of a twelfth, so round(round(sum(mrr_delta), 6)) is exact for billions of rows.
     */
    mrrDelta: numeric('mrr_delta', { precision: 30, scale: 12 }).notNull(),
    /** How many running plans of this reader in this currency count after this instant. */
    members: integer('members').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.readerId, t.currency, t.happenedAt, t.movement] }),
    index('membership_changes_by_moment').on(t.happenedAt),
  ],
);

/** Writer: ledger/payment. Money received; insert-only but for what settlement fills in once. */
export const payments = pgTable(
  'payments',
  {
    id: uuid('id').primaryKey(),
    readerId: uuid('reader_id')
      .notNull()
      .references(() => readers.id),
    membershipId: uuid('membership_id').references(() => memberships.id),
    checkoutId: uuid('checkout_id').references(() => checkouts.id),
    kind: text('kind', { enum: ['once', 'month', 'year'] }).notNull(),
    stripeSubscriptionId: text('stripe_subscription_id'),
    stripeInvoiceId: text('stripe_invoice_id').unique(),
    stripePaymentIntentId: text('stripe_payment_intent_id').unique(),
    stripeChargeId: text('stripe_charge_id').unique(),
    /** Its name in the file it was imported from; such a row is written by ledger/imported alone, and counts as settled. */
    externalId: text('external_id'),
    amountMinor: minor('amount_minor').notNull(),
    feesCoveredMinor: minor('fees_covered_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    paidAt: instant('paid_at').notNull(),
    method: text('method'),
    country: text('country'),
    ...source(),
    reminderId: uuid('reminder_id'),
    /** Filled once from the balance transaction. */
    feeMinor: minor('fee_minor'),
    settledAmountMinor: minor('settled_amount_minor'),
    settledFeeMinor: minor('settled_fee_minor'),
    settledNetMinor: minor('settled_net_minor'),
    settledCurrency: currencyCode('settled_currency'),
    exchangeRate: numeric('exchange_rate'),
    settledAt: instant('settled_at'),
    settleDueAt: instant('settle_due_at').notNull(),
    settleAttempts: integer('settle_attempts').notNull().default(0),
  },
  (t) => [
    check('payment_amount_positive', sql`${t.amountMinor} > 0 and ${t.feesCoveredMinor} >= 0`),
    check('payment_currency_code', sql`${t.currency} ~ '^[A-Z]{3}$'`),
    check(
      'payment_known_somewhere',
      sql`(num_nonnulls(${t.stripeInvoiceId}, ${t.stripePaymentIntentId}) >= 1) <> (${t.externalId} is not null)`,
    ),
    uniqueIndex('payments_by_external_id').on(t.externalId).where(sql`external_id is not null`),
    index('payments_by_reader').on(t.readerId, t.paidAt),
    index('payments_by_moment').on(t.paidAt),
    index('payments_by_membership').on(t.membershipId, t.paidAt),
    index('payments_by_reminder').on(t.reminderId),
    index('payments_by_campaign').on(t.campaign, t.paidAt).where(sql`campaign is not null`),
    index('payments_by_subscription').on(t.stripeSubscriptionId),
    index('payments_to_settle').on(t.settleDueAt).where(sql`settled_at is null`),
  ],
);

/** Writer: ledger/payment. Which payment intent paid which invoice: neither object names the other. Insert-only. */
export const invoicePayments = pgTable(
  'invoice_payments',
  {
    stripePaymentIntentId: text('stripe_payment_intent_id').primaryKey(),
    stripeInvoiceId: text('stripe_invoice_id').notNull(),
  },
  (t) => [index('invoice_payments_by_invoice').on(t.stripeInvoiceId)],
);

/** Writer: ledger/adjustment. What later changed a payment: a refund, a refund that failed, a dispute's steps. Insert-only. */
export const adjustments = pgTable(
  'adjustments',
  {
    id: uuid('id').primaryKey(),
    paymentId: uuid('payment_id')
      .notNull()
      .references(() => payments.id),
    kind: text('kind', {
      enum: ['refund', 'refund_failed', 'dispute_withdrawn', 'dispute_reinstated'],
    }).notNull(),
    /** The refund's or dispute's id at Stripe; unique together with the kind and the number of the step. */
    stripeId: text('stripe_id'),
    /** Counted from 1: a dispute that was won may take its money once more. */
    part: integer('part').notNull().default(1),
    /** The imported gift it belongs to; such a row is written by ledger/imported alone, and counts as settled. */
    externalId: text('external_id'),
    /** Always positive; the kind says which way the money went. */
    amountMinor: minor('amount_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    happenedAt: instant('happened_at').notNull(),
    feeMinor: minor('fee_minor'),
    settledAmountMinor: minor('settled_amount_minor'),
    settledFeeMinor: minor('settled_fee_minor'),
    settledCurrency: currencyCode('settled_currency'),
    settledAt: instant('settled_at'),
    settleDueAt: instant('settle_due_at').notNull(),
    settleAttempts: integer('settle_attempts').notNull().default(0),
  },
  (t) => [
    index('adjustments_to_settle').on(t.settleDueAt).where(sql`settled_at is null`),
    unique('one_step_per_object').on(t.stripeId, t.kind, t.part),
    check('adjustment_amount_positive', sql`${t.amountMinor} > 0`),
    check('adjustment_known_somewhere', sql`num_nonnulls(${t.stripeId}, ${t.externalId}) = 1`),
    uniqueIndex('one_imported_step').on(t.externalId, t.kind).where(sql`external_id is not null`),
    index('adjustments_by_payment').on(t.paymentId),
    index('adjustments_by_moment').on(t.happenedAt),
  ],
);

/** Writer: ledger/dispute. How each dispute stands, as told last; the money it moved is in adjustments. */
export const disputes = pgTable(
  'disputes',
  {
    id: uuid('id').primaryKey(),
    paymentId: uuid('payment_id')
      .notNull()
      .references(() => payments.id),
    stripeDisputeId: text('stripe_dispute_id').notNull().unique(),
    /** In Stripe's words. */
    status: text('status').notNull(),
    reason: text('reason').notNull(),
    amountMinor: minor('amount_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    openedAt: instant('opened_at').notNull(),
    answerBy: instant('answer_by'),
    answered: boolean('answered').notNull(),
    /** How far in a dispute's life: orders what is told within one second. */
    step: integer('step').notNull(),
    toldAt: instant('told_at').notNull(),
  },
  (t) => [index('disputes_by_payment').on(t.paymentId), index('disputes_to_answer').on(t.answerBy)],
);

/** Writer: ledger/fraud-warning. Payments that a bank reported as fraud before anybody contested them, as told last. */
export const fraudWarnings = pgTable(
  'fraud_warnings',
  {
    id: uuid('id').primaryKey(),
    paymentId: uuid('payment_id')
      .notNull()
      .references(() => payments.id),
    stripeWarningId: text('stripe_warning_id').notNull().unique(),
    /** In Stripe's words. */
    fraudType: text('fraud_type').notNull(),
    /** False once the payment was contested or given back: then there is nothing left to prevent. */
    actionable: boolean('actionable').notNull(),
    warnedAt: instant('warned_at').notNull(),
    toldAt: instant('told_at').notNull(),
  },
  (t) => [
    index('fraud_warnings_by_payment').on(t.paymentId),
    index('fraud_warnings_to_weigh').on(t.warnedAt).where(sql`actionable`),
  ],
);

/** Writer: ledger/decline. Attempts at new gifts that a card's bank declined; swept after a week. */
export const declines = pgTable(
  'declines',
  {
    stripePaymentIntentId: text('stripe_payment_intent_id').notNull(),
    declinedAt: instant('declined_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.stripePaymentIntentId, t.declinedAt] }),
    index('declines_by_moment').on(t.declinedAt),
  ],
);

/** Writer: ledger/decline. Ten minutes in which so many cards were declined that somebody may have been testing them. */
export const declineBursts = pgTable('decline_bursts', {
  /** The first of the ten minutes. */
  beganAt: instant('began_at').primaryKey(),
  declined: integer('declined').notNull(),
  /** New gifts that came in meanwhile. */
  given: integer('given').notNull(),
});

/** Writer: ledger/payment-failure. Every attempt at a membership's invoice that did not bring money. Insert-only. */
export const paymentFailures = pgTable(
  'payment_failures',
  {
    id: uuid('id').primaryKey(),
    membershipId: uuid('membership_id')
      .notNull()
      .references(() => memberships.id),
    stripeInvoiceId: text('stripe_invoice_id'),
    /** Its name in the file it was imported from; such a row is written by ledger/imported alone. */
    externalId: text('external_id'),
    /** Imported: the payment that brought this bill's money after all. At Stripe it is the one of the same invoice. */
    collectedBy: uuid('collected_by').references(() => payments.id),
    attempt: integer('attempt').notNull(),
    amountMinor: minor('amount_minor').notNull(),
    currency: currencyCode('currency').notNull(),
    failedAt: instant('failed_at').notNull(),
  },
  (t) => [
    unique('one_failure_per_attempt').on(t.stripeInvoiceId, t.attempt),
    check('failure_known_somewhere', sql`num_nonnulls(${t.stripeInvoiceId}, ${t.externalId}) = 1`),
    uniqueIndex('payment_failures_by_external_id').on(t.externalId).where(sql`external_id is not null`),
    index('imported_failures').on(t.membershipId).where(sql`external_id is not null`),
    index('payment_failures_by_membership').on(t.membershipId),
    index('payment_failures_by_payment').on(t.collectedBy).where(sql`collected_by is not null`),
    index('payment_failures_by_moment').on(t.failedAt),
  ],
);

/**
 * Writer: ledger/imported. Every row that was ever read in from another system, so that one read again is told from one that has
 * changed; also of a gift that left nothing else, since it is pending.
 */
export const importedRows = pgTable(
  'imported_rows',
  {
    kind: text('kind', { enum: ['gift', 'membership'] }).notNull(),
    externalId: text('external_id').notNull(),
    /** Keyed, since what it says of includes an address. */
    digest: bytes('digest').notNull(),
    importedAt: instant('imported_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.externalId] })],
);

/**
 * Writer: reports/prepared-fold empties it; the database itself fills it, by triggers on the tables of facts and in the transaction that
 * changes a fact. Whose facts changed since the kept sums were last brought up to date, and what each fact was before.
 */
export const changedFacts = pgTable('changed_facts', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  readerId: uuid('reader_id').notNull(),
  /** The table, and the row's key in it. */
  source: text('source').notNull(),
  rowKey: text('row_key').notNull(),
  /** The row as it was; null where there was none. */
  before: jsonb('before'),
});

/** Writer: reports/prepared-fold. For which reckoning sums are kept: one row, or none before they were first counted. */
export const keptBooks = pgTable('kept_books', {
  timeZone: text('time_zone').notNull(),
  reportingCurrency: currencyCode('reporting_currency').notNull(),
  /** A month's number. */
  fiscalYearStart: integer('fiscal_year_start').notNull(),
  countedAt: instant('counted_at').notNull(),
});

/** Writer: reports/prepared-fold. When each local day begins that a sum may be kept for, without holes. */
export const keptDays = pgTable('kept_days', {
  onDay: date('on_day', { mode: 'string' }).primaryKey(),
  startsAt: instant('starts_at').notNull(),
});

const keptDay = () => ({
  /** In each currency by itself, or all in the reporting currency. */
  mode: text('mode', { enum: ['own', 'reporting'] }).notNull(),
  grain: text('grain', { enum: ['day', 'month'] }).notNull(),
  /** The first local day. */
  onDay: date('on_day', { mode: 'string' }).notNull(),
});

/** Writer: reports/prepared-fold. Money moved, summed by local day and month over all supporters; see reports/moved. */
export const keptMoney = pgTable(
  'kept_money',
  {
    ...keptDay(),
    currency: currencyCode('currency').notNull(),
    /** Of money that no exchange rate is known for. */
    ownCurrency: currencyCode('own_currency'),
    kind: text('kind').notNull(),
    facts: minor('facts').notNull(),
    payments: minor('payments').notNull(),
    ownMinor: numeric('own_minor').notNull(),
    gross: numeric('gross').notNull(),
    feesCovered: numeric('fees_covered').notNull(),
    refunds: numeric('refunds').notNull(),
    disputes: numeric('disputes').notNull(),
    fees: numeric('fees').notNull(),
    firstGifts: minor('first_gifts').notNull(),
    firstGiftsOfAll: minor('first_gifts_of_all').notNull(),
  },
  (t) => [
    unique('one_sum_of_money')
      .on(t.mode, t.grain, t.onDay, t.currency, t.kind, t.ownCurrency)
      .nullsNotDistinct(),
  ],
);

/** Writer: reports/prepared-fold. What moved the promised income, summed by local day and month over all supporters; see reports/promised. */
export const keptPromises = pgTable(
  'kept_promises',
  {
    ...keptDay(),
    currency: currencyCode('currency').notNull(),
    /**
     * As in the report's statement; also what only the sums tell: 'standing' (a supporter has promised income in any currency),
     * 'unrated', 'left' and 'asked', and from 'due_month' on what running plans bring next. See reports/prepared-promises.
     */
    movement: text('movement'),
    /** Of who left or asked to: they count where a range begins after this day. */
    sinceOn: date('since_on', { mode: 'string' }),
    facts: minor('facts').notNull(),
    delta: numeric('delta').notNull(),
    membersDelta: numeric('members_delta').notNull(),
    supportersDelta: numeric('supporters_delta').notNull(),
    endingDelta: numeric('ending_delta').notNull(),
    pausedDelta: numeric('paused_delta').notNull(),
    overdueDelta: numeric('overdue_delta').notNull(),
    people: minor('people').notNull(),
  },
  (t) => [
    unique('one_sum_of_promises')
      .on(t.mode, t.grain, t.sinceOn, t.onDay, t.currency, t.movement)
      .nullsNotDistinct(),
    index('kept_promises_of_leavers').on(t.mode, t.grain, t.onDay).where(sql`since_on is not null`),
  ],
);

/**
 * Writer: reports/prepared-fold. Regular payments attempted, summed by the local day and month of their first attempt; see
 * reports/attempts.
 */
export const keptAttempts = pgTable(
  'kept_attempts',
  {
    ...keptDay(),
    currency: currencyCode('currency').notNull(),
    /** Of money that no exchange rate is known for. */
    ownCurrency: currencyCode('own_currency'),
    /** How many hours, the last one begun, it took to collect what failed at first; null of all else. */
    hours: integer('hours'),
    facts: minor('facts').notNull(),
    ownMinor: numeric('own_minor').notNull(),
    attempted: numeric('attempted').notNull(),
    failed: numeric('failed').notNull(),
    recovered: numeric('recovered').notNull(),
  },
  (t) => [
    unique('one_sum_of_attempts')
      .on(t.mode, t.grain, t.onDay, t.currency, t.ownCurrency, t.hours)
      .nullsNotDistinct(),
  ],
);

/** Writer: reports/prepared-fold. Gifts summed by local day and month, with what became of them until now; see reports/gifts. */
export const keptGifts = pgTable(
  'kept_gifts',
  {
    ...keptDay(),
    currency: currencyCode('currency').notNull(),
    facts: minor('facts').notNull(),
    amount: numeric('amount').notNull(),
    feesCovered: numeric('fees_covered').notNull(),
    fee: numeric('fee').notNull(),
    returned: numeric('returned').notNull(),
  },
  (t) => [unique('one_sum_of_gifts').on(t.mode, t.grain, t.onDay, t.currency)],
);

/** Writer: reports/prepared-fold. Supporters in a stretch of time beside the one before it, summed; see reports/compared. */
export const keptComparisons = pgTable(
  'kept_comparisons',
  {
    mode: text('mode', { enum: ['own', 'reporting'] }).notNull(),
    /** 'month', 'year', or the name of a kept range. */
    grain: text('grain').notNull(),
    number: integer('number').notNull(),
    currency: currencyCode('currency').notNull(),
    part: text('part', {
      enum: ['new', 'recaptured', 'upgraded', 'downgraded', 'same', 'lapsed', 'unconverted'],
    }).notNull(),
    wasNew: boolean('was_new').notNull(),
    facts: minor('facts').notNull(),
    previous: numeric('previous').notNull(),
    current: numeric('current').notNull(),
  },
  (t) => [
    unique('one_sum_of_comparisons').on(t.mode, t.grain, t.number, t.currency, t.part, t.wasNew),
    index('kept_comparisons_by_grain').on(t.grain),
  ],
);

/** Writer: reports/kept-ranges. Stretches that staff ask for and no calendar has: whole ranges and their neighbours, days, weeks. */
export const keptRanges = pgTable('kept_ranges', {
  name: text('name').primaryKey(),
  /** Of stretches one after another, the first of them number 0. */
  starts: instant('starts').array().notNull(),
  ends: instant('ends').array().notNull(),
  /** Only counted ones are looked at; one that is left goes a day later with its sums. */
  state: text('state', { enum: ['waiting', 'counted', 'left'] }).notNull(),
  notedOn: date('noted_on', { mode: 'string' }).notNull(),
  /** Null for one that was foreseen and that nobody asked for. */
  askedOn: date('asked_on', { mode: 'string' }),
  leftOn: date('left_on', { mode: 'string' }),
});

/** Writer: reports/prepared-fold. Supporters by the month of their first gift, and what became of them by month; see reports/followed. */
export const keptCohorts = pgTable(
  'kept_cohorts',
  {
    mode: text('mode', { enum: ['own', 'reporting'] }).notNull(),
    cohort: date('cohort', { mode: 'string' }).notNull(),
    month: date('month', { mode: 'string' }).notNull(),
    /** Null for persons once, whatever they gave in. */
    currency: currencyCode('currency'),
    facts: minor('facts').notNull(),
    giving: minor('giving').notNull(),
    /** How many more have a promise that stands at the month's end than at the end of the month before. */
    standing: minor('standing').notNull(),
    /** Who ever promised, by the month of their first. */
    promised: minor('promised').notNull(),
  },
  (t) => [unique('one_sum_of_cohorts').on(t.mode, t.cohort, t.month, t.currency).nullsNotDistinct()],
);

/**
 * Writer: reports/prepared-fold. Supporters who gave in some fiscal year and not in the next ones: a row for each such gap, with what
 * they had given until then; see reports/gaps.
 */
export const keptGaps = pgTable(
  'kept_gaps',
  {
    mode: text('mode', { enum: ['own', 'reporting'] }).notNull(),
    currency: currencyCode('currency').notNull(),
    readerId: uuid('reader_id').notNull(),
    /** The first fiscal year without a gift, and the next one with: by the calendar years they begin in. */
    fromYear: integer('from_year').notNull(),
    untilYear: integer('until_year').notNull(),
    gifts: integer('gifts').notNull(),
    firstAt: instant('first_at').notNull(),
    lastAt: instant('last_at').notNull(),
    /** Of the year before the gap, and in all; rounded to the minor unit. */
    lastYearMinor: minor('last_year_minor').notNull(),
    lifetimeMinor: minor('lifetime_minor').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.readerId, t.mode, t.currency, t.fromYear] }),
    index('kept_gaps_by_year').on(
      t.mode,
      t.fromYear,
      t.currency,
      sql`(- last_year_minor)`,
      sql`(- lifetime_minor)`,
      t.readerId,
    ),
    index('kept_gaps_by_lifetime').on(t.mode, t.currency, sql`(- lifetime_minor)`, t.readerId),
  ],
);

/** Writer: reports/prepared-fold. The same gaps, summed by the years in which they begin and end. */
export const keptGapSums = pgTable(
  'kept_gap_sums',
  {
    mode: text('mode', { enum: ['own', 'reporting'] }).notNull(),
    /** Of those that begin in this year, or how many more there are in it than in the year before. */
    kind: text('kind', { enum: ['begun', 'more'] }).notNull(),
    year: integer('year').notNull(),
    /** Null for persons once, whatever they gave in. */
    currency: currencyCode('currency'),
    /** Of money that no exchange rate is known for. */
    ownCurrency: currencyCode('own_currency'),
    facts: minor('facts').notNull(),
    gifts: minor('gifts').notNull(),
    lastYear: numeric('last_year').notNull(),
    lifetime: numeric('lifetime').notNull(),
  },
  (t) => [unique('one_sum_of_gaps').on(t.mode, t.kind, t.year, t.currency, t.ownCurrency).nullsNotDistinct()],
);

/** Writer: stripe/receive and stripe/apply. Every event noted once; its body is sealed and kept only until it is done. */
export const stripeEvents = pgTable(
  'stripe_events',
  {
    id: text('id').primaryKey(),
    type: text('type').notNull(),
    objectId: text('object_id'),
    apiVersion: text('api_version'),
    state: text('state', { enum: ['waiting', 'done', 'ignored', 'dead'] }).notNull(),
    createdAt: instant('created_at').notNull(),
    receivedAt: instant('received_at').notNull(),
    doneAt: instant('done_at'),
    bodySealed: bytes('body_sealed'),
    ...claimed(),
  },
  (t) => [
    index('stripe_events_waiting').on(t.dueAt).where(sql`state = 'waiting'`),
    index('stripe_events_by_state').on(t.state, t.receivedAt),
  ],
);

/** Writer: stripe/reconcile. A walk through Stripe: how far it has come, so that one cut short goes on, and what it found. */
export const reconciliations = pgTable(
  'reconciliations',
  {
    id: uuid('id').primaryKey(),
    scope: text('scope').notNull(),
    since: instant('since'),
    beganAt: instant('began_at').notNull(),
    endedAt: instant('ended_at'),
    step: text('step').notNull(),
    /** The last object of the step that is done with. */
    cursor: text('cursor'),
    /** Counts and sums so far, no names; at the end with the report. */
    found: jsonb('found').$type<Record<string, unknown>>().notNull(),
    leasedUntil: instant('leased_until'),
    fence: bigint('fence', { mode: 'number' }).notNull().default(0),
  },
  (t) => [index('reconciliations_by_scope').on(t.scope, t.beganAt)],
);

export interface FormerReminder {
  state: 'unconfirmed' | 'waiting' | 'sent';
  choice: 'week' | 'month' | 'quarter' | 'half-year' | 'year' | 'date';
  timeZone: string;
  sendOn: string;
  snoozes: number;
}

/** Writer: reminders. One letter on the day the reader chose. */
export const reminders = pgTable(
  'reminders',
  {
    id: uuid('id').primaryKey(),
    readerId: uuid('reader_id').references(() => readers.id),
    state: text('state', {
      enum: ['unconfirmed', 'waiting', 'sent', 'satisfied', 'cancelled', 'replaced', 'lapsed', 'late'],
    }).notNull(),
    stage: text('stage', { enum: ['before', 'again', 'win-back'] }).notNull(),
    choice: text('choice', { enum: ['week', 'month', 'quarter', 'half-year', 'year', 'date'] }).notNull(),
    timeZone: text('time_zone').notNull(),
    locale: text('locale').notNull(),
    sendOn: date('send_on', { mode: 'string' }).notNull(),
    createdAt: instant('created_at').notNull(),
    confirmedAt: instant('confirmed_at'),
    sentAt: instant('sent_at'),
    openedAt: instant('opened_at'),
    gaveAt: instant('gave_at'),
    stoppedAt: instant('stopped_at'),
    snoozes: integer('snoozes').notNull().default(0),
    /** The reader wants sender and subject of these letters to say nothing of whom they are from. */
    discreet: boolean('discreet').notNull().default(false),
    /** How it stood before the reader's last act, so that this can be undone while the promise can still be kept. */
    former: jsonb('former').$type<FormerReminder>(),
    ...source(),
    ...claimed(),
  },
  (t) => [
    index('reminders_due').on(t.dueAt).where(sql`state = 'waiting'`),
    index('reminders_by_reader').on(t.readerId),
    index('reminders_by_state').on(t.state, t.createdAt),
    uniqueIndex('one_active_reminder').on(t.readerId).where(sql`state = 'waiting'`),
  ],
);

/** Writer: letters/outbox and letters/deliver. A letter is its kind and facts, rendered when it is sent; no address, no body. */
export const letters = pgTable(
  'letters',
  {
    id: uuid('id').primaryKey(),
    /** Kind + entity + period: what makes a repeated cause one letter. */
    key: text('key').notNull().unique(),
    kind: text('kind').notNull(),
    class: text('class', { enum: ['access', 'money', 'confirm', 'reminder'] }).notNull(),
    readerId: uuid('reader_id').references(() => readers.id),
    staffId: uuid('staff_id').references(() => staff.id),
    reminderId: uuid('reminder_id').references(() => reminders.id),
    locale: text('locale').notNull(),
    facts: jsonb('facts').$type<Record<string, unknown>>().notNull(),
    /** Made of the id, and so as unique. */
    messageId: text('message_id').notNull(),
    state: text('state', {
      enum: [
        'queued',
        'sending',
        'deferred',
        'sent',
        'refused',
        'expired',
        'suppressed',
        'cancelled',
        'ambiguous',
      ],
    }).notNull(),
    /**
     * The state it ended in; null while its turn is still to come or just now. Indexes hold this and never the state itself:
     * from its writing to its end a letter changes without touching any of them.
     */
    ended: text('ended').generatedAlwaysAs(
      sql`case when state in ('queued', 'deferred', 'sending') then null else state end`,
    ),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    sentAt: instant('sent_at'),
    /** An earlier attempt may have been taken although no answer came: a copy with the same Message-ID may be out. */
    inDoubt: boolean('in_doubt').notNull().default(false),
    /** What the mail provider told later of a letter that was sent: why it came back, or that its reader called it unwanted. */
    feedback: text('feedback', { enum: ['dead-address', 'mailbox-full', 'policy', 'complaint'] }),
    feedbackAt: instant('feedback_at'),
    /** Its reminder has heard that it will not go out. */
    endHeard: boolean('end_heard').notNull().default(false),
    ...claimed(),
  },
  (t) => [
    index('letters_waiting').on(t.class, t.dueAt).where(sql`ended is null`),
    index('letters_by_end').on(t.ended, t.createdAt).where(sql`ended is not null`),
    index('letters_unheard')
      .on(t.id)
      .where(
        sql`class = 'reminder' and ended in ('expired', 'cancelled', 'suppressed', 'refused') and not end_heard`,
      ),
    index('letters_by_reader').on(t.readerId),
    index('letters_by_reminder').on(t.reminderId),
  ],
);

/** Writer: letters/suppression. Addresses we must not write to, as a keyed hash that survives erasure. */
export const suppressions = pgTable(
  'suppressions',
  {
    addressHash: bytes('address_hash').notNull(),
    scope: text('scope', { enum: ['all', 'reminders'] }).notNull(),
    reason: text('reason', { enum: ['unsubscribed', 'blocked', 'dead-address', 'complaint'] }).notNull(),
    since: instant('since').notNull(),
  },
  // Each reason by itself: what one of them holds back stays held back when another is lifted.
  (t) => [primaryKey({ columns: [t.addressHash, t.reason] })],
);

/** Writer: mail. What the mail provider told us, each thing once and without anybody's address; kept for thirty days. */
export const mailEvents = pgTable(
  'mail_events',
  {
    provider: text('provider', { enum: ['ses', 'mailgun', 'postmark'] }).notNull(),
    /** The provider's own number of it. */
    eventId: text('event_id').notNull(),
    /** What it means; `other` changes nothing here, `unknown` speaks of a letter that is not ours. */
    state: text('state', {
      enum: ['dead-address', 'mailbox-full', 'policy', 'complaint', 'soft', 'other', 'unknown'],
    }).notNull(),
    letterId: uuid('letter_id').references(() => letters.id),
    /** What a signature was made over, where it does not cover the event: it signs one event and no other. */
    token: text('token').unique(),
    receivedAt: instant('received_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.provider, t.eventId] }),
    index('mail_events_by_age').on(t.receivedAt),
    index('mail_events_by_letter').on(t.letterId),
  ],
);

/** Writer: letters/pauses. Where nothing is tried for a while: a domain that refuses us for what we are, or the mail server itself. */
export const mailPauses = pgTable('mail_pauses', {
  /** Keyed hash of the domain: a domain of one's own names a person. The server's own pause stands under no domain. */
  domainHash: bytes('domain_hash').primaryKey(),
  /** The domain where it is a great provider's, so that staff can be told. */
  provider: text('provider'),
  reason: text('reason', { enum: ['policy', 'sign-in'] }).notNull(),
  /** What was answered, in codes. */
  problem: text('problem').notNull(),
  since: instant('since').notNull(),
  /** Business time: until then it is not tried; the row stays until a letter is taken. */
  until: instant('until').notNull(),
  refusals: integer('refusals').notNull().default(1),
});

/** Writer: staff. People of the newsroom; their addresses are sealed as readers' are. */
export const staff = pgTable('staff', {
  id: uuid('id').primaryKey(),
  addressHash: bytes('address_hash').notNull().unique(),
  addressSealed: bytes('address_sealed').notNull(),
  role: text('role', { enum: ['viewer', 'support', 'finance', 'admin'] }).notNull(),
  passwordHash: text('password_hash'),
  /** Grows with every invitation used or withdrawn, so that a link works once. */
  invitation: integer('invitation').notNull().default(0),
  locale: text('locale').notNull(),
  createdAt: instant('created_at').notNull(),
  removedAt: instant('removed_at'),
});

/** Writer: account/sign-in. A reader's asking to be let in; also of an address that nobody here is known by, so that neither shows. */
export const readerSignIns = pgTable(
  'reader_sign_ins',
  {
    id: uuid('id').primaryKey(),
    /** Null where no letter was written: no code is right then. */
    readerId: uuid('reader_id').references(() => readers.id),
    createdAt: instant('created_at').notNull(),
    wrongCodes: integer('wrong_codes').notNull().default(0),
    usedAt: instant('used_at'),
  },
  (t) => [index('reader_sign_ins_by_age').on(t.createdAt)],
);

/** Writer: web/session. The authority behind the cookie of somebody who signed in, checked on every request. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    staffId: uuid('staff_id').references(() => staff.id),
    readerId: uuid('reader_id').references(() => readers.id),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    endedAt: instant('ended_at'),
  },
  (t) => [
    check('session_of_one_person', sql`num_nonnulls(${t.staffId}, ${t.readerId}) = 1`),
    index('sessions_by_staff').on(t.staffId).where(sql`staff_id is not null`),
    index('sessions_by_reader').on(t.readerId).where(sql`reader_id is not null`),
  ],
);

/**
 * Writer: staff/audit. Who of the staff looked at whom, or did what; the database itself refuses to change or delete a line. It
 * names people by their ids alone, so it stays when a reader is forgotten.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    id: uuid('id').primaryKey(),
    at: instant('at').notNull(),
    /** Neither refers to its row: a line outlives whatever becomes of those. */
    staffId: uuid('staff_id').notNull(),
    act: text('act', { enum: ['letters-listed', 'letter-seen', 'events-replayed'] }).notNull(),
    readerId: uuid('reader_id'),
    /** Which letter, or which events: names and ids of ours. */
    subject: text('subject'),
  },
  (t) => [
    index('audit_log_by_staff').on(t.staffId, t.at),
    index('audit_log_by_reader').on(t.readerId, t.at).where(sql`reader_id is not null`),
  ],
);

/** Writer: staff/report-letters. Who wants the figures by letter, and when the next one is to be written; no row, no letter. */
export const reportLetters = pgTable(
  'report_letters',
  {
    staffId: uuid('staff_id')
      .primaryKey()
      .references(() => staff.id),
    every: text('every', { enum: ['week', 'month'] }).notNull(),
    locale: text('locale').notNull(),
    chosenAt: instant('chosen_at').notNull(),
    /** Business time: the morning on which the next letter is written, of the period that ends before that day. */
    dueAt: instant('due_at').notNull(),
  },
  (t) => [index('report_letters_due').on(t.dueAt)],
);

/** Writer: staff/goals. What the newsroom set out to raise; ended, never deleted. What came of it is counted from the ledger. */
export const goals = pgTable(
  'goals',
  {
    id: uuid('id').primaryKey(),
    title: text('title').notNull(),
    /** Only gifts of this campaign; null for all gifts. */
    campaign: text('campaign'),
    targetMinor: minor('target_minor').notNull(),
    /** Only gifts in this currency count. */
    currency: currencyCode('currency').notNull(),
    /** The first and the last local day inside. */
    firstOn: date('first_on', { mode: 'string' }).notNull(),
    lastOn: date('last_on', { mode: 'string' }).notNull(),
    createdAt: instant('created_at').notNull(),
    /** Taken off the desk before its last day, or after it. */
    endedAt: instant('ended_at'),
  },
  (t) => [
    check('goal_target_positive', sql`${t.targetMinor} > 0`),
    check('goal_currency_code', sql`${t.currency} ~ '^[A-Z]{3}$'`),
    check('goal_days_in_order', sql`${t.firstOn} <= ${t.lastOn}`),
  ],
);

/** Writer: staff/tokens. What programs read reports with: shown once, kept as a hash. */
export const reportTokens = pgTable('report_tokens', {
  id: uuid('id').primaryKey(),
  /** What it is for, in the words of whoever made it. */
  label: text('label'),
  role: text('role', { enum: ['viewer', 'support', 'finance', 'admin'] }).notNull(),
  secretHash: bytes('secret_hash').notNull(),
  createdAt: instant('created_at').notNull(),
  /** To the minute. */
  lastUsedAt: instant('last_used_at'),
  revokedAt: instant('revoked_at'),
});

/** Writer: web/limits. Counters shared by every instance; keys are hashes of what the client cannot choose. */
export const limits = pgTable(
  'limits',
  {
    key: text('key').primaryKey(),
    hits: integer('hits').notNull(),
    resetsAt: instant('resets_at').notNull(),
  },
  (t) => [index('limits_by_reset').on(t.resetsAt)],
);

/** Writer: web/idempotency. Answers to creating requests, kept a day; the answer is sealed. */
export const idempotentAnswers = pgTable(
  'idempotent_answers',
  {
    key: text('key').primaryKey(),
    bodyHash: text('body_hash').notNull(),
    status: integer('status'),
    answerSealed: bytes('answer_sealed'),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [index('idempotent_answers_by_age').on(t.createdAt)],
);

/** Writer: rounds. Each round is itself a claimed row, so that one instance at a time runs it. */
export const rounds = pgTable('rounds', {
  name: text('name').primaryKey(),
  lastDoneAt: instant('last_done_at'),
  ...claimed(),
});
