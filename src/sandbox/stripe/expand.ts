// `expand`: ids in an answer replaced by what they name, and the lists Stripe leaves out until asked.

import { invalid } from './refusals.ts';
import type { Store } from './store.ts';

const deepest = 4;

/** Lists that an object has only when asked for: whose, under which name, and where they are read from. */
const includable: Record<
  string,
  Record<
    string,
    {
      kind: 'invoice_payment' | 'refund' | 'subscription';
      by: 'charge' | 'customer' | 'invoice';
      url: string;
    }
  >
> = {
  charge: { refunds: { kind: 'refund', by: 'charge', url: '/v1/charges/{id}/refunds' } },
  customer: {
    subscriptions: { kind: 'subscription', by: 'customer', url: '/v1/customers/{id}/subscriptions' },
  },
  invoice: { payments: { kind: 'invoice_payment', by: 'invoice', url: '/v1/invoice_payments?invoice={id}' } },
};

/** What an object has only at times: asking for it is no mistake while it is missing. */
const presentAtTimes: Record<string, readonly string[]> = { refund: ['failure_balance_transaction'] };

type Hash = Record<string, unknown>;

/** The answer with everything asked for in place; refuses what cannot be expanded. */
export function expanded(store: Store, answer: object, paths: readonly string[]): unknown {
  let result: unknown = JSON.parse(JSON.stringify(answer));
  for (const path of paths) {
    const steps = path.split('.');
    if (steps.length > deepest) {
      throw invalid(
        `You cannot expand more than ${deepest} levels of a property. Property: ${path}`,
        'expand',
      );
    }
    result = expandAt(store, result, steps, path);
  }
  return result;
}

function expandAt(store: Store, value: unknown, steps: string[], path: string): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((part) => expandAt(store, part, steps, path));
  if (!isHash(value)) throw notExpandable(path);
  const at = withIncluded(store, value, step);
  if (!(step in at)) {
    if (typeof at.object === 'string' && presentAtTimes[at.object]?.includes(step)) return at;
    throw notExpandable(path);
  }
  return { ...at, [step]: expandAt(store, resolved(store, at, step, path, rest.length === 0), rest, path) };
}

function resolved(store: Store, at: Hash, step: string, path: string, last: boolean): unknown {
  const value = at[step];
  if (typeof value !== 'string') {
    if (last && value !== null && !isHash(value)) throw notExpandable(path);
    return value;
  }
  const found = step === 'id' || step === 'object' ? undefined : store.findAny(value);
  if (found === undefined) throw notExpandable(path);
  return found;
}

function withIncluded(store: Store, at: Hash, step: string): Hash {
  if (step in at || typeof at.object !== 'string' || typeof at.id !== 'string') return at;
  if (at.object === 'checkout.session' && step === 'line_items') {
    const data = store.note('checkout.session', at.id)?.items ?? [];
    return {
      ...at,
      line_items: {
        object: 'list',
        data,
        has_more: false,
        url: `/v1/checkout/sessions/${at.id}/line_items`,
      },
    };
  }
  const list = includable[at.object]?.[step];
  if (!list) return at;
  const { data, hasMore } = store.list(list.kind, { limit: 10, where: { [list.by]: at.id } });
  return {
    ...at,
    [step]: { object: 'list', data, has_more: hasMore, url: list.url.replace('{id}', at.id) },
  };
}

function isHash(value: unknown): value is Hash {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notExpandable(path: string): Error {
  return invalid(
    `This property cannot be expanded (${path}). You may want to try expanding 'data.${path}' instead.`,
    'expand',
  );
}
