// Locale: which of the languages we write a reader is answered in.

export const locales = ['en', 'ru'] as const;
export type Locale = (typeof locales)[number];

export function isLocale(text: unknown): text is Locale {
  return locales.some((locale) => locale === text);
}

/**
 * The reader's explicit choice, else the best that their browser asks for, else the publication's first language.
 * `offered` is the publication's list, its own language first; an unknown or unoffered wish is passed over.
 */
export function chooseLocale(wish: {
  explicit?: string | undefined;
  acceptLanguage?: string | undefined;
  offered: readonly [Locale, ...Locale[]];
}): Locale {
  const wanted = [wish.explicit ?? '', ...languagesAccepted(wish.acceptLanguage ?? '')];
  for (const tag of wanted) {
    if (tag === '*') break;
    const language = tag.toLowerCase().split('-')[0];
    const match = wish.offered.find((locale) => locale === language);
    if (match) return match;
  }
  return wish.offered[0];
}

function languagesAccepted(header: string): string[] {
  return header
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(/\s*;\s*/);
      const weight = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
      return { tag, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ tag, weight }) => tag !== '' && weight > 0 && weight <= 1)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}
