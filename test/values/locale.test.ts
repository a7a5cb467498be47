// A reader is answered in a language they asked for and the publication speaks.
import { describe, expect, it } from 'vitest';
import { chooseLocale, isLocale, type Locale } from '../../src/values/locale.ts';

const both: [Locale, ...Locale[]] = ['en', 'ru'];

describe('the language of an answer', () => {
  it.each<[string | undefined, string | undefined, [Locale, ...Locale[]], Locale]>([
    ['ru', 'en', both, 'ru'],
    ['ru-RU', undefined, both, 'ru'],
    ['RU', undefined, both, 'ru'],
    ['fr', 'ru', both, 'ru'],
    [undefined, 'ru-RU,ru;q=0.9,en;q=0.8', both, 'ru'],
    [undefined, 'en;q=0.5, ru', both, 'ru'],
    [undefined, 'de, fr;q=0.9', both, 'en'],
    [undefined, 'ru;q=0', both, 'en'],
    [undefined, 'ru;q=0, en;q=0.1', ['ru', 'en'], 'en'],
    [undefined, '*', ['ru', 'en'], 'ru'],
    [undefined, undefined, ['ru', 'en'], 'ru'],
    ['ru', 'ru', ['en'], 'en'],
    [undefined, ';;,q=,ru;q=x', both, 'en'],
    [undefined, ','.repeat(100_000), both, 'en'],
  ])('asked for %j, browser %j, offered %j: %s', (explicit, acceptLanguage, offered, locale) => {
    expect(chooseLocale({ explicit, acceptLanguage, offered })).toBe(locale);
  });

  it('is one that we write', () => {
    expect(isLocale('en')).toBe(true);
    expect(isLocale('de')).toBe(false);
  });
});
