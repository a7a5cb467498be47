// Events: the list of those that matter, and what each is said to do.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { classOf } from '../../src/letters/outbox.ts';
import { type Does, subscribedTypes, whatEventsDo } from '../../src/stripe/events.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const opening = '<!-- what each event does: from src/stripe/events.ts -->';
const closing = '<!-- end of what each event does -->';

test('the README tells of each event what the code says it does', () => {
  const from = readme.indexOf(opening);
  const to = readme.indexOf(closing);
  expect(from).toBeGreaterThan(0);
  expect(readme.slice(from + opening.length, to).trim()).toBe(table());
});

test('an event that touches no book says why, and no other does', () => {
  for (const [type, { nothing, ...books }] of whatEventsDo) {
    expect([type, nothing === undefined]).toEqual([type, Object.keys(books).length > 0]);
  }
});

test('every letter that events cause is named, and no other', () => {
  const named = whatEventsDo.flatMap(([, { letters }]) => letters?.match(/(?<=\*)[a-z-]+(?=\*)/g) ?? []);
  const keeping = ['keep', 'changes', 'endings', 'trouble']
    .map((name) => readFileSync(join(import.meta.dirname, `../../src/stripe/${name}.ts`), 'utf8'))
    .join('\n');
  const written = keeping.match(/(?<=\bkind: (?:\S+ \? '[a-z-]+' : )?')[a-z-]+(?=')/g) ?? [];
  expect([...new Set(named)].sort()).toEqual([...new Set(written)].sort());
  expect(Object.keys(classOf)).toEqual(expect.arrayContaining(named));
});

test('an invoice’s making is not listened to: Stripe would wait for the answer before it collects', () => {
  expect(subscribedTypes).not.toContain('invoice.created');
  // Told by `invoice.paid` already.
  expect(subscribedTypes).not.toContain('invoice.payment_succeeded');
});

function table(): string {
  return [
    '| event | ledger | membership | movements | letters |',
    '|---|---|---|---|---|',
    ...whatEventsDo.map(([type, does]) => `| \`${type}\` | ${cells(does).join(' | ')} |`),
  ].join('\n');
}

function cells({ nothing, ledger, membership, movements, letters }: Does): string[] {
  if (nothing !== undefined) return [`nothing: ${nothing}`, '', '', ''];
  return [ledger ?? '', membership ?? '', movements ?? '', letters ?? ''];
}
