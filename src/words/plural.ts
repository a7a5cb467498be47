// Plural: which form of a word goes with a number.

/** "1 day", "2 days". */
export function englishPlural(count: number, one: string, other: string): string {
  return englishRules.select(count) === 'one' ? one : other;
}

/** "1 день", "2 дня", "5 дней"; a fraction takes the second form. */
export function russianPlural(count: number, one: string, few: string, many: string): string {
  const form = russianRules.select(count);
  if (form === 'one') return one;
  return form === 'many' ? many : few;
}

const englishRules = new Intl.PluralRules('en');
const russianRules = new Intl.PluralRules('ru');
