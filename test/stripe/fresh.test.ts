// Fresh events: handed on once, and never more of them kept than there is room for.
import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { openFresh } from '../../src/stripe/fresh.ts';

const event = (id: string) => ({ id }) as Stripe.Event;

test('what was accepted is handed on once, and what never was not at all', () => {
  const fresh = openFresh();
  const told = event('evt_1');
  fresh.remember(told);
  expect(fresh.take('evt_2')).toBeUndefined();
  expect(fresh.take('evt_1')).toBe(told);
  expect(fresh.take('evt_1')).toBeUndefined();
});

test('in a backlog those that came first are kept, since they are applied first, and room comes with their being applied', () => {
  const fresh = openFresh();
  for (let count = 0; count < 10_000; count += 1) fresh.remember(event(`evt_${count}`));
  const kept = Array.from({ length: 10_000 }, (_, count) => fresh.take(`evt_${count}`)).filter(
    (each) => each !== undefined,
  );
  expect(kept.length).toBeGreaterThan(100);
  expect(kept.length).toBeLessThan(5000);
  expect(kept.at(-1)?.id).toBe(`evt_${kept.length - 1}`);
  fresh.remember(event('evt_late'));
  expect(fresh.take('evt_late')?.id).toBe('evt_late');
});
