// Annual statement: what a reader gave in a year, day by day and in all, for their own records; it asks for nothing.
import { isCurrency } from '../values/money.ts';
import { heading, type Letter, paragraph, receipt, signature } from './blocks.ts';
import { amount, greeting, type Writing, whyYear } from './writing.ts';

export function annualStatement(writing: Writing<'annual-statement'>): Letter {
  const { facts, publication } = writing;
  const { letters } = writing.words;
  const words = letters.annualStatement;
  const { year, totals } = facts;
  return {
    subject: words.subject(year),
    discreetSubject: words.subjectDiscreet(year),
    blocks: [
      heading(words.subject(year)),
      greeting(writing),
      paragraph(words.text(year, facts.gifts)),
      receipt(
        words.title(year),
        rowsOf(writing),
        totals.flatMap((total) => sumsOf(writing, total)),
      ),
      paragraph(words.thanks),
      signature(letters.signature(publication.name)),
      ...whyYear(writing),
    ],
  };
}

/** Beyond so many rows the months are told instead of the days: a letter is not a ledger. */
const mostDays = 60;

function rowsOf(writing: Writing<'annual-statement'>): (readonly [string, string])[] {
  const { facts, words } = writing;
  if (facts.days.length <= mostDays) {
    return facts.days.map((day) => [words.common.date(day.on), amount(writing, day)] as const);
  }
  const months = new Map<string, { month: number; amountMinor: bigint; currency: string }>();
  for (const { on, amountMinor, currency } of facts.days) {
    if (!isCurrency(currency)) throw new Error('A statement names a currency that is none');
    const key = `${on.slice(0, 7)}:${currency}`;
    const before = months.get(key)?.amountMinor ?? 0n;
    months.set(key, { month: Number(on.slice(5, 7)), amountMinor: before + BigInt(amountMinor), currency });
  }
  return [...months.values()].map(({ month, amountMinor, currency }) => [
    words.letters.annualStatement.month(month),
    amount(writing, { amountMinor: amountMinor.toString(), currency }),
  ]);
}

function sumsOf(
  writing: Writing<'annual-statement'>,
  { amountMinor, currency, sentBackMinor }: Writing<'annual-statement'>['facts']['totals'][number],
): (readonly [string, string])[] {
  const words = writing.words.letters.annualStatement;
  const named = writing.facts.totals.length > 1 ? currency : null;
  const kept = (BigInt(amountMinor) - BigInt(sentBackMinor)).toString();
  return [
    ...(BigInt(sentBackMinor) === 0n
      ? []
      : [[words.sentBack(named), amount(writing, { amountMinor: `-${sentBackMinor}`, currency })] as const]),
    [words.total(named), amount(writing, { amountMinor: kept, currency })],
  ];
}
