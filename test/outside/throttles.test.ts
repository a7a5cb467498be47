// Throttles: never faster than told, each that waits a moment of its own, and access letters ahead of all.
import { expect, test } from 'vitest';
import { openThrottles } from '../../src/outside/throttles.ts';

test('a domain gets its rate, its provider’s other domain counts with it, others go freely', () => {
  const throttles = openThrottles([{ domains: ['gmail.com', 'googlemail.com'], perSecond: 2 }]);
  const waits = [0, 1, 2, 3].map(() => throttles.domainWaitMs('gmail.com', 1000));
  expect(waits).toEqual([0, 0, 500, 1000]);
  expect(throttles.domainWaitMs('googlemail.com', 1000)).toBe(1500);
  expect(throttles.domainWaitMs('example.org', 1000)).toBe(0);
  expect(throttles.domainWaitMs('gmail.com', 1500)).toBe(0);
});

test.each([0.5, 3, 20])('%d a second is never exceeded over a minute of asking all the time', (perSecond) => {
  const throttles = openThrottles([{ domains: ['*'], perSecond }]);
  let went = 0;
  for (let atMs = 0; atMs < 60_000; atMs += 7) if (throttles.overallWaitMs(atMs) === 0) went += 1;
  expect(went).toBeLessThanOrEqual(60 * perSecond + Math.max(1, perSecond));
  expect(went).toBeGreaterThan(60 * perSecond * 0.95);
});

test('an access letter does not wait; what it took is missing to the others', () => {
  const throttles = openThrottles([{ domains: ['*'], perSecond: 1 }]);
  throttles.hurry('example.org', 0);
  throttles.hurry('example.org', 0);
  expect(throttles.overallWaitMs(0)).toBe(2000);
});
