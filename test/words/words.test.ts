// Every sentence exists in every language and follows the house's manners.
import { describe, expect, it } from 'vitest';
import { locales } from '../../src/values/locale.ts';
import { fault, Refusal, type RefusalCode, type RefusalFacts } from '../../src/values/refusal.ts';
import { englishPlural, russianPlural } from '../../src/words/plural.ts';
import { sayFault, sayRefusal, type Words, wordsFor } from '../../src/words/words.ts';

describe.each(locales)('in %s', (locale) => {
  const words = wordsFor(locale);

  it('no sentence is empty, shouts, or doubles its full stop', () => {
    const sentences = [...sentencesIn(words), ...refusalsIn(words)];
    expect(sentences.length).toBeGreaterThan(150);
    for (const sentence of sentences)
      expect(sentence).toMatch(/^(?!.*(!|\.\.|undefined|\[object| {2}))\S.*$/su);
  });

  it('is spoken throughout', () => {
    expect(words.locale).toBe(locale);
    const letters = sentencesIn({ ...words, common: {} }).join('');
    const cyrillic = letters.match(/\p{Script=Cyrillic}/gu)?.length ?? 0;
    const latin = letters.match(/\p{Script=Latin}/gu)?.length ?? 0;
    expect(locale === 'ru' ? cyrillic / (latin + 1) : latin / (cyrillic + 1)).toBeGreaterThan(8);
  });
});

describe('a refusal', () => {
  it('says what to do', () => {
    const tooSmall = fault('amount-too-small', {
      minimum: { amountMinor: 200n, currency: 'USD' },
      frequency: 'month',
    });
    expect(sayFault(wordsFor('en'), tooSmall)).toBe(
      'The smallest monthly gift is $2. Please enter 2 or more.',
    );
    expect(sayFault(wordsFor('ru'), tooSmall).replace(/\s/g, ' ')).toBe(
      'Самый маленький ежемесячный взнос — 2 $. Впишите 2 или больше.',
    );
    expect(sayRefusal(wordsFor('ru'), new Refusal(fault('too-many-tries', { minutes: 21 })))).toContain(
      'через 21 минуту',
    );
  });

  it('says of money whether any was charged', () => {
    expect(sayFault(wordsFor('en'), fault('payments-unavailable', { charged: 'nothing' }))).toContain(
      'Nothing was charged',
    );
    expect(sayFault(wordsFor('ru'), fault('payments-unavailable', { charged: 'nothing' }))).toContain(
      'Деньги не списаны',
    );
    expect(sayFault(wordsFor('en'), fault('payments-unavailable', { charged: 'unknown' }))).toContain(
      'receipt',
    );
  });
});

it('a day stands in its sentence in the case it needs', () => {
  const sentence = (day: string) => {
    const { common, reminders } = wordsFor('ru');
    return reminders.preview(common.onDay(day, '2026-11-23'));
  };
  expect(sentence('2026-12-23')).toBe('Мы напишем вам один раз, в среду, 23 декабря, утром.');
  expect(sentence('2027-02-23')).toBe('Мы напишем вам один раз, во вторник, 23 февраля 2027 года, утром.');
  expect(wordsFor('en').common.onDay('2027-02-24', '2027-02-01')).toBe('on Wednesday 24 February');
});

it.each([
  [1, 'день', 'day'],
  [2, 'дня', 'days'],
  [5, 'дней', 'days'],
  [11, 'дней', 'days'],
  [21, 'день', 'days'],
  [112, 'дней', 'days'],
  [1.5, 'дня', 'days'],
  [0, 'дней', 'days'],
])('%s goes with its form of the word', (count, russian, english) => {
  expect(russianPlural(count, 'день', 'дня', 'дней')).toBe(russian);
  expect(englishPlural(count, 'day', 'days')).toBe(english);
});

function refusalsIn(words: Words): string[] {
  const say = <C extends RefusalCode>(code: C) => words.refusals[code](everyFault[code]);
  return (Object.keys(words.refusals) as RefusalCode[]).map(say);
}

/** Every sentence without parts. Those with parts are asked for by the tests of the pages and letters that use them. */
function sentencesIn(part: unknown): string[] {
  if (typeof part === 'string') return [part];
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(sentencesIn) : [];
}

const smallest = { amountMinor: 250n, currency: 'USD', frequency: 'month' } as const;

/** One fault of every kind: the type demands that none is left out. */
const everyFault: { readonly [C in RefusalCode]: RefusalFacts[C] } = {
  'amount-missing': {},
  'amount-not-a-number': {},
  'amount-not-minor': {},
  'amount-not-in-steps': { step: 10 },
  'amount-unclear': {},
  'amount-too-small': { minimum: smallest, frequency: 'year' },
  'amount-too-large': { maximum: smallest, frequency: 'once' },
  'too-many-decimals': { allowed: 2, currency: 'USD' },
  'currency-unknown': {},
  'frequency-unknown': {},
  'address-missing': {},
  'address-malformed': {},
  'address-not-ascii': {},
  'choice-missing': {},
  'choice-unknown': {},
  'date-missing': {},
  'date-malformed': {},
  'date-too-soon': { earliestOn: '2027-02-24' },
  'date-too-late': { latestOn: '2028-02-24' },
  'zone-unknown': {},
  'text-missing': {},
  'text-too-long': { longest: 200 },
  'value-malformed': {},
  'field-unknown': {},
  'period-malformed': {},
  'period-too-long': { most: 4_000 },
  'link-expired': {},
  'link-broken': {},
  'too-many-tries': { minutes: 5 },
  'form-from-elsewhere': {},
  'signature-wrong': {},
  'not-found': {},
  'method-not-allowed': {},
  'not-allowed': {},
  'payments-unavailable': { charged: 'unknown' },
  'body-too-large': {},
  'body-malformed': {},
  'wrong-content-type': { expected: 'application/json' },
  'wrong-encoding': {},
  'idempotency-mismatch': {},
  'idempotency-in-flight': {},
  'idempotency-key-malformed': {},
  'password-too-short': { shortest: 15 },
  'password-too-long': { longest: 200 },
  'sign-in-failed': {},
  'sign-in-needed': {},
  'token-wrong': {},
  'code-missing': {},
  'code-wrong': {},
  'sign-in-over': {},
  'gift-runs-already': {},
  'gift-unchangeable': {},
  'already-done': {},
  'report-unfinished': {},
  'sender-unproven': {},
  'proof-unavailable': {},
};
