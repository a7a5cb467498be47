// One operation of the stand-in: what it changes, the events that tell of it and their deliveries are one transaction.

import { isDeepStrictEqual } from 'node:util';
import type Stripe from 'stripe';
import type { Kind, Kinds } from './kinds.ts';
import { newId } from './kinds.ts';
import { missing } from './refusals.ts';
import type { Store } from './store.ts';

export const apiVersion = '2026-10-28.endive';

type EventType = Stripe.Event['type'];
export type Told<T extends EventType> = Extract<Stripe.Event, { type: T }>['data']['object'];

export type Task =
  | 'session-expires'
  | 'payment-settles'
  | 'period-ends'
  | 'renewal-announced'
  | 'invoice-finalises'
  | 'payment-retried'
  | 'subscription-expires'
  | 'subscription-ends'
  | 'subscription-resumes'
  | 'refund-settles'
  | 'dispute-decided'
  | 'dispute-reopens';

/** Everything an operation works with; `at` is its moment in business time, in whole seconds. */
export interface Act {
  store: Store;
  at: number;
  baseUrl: string;
  request: Stripe.Event.Request | null;
  /** The delay a fault puts on every delivery. */
  deliveryDelayMs: number;
}

/** The object, or Stripe's refusal. */
export function get<K extends Kind>(act: Act, kind: K, id: string, param?: string): Kinds[K] {
  const object = act.store.find(kind, id);
  if (object === undefined) throw missing(kind, id, param, param === undefined ? 404 : 400);
  return object;
}

export function keep<K extends Kind>(act: Act, kind: K, object: Kinds[K]): Kinds[K] {
  act.store.insert(kind, object);
  return object;
}

/** The object as it is now with the named parts changed; what it was stays with the caller. */
export function change<K extends Kind>(
  act: Act,
  kind: K,
  object: Kinds[K],
  changes: Partial<Kinds[K]>,
): Kinds[K] {
  const changed = { ...object, ...changes };
  act.store.replace(kind, changed);
  return changed;
}

export function defer(act: Act, task: Task, subject: string, dueAt: number): void {
  act.store.defer(task, subject, dueAt);
}

/** Records that something happened and puts it on its way to every endpoint that wants to know. */
export function tell<T extends EventType>(act: Act, type: T, object: Told<T>, before?: Told<T>): void {
  const previous = before === undefined ? undefined : previousAttributes(before, object);
  // A change that changes nothing is no news.
  if (previous && Object.keys(previous).length === 0 && type.endsWith('.updated')) return;
  record(act, type, object, previous);
}

/** As `tell`, for the one object that Stripe's declarations do not describe: an invoice that has no id yet. */
export function record(act: Act, type: EventType, object: object, previous?: Record<string, unknown>): void {
  const event: Stripe.EventBase = {
    id: newId('event'),
    object: 'event',
    api_version: apiVersion,
    created: act.at,
    data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
    livemode: false,
    pending_webhooks: 0,
    request: act.request ?? { id: null, idempotency_key: null },
    type,
  };
  const endpoints = act.store
    .list('webhook_endpoint', { limit: 100 })
    .data.filter((endpoint) => wants(endpoint, type));
  keep(act, 'event', { ...event, pending_webhooks: endpoints.length });
  for (const endpoint of endpoints.reverse()) {
    act.store.addDelivery(event.id, endpoint.id, act.at * 1000 + act.deliveryDelayMs);
  }
}

function wants(endpoint: Stripe.WebhookEndpoint, type: string): boolean {
  return (
    endpoint.status === 'enabled' &&
    (endpoint.enabled_events.includes(type) || endpoint.enabled_events.includes('*'))
  );
}

/** What changed, as it was before: hashes part by part, lists whole. */
function previousAttributes(before: object, after: object): Record<string, unknown> {
  const was: Record<string, unknown> = { ...before };
  const is: Record<string, unknown> = { ...after };
  const previous: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const [old, current] = [was[key], is[key]];
    if (isDeepStrictEqual(old, current)) continue;
    previous[key] = isHash(old) && isHash(current) ? previousAttributes(old, current) : (old ?? null);
  }
  return previous;
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('data' in value);
}
