// Which older gifts a newer one takes the place of: by their standing, their beginning and their end.
import { describe, expect, test } from 'vitest';
import { type Promised, pairsOf } from '../../src/ledger/second-gift.ts';
import type { Standing } from '../../src/ledger/standing.ts';

const now = new Date('2026-01-25T12:00:00Z');
const gift = (id: string, startedAt: string, other: Partial<Promised> = {}): Promised => ({
  id,
  stripeSubscriptionId: `sub_${id}`,
  standing: 'active',
  startedAt: new Date(startedAt),
  endsAt: null,
  told: true,
  ...other,
});
const older = (other: Partial<Promised> = {}) => gift('older', '2026-01-10T10:00:00Z', other);
const newer = (other: Partial<Promised> = {}) => gift('newer', '2026-01-25T11:00:00Z', other);
const pair = { olderId: 'older', newerId: 'newer', begunAt: new Date('2026-01-25T11:00:00Z') };

describe('the older gift', () => {
  test.each<[Standing, boolean]>([
    ['active', true],
    ['past_due', true],
    ['paused', true],
    ['unpaid', true],
    ['incomplete', false],
    ['ended', false],
  ])('that is %s could be charged again: %s', (standing, could) => {
    expect(pairsOf([older({ standing }), newer()], now)).toEqual(could ? [pair] : []);
  });

  test('that only a walk through Stripe has shown is left alone: its reader may have chosen to keep both', () => {
    expect(pairsOf([older({ told: false }), newer()], now)).toEqual([]);
    expect(pairsOf([older(), newer({ told: false })], now)).toEqual([pair]);
  });

  test('that is set to end already is left alone', () => {
    expect(pairsOf([older({ endsAt: new Date('2026-02-10T10:00:00Z') }), newer()], now)).toEqual([]);
  });
});

describe('the newer gift', () => {
  test.each<[Standing, boolean]>([
    ['active', true],
    ['incomplete', false],
    ['unpaid', false],
  ])('that is %s takes its place: %s', (standing, takes) => {
    expect(pairsOf([older(), newer({ standing })], now)).toEqual(takes ? [pair] : []);
  });

  test('takes the place of every older one, and only while it is young', () => {
    const oldest = gift('oldest', '2025-06-01T10:00:00Z', { standing: 'past_due' });
    const all = [newer(), oldest, older()];
    expect(pairsOf(all, now).map(({ olderId }) => olderId)).toEqual(['older', 'oldest']);
    expect(pairsOf(all, new Date('2026-01-28T11:00:00Z'))).toEqual([]);
    expect(pairsOf(all, new Date('2026-01-28T10:59:59Z'))).toHaveLength(2);
  });

  test('begun in the same second is told by its number at Stripe, whichever is read first', () => {
    const one = gift('a', '2026-01-25T11:00:00Z');
    const other = gift('b', '2026-01-25T11:00:00Z');
    expect(pairsOf([one, other], now)).toEqual([{ ...pair, olderId: 'a', newerId: 'b' }]);
    expect(pairsOf([other, one], now)).toEqual([{ ...pair, olderId: 'a', newerId: 'b' }]);
  });
});

test('one gift alone, or none, has nothing to take the place of', () => {
  expect(pairsOf([newer()], now)).toEqual([]);
  expect(pairsOf([], now)).toEqual([]);
});
