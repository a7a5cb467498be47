// Subscriptions: begun, changed, paused, resumed and ended, with the invoices each step draws up.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, defer, get, keep, tell } from './act.ts';
import { nextPeriodStart, rhythmOf } from './calendar.ts';
import type { Period } from './invoices.ts';
import { stopCollecting } from './invoices.ts';
import { newId } from './kinds.ts';
import {
  flag,
  mergeMetadata,
  metadata,
  moment,
  oneOf,
  parameters,
  read,
  text,
  unsettable,
  whole,
} from './parameters.ts';
import { idOrNull, itemPrice, planOf, priceFor } from './prices.ts';
import { invalid, missing } from './refusals.ts';

const announcedBeforeSeconds = 7 * 86_400;

const feedback = oneOf(
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
);

const cancellation = z
  .strictObject({
    comment: unsettable().optional(),
    feedback: z.union([z.literal('').transform(() => null), feedback]).optional(),
  })
  .optional();

const behaviours = oneOf(
  'allow_incomplete',
  'default_incomplete',
  'error_if_incomplete',
  'pending_if_incomplete',
);

const item = z.strictObject({
  id: text().optional(),
  metadata,
  price: text().optional(),
  price_data: itemPrice.optional(),
  quantity: whole(1, 999_999).optional(),
});

const changing = parameters<Stripe.SubscriptionUpdateParams>()({
  billing_cycle_anchor: oneOf('now', 'unchanged').optional(),
  cancel_at: z.union([z.literal('').transform(() => null), moment]).optional(),
  cancel_at_period_end: flag.optional(),
  cancellation_details: cancellation,
  default_payment_method: text().optional(),
  description: unsettable(500).optional(),
  items: z.array(item).max(20).optional(),
  metadata,
  off_session: flag.optional(),
  pause_collection: z
    .union([
      z.literal('').transform(() => null),
      z.strictObject({
        behavior: oneOf('keep_as_draft', 'mark_uncollectible', 'void'),
        resumes_at: moment.optional(),
      }),
    ])
    .optional(),
  payment_behavior: behaviours.optional(),
  proration_behavior: oneOf('always_invoice', 'create_prorations', 'none').optional(),
});

const creation = parameters<Stripe.SubscriptionCreateParams>()({
  cancel_at_period_end: flag.optional(),
  customer: text(),
  default_payment_method: text().optional(),
  description: unsettable(500).optional(),
  items: z
    .array(item.omit({ id: true }))
    .min(1)
    .max(20),
  metadata,
  off_session: flag.optional(),
  payment_behavior: behaviours.optional(),
});

const ending = parameters<Stripe.SubscriptionCancelParams>()({
  cancellation_details: cancellation,
  invoice_now: flag.optional(),
  prorate: flag.optional(),
});

export interface Beginning {
  customer: string;
  prices: { price: Stripe.Price; quantity: number }[];
  defaultPaymentMethod: string | null;
  description: string | null;
  metadata: Stripe.Metadata;
  savesPaymentMethod: boolean;
}

export function readCreation(
  act: Act,
  raw: unknown,
): Beginning & { cancelAtPeriodEnd: boolean; behaviour: string } {
  const asked = read(creation, raw);
  const customer = get(act, 'customer', asked.customer, 'customer');
  return {
    customer: customer.id,
    prices: asked.items.map((wanted, index) => ({
      price: priceOf(act, wanted, `items[${index}]`),
      quantity: wanted.quantity ?? 1,
    })),
    defaultPaymentMethod: asked.default_payment_method ?? null,
    description: asked.description ?? null,
    metadata: mergeMetadata({}, asked.metadata),
    savesPaymentMethod: false,
    cancelAtPeriodEnd: asked.cancel_at_period_end ?? false,
    behaviour: asked.payment_behavior ?? 'allow_incomplete',
  };
}

/**
 * Made `incomplete` and told so: even after a paid checkout Stripe says `created` with that status and
 * `updated` to active in the same second.
 */
export function beginSubscription(act: Act, facts: Beginning): Stripe.Subscription {
  const [first] = facts.prices;
  const recurring = first?.price.recurring;
  if (!first || !recurring)
    throw invalid(
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
      'items[0][price]',
    );
  const id = newId('subscription');
  const end = nextPeriodStart(act.at, rhythmOf(recurring), act.at);
  const subscription = keep(act, 'subscription', {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: act.at,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: act.at,
    currency: first.price.currency,
    customer: facts.customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: facts.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: facts.description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: {
      object: 'list',
      data: facts.prices.map(({ price, quantity }) =>
        itemOf(act, id, price, quantity, { start: act.at, end }),
      ),
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: facts.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: facts.savesPaymentMethod ? 'on_subscription' : 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: act.at,
    status: 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: null,
  });
  tell(act, 'customer.subscription.created', subscription);
  scheduleRenewal(act, subscription);
  return subscription;
}

export function periodOf(subscription: Stripe.Subscription): Period {
  const [first] = subscription.items.data;
  return { start: first?.current_period_start ?? 0, end: first?.current_period_end ?? 0 };
}

/** The same subscription with another period on every item. */
export function withPeriod(subscription: Stripe.Subscription, period: Period): Stripe.Subscription['items'] {
  return {
    ...subscription.items,
    data: subscription.items.data.map((one) => ({
      ...one,
      current_period_start: period.start,
      current_period_end: period.end,
    })),
  };
}

export function scheduleRenewal(act: Act, subscription: Stripe.Subscription): void {
  act.store.forgetDue('period-ends', subscription.id);
  act.store.forgetDue('renewal-announced', subscription.id);
  const { start, end } = periodOf(subscription);
  defer(act, 'period-ends', subscription.id, end);
  if (end - start > announcedBeforeSeconds) {
    defer(act, 'renewal-announced', subscription.id, Math.max(act.at, end - announcedBeforeSeconds));
  }
}

/** Changes the subscription and says so; nothing is said when nothing changed. */
export function turn(
  act: Act,
  subscription: Stripe.Subscription,
  changes: Partial<Stripe.Subscription>,
): Stripe.Subscription {
  const turned = change(act, 'subscription', subscription, changes);
  tell(act, 'customer.subscription.updated', turned, subscription);
  return turned;
}

/** What an update asks for; a change that begins a new period says so, and its invoice is the caller's. */
export function updateSubscription(
  act: Act,
  id: string,
  raw: unknown,
): { before: Stripe.Subscription; subscription: Stripe.Subscription; newPeriod: boolean } {
  const asked = read(changing, raw);
  const before = get(act, 'subscription', id);
  if (hasEnded(before)) {
    const touched = Object.entries(asked).filter(
      ([name, value]) =>
        value !== undefined && !['metadata', 'cancellation_details', 'expand'].includes(name),
    );
    if (touched.length > 0) {
      throw invalid(
        'A canceled subscription can only update its cancellation_details and metadata.',
        touched[0]?.[0],
        'invalid_canceled_subscription_fields',
      );
    }
  }
  if (asked.default_payment_method !== undefined) {
    const method = get(act, 'payment_method', asked.default_payment_method, 'default_payment_method');
    if (idOrNull(method.customer) !== idOrNull(before.customer)) {
      throw invalid(
        `The customer does not have a payment method with the ID ${method.id}. The payment method must be attached to the customer.`,
        'default_payment_method',
        'resource_missing',
      );
    }
  }
  const prices = asked.items === undefined ? null : changedItems(act, before, asked.items);
  if (prices && asked.proration_behavior !== 'none') {
    throw invalid(
      'The stand-in does not prorate: pass proration_behavior=none when changing items.',
      'proration_behavior',
    );
  }
  const rhythmChanged = prices !== null && !sameRhythm(before.items.data[0]?.price, prices[0]?.price);
  const newPeriod = rhythmChanged || asked.billing_cycle_anchor === 'now';
  const items = { ...before.items, data: prices ?? before.items.data };
  const recurring = items.data[0]?.price.recurring;
  const period =
    newPeriod && recurring
      ? { start: act.at, end: nextPeriodStart(act.at, rhythmOf(recurring), act.at) }
      : null;
  const changed: Stripe.Subscription = {
    ...before,
    items,
    metadata: mergeMetadata(before.metadata, asked.metadata),
    cancellation_details: {
      comment: asked.cancellation_details?.comment ?? before.cancellation_details?.comment ?? null,
      feedback: asked.cancellation_details?.feedback ?? before.cancellation_details?.feedback ?? null,
      feedback_option: null,
      reason: before.cancellation_details?.reason ?? null,
    },
    ...(asked.default_payment_method === undefined
      ? {}
      : { default_payment_method: asked.default_payment_method }),
    ...(asked.description === undefined ? {} : { description: asked.description }),
  };
  if (period) {
    changed.billing_cycle_anchor = act.at;
    changed.items = withPeriod(changed, period);
  }
  if (asked.cancel_at !== undefined) setEnding(act, changed, asked.cancel_at, asked.cancel_at_period_end);
  if (asked.cancel_at_period_end !== undefined)
    setCancellation(act, changed, before, asked.cancel_at_period_end);
  if (asked.pause_collection !== undefined) {
    const pause = asked.pause_collection;
    changed.pause_collection =
      pause === null ? null : { behavior: pause.behavior, resumes_at: pause.resumes_at ?? null };
    act.store.forgetDue('subscription-resumes', id);
    if (pause?.resumes_at !== undefined) {
      if (pause.resumes_at <= act.at) {
        throw invalid(
          '`pause_collection[resumes_at]` must be in the future.',
          'pause_collection[resumes_at]',
        );
      }
      defer(act, 'subscription-resumes', id, pause.resumes_at);
    }
  }
  const subscription = change(act, 'subscription', before, changed);
  if (newPeriod) scheduleRenewal(act, subscription);
  return { before, subscription, newPeriod };
}

export function cancelSubscription(act: Act, id: string, raw: unknown): Stripe.Subscription {
  const asked = read(ending, raw);
  const subscription = act.store.find('subscription', id);
  if (!subscription || hasEnded(subscription)) throw missing('subscription', id);
  return endSubscription(act, subscription, 'cancellation_requested', {
    comment: asked.cancellation_details?.comment ?? null,
    feedback: asked.cancellation_details?.feedback ?? null,
  });
}

export function endSubscription(
  act: Act,
  subscription: Stripe.Subscription,
  reason: 'cancellation_requested' | 'payment_failed',
  said?: { comment: string | null; feedback: Stripe.Subscription.CancellationDetails.Feedback | null },
): Stripe.Subscription {
  for (const task of [
    'period-ends',
    'renewal-announced',
    'subscription-ends',
    'subscription-resumes',
    'subscription-expires',
  ]) {
    act.store.forgetDue(task, subscription.id);
  }
  const known = subscription.cancellation_details;
  const ended = change(act, 'subscription', subscription, {
    canceled_at: subscription.cancel_at === null ? act.at : subscription.canceled_at,
    cancellation_details: {
      comment: said?.comment ?? known?.comment ?? null,
      feedback: said?.feedback ?? known?.feedback ?? null,
      feedback_option: null,
      reason,
    },
    ended_at: act.at,
    status: 'canceled',
  });
  tell(act, 'customer.subscription.deleted', ended);
  stopCollectingAll(act, ended);
  return ended;
}

/** An unpaid beginning lapses after 23 hours, and its invoice with it. */
export function expireIncomplete(act: Act, subscription: Stripe.Subscription): Stripe.Subscription {
  for (const task of ['period-ends', 'renewal-announced', 'subscription-expires'])
    act.store.forgetDue(task, subscription.id);
  const lapsed = turn(act, subscription, { ended_at: act.at, status: 'incomplete_expired' });
  stopCollectingAll(act, lapsed);
  return lapsed;
}

/** Nothing is billed until it is resumed. */
export function pauseSubscription(act: Act, id: string): Stripe.Subscription {
  const subscription = get(act, 'subscription', id);
  if (subscription.status !== 'active') throw invalid('Only active subscriptions can be paused.');
  act.store.forgetDue('period-ends', id);
  act.store.forgetDue('renewal-announced', id);
  const paused = change(act, 'subscription', subscription, {
    status: 'paused',
    status_details: {
      paused: { subscription: { type: 'pause_requested' }, transitioned_at: act.at, type: 'subscription' },
    },
  });
  tell(act, 'customer.subscription.updated', paused, subscription);
  tell(act, 'customer.subscription.paused', paused);
  return paused;
}

/** A paused subscription begins a new period now; its invoice is the caller's. */
export function resumePaused(act: Act, id: string): Stripe.Subscription {
  const subscription = get(act, 'subscription', id);
  if (subscription.status !== 'paused') throw invalid('Only paused subscriptions can be resumed.');
  const recurring = subscription.items.data[0]?.price.recurring;
  if (!recurring) throw invalid('This subscription has no recurring price.');
  const period = { start: act.at, end: nextPeriodStart(act.at, rhythmOf(recurring), act.at) };
  const { status_details: _paused, ...kept } = subscription;
  const resumed: Stripe.Subscription = {
    ...kept,
    billing_cycle_anchor: act.at,
    items: withPeriod(subscription, period),
    status: 'active',
  };
  act.store.replace('subscription', resumed);
  scheduleRenewal(act, resumed);
  tell(act, 'customer.subscription.updated', resumed, subscription);
  tell(act, 'customer.subscription.resumed', resumed);
  return resumed;
}

export function hasEnded(subscription: Stripe.Subscription): boolean {
  return subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
}

/** An ending on a day of one's own; null takes it back. */
function setEnding(
  act: Act,
  changed: Stripe.Subscription,
  endsAt: number | null,
  atEnd: boolean | undefined,
): void {
  if (atEnd === true && endsAt !== null) {
    throw invalid(
      'You may only specify one of these parameters: cancel_at, cancel_at_period_end.',
      'cancel_at',
      'parameters_exclusive',
    );
  }
  if (endsAt !== null && endsAt <= act.at) throw invalid('`cancel_at` must be in the future.', 'cancel_at');
  act.store.forgetDue('subscription-ends', changed.id);
  changed.cancel_at_period_end = false;
  changed.cancel_at = endsAt;
  changed.canceled_at = endsAt === null ? null : act.at;
  if (endsAt !== null) defer(act, 'subscription-ends', changed.id, endsAt);
}

function setCancellation(
  act: Act,
  changed: Stripe.Subscription,
  before: Stripe.Subscription,
  atEnd: boolean,
): void {
  if (atEnd === before.cancel_at_period_end) return;
  changed.cancel_at_period_end = atEnd;
  changed.cancel_at = atEnd ? periodOf(changed).end : null;
  changed.canceled_at = atEnd ? act.at : null;
  changed.cancellation_details = {
    comment: changed.cancellation_details?.comment ?? null,
    feedback: changed.cancellation_details?.feedback ?? null,
    feedback_option: null,
    reason: atEnd ? 'cancellation_requested' : null,
  };
}

function stopCollectingAll(act: Act, subscription: Stripe.Subscription): void {
  const { data } = act.store.list('invoice', {
    limit: 100,
    where: { subscription: subscription.id },
    among: { column: 'state', values: ['draft', 'open'] },
  });
  for (const invoice of data) stopCollecting(act, invoice);
}

function changedItems(
  act: Act,
  before: Stripe.Subscription,
  asked: z.infer<typeof item>[],
): Stripe.SubscriptionItem[] {
  const items = [...before.items.data];
  for (const [index, wanted] of asked.entries()) {
    const at = wanted.id === undefined ? -1 : items.findIndex((known) => known.id === wanted.id);
    if (wanted.id === undefined) {
      throw invalid(
        'The stand-in keeps one item per subscription: name the item to change.',
        `items[${index}][id]`,
      );
    }
    const known = items[at];
    if (!known) throw missing('subscription item', wanted.id, `items[${index}][id]`, 400);
    const price =
      wanted.price === undefined && wanted.price_data === undefined
        ? known.price
        : priceOf(act, wanted, `items[${index}]`);
    if (price.currency !== before.currency) {
      throw invalid(
        `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${before.currency}\`.`,
        `items[${index}][price_data][currency]`,
      );
    }
    items[at] = {
      ...known,
      metadata: mergeMetadata(known.metadata, wanted.metadata),
      plan: planOf(price),
      price,
      quantity: wanted.quantity ?? known.quantity ?? 1,
    };
  }
  return items;
}

function priceOf(act: Act, wanted: Omit<z.infer<typeof item>, 'id'>, param: string): Stripe.Price {
  if (wanted.price_data) return priceFor(act, wanted.price_data, `${param}[price_data]`);
  if (wanted.price === undefined)
    throw invalid(`Missing required param: ${param}[price].`, `${param}[price]`, 'parameter_missing');
  return get(act, 'price', wanted.price, `${param}[price]`);
}

function itemOf(
  act: Act,
  subscription: string,
  price: Stripe.Price,
  quantity: number,
  period: Period,
): Stripe.SubscriptionItem {
  return {
    id: newId('subscription_item'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: act.at,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(price),
    price,
    quantity,
    subscription,
    tax_rates: [],
  };
}

function sameRhythm(one: Stripe.Price | undefined, other: Stripe.Price | undefined): boolean {
  return (
    one?.recurring?.interval === other?.recurring?.interval &&
    one?.recurring?.interval_count === other?.recurring?.interval_count
  );
}
