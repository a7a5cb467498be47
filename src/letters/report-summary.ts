// Report summary: the figures of a week or a month, for one of the staff who asked for them; it names no supporter.
import {
  type Block,
  button,
  fine,
  fineLink,
  heading,
  type Letter,
  paragraph,
  receipt,
  signature,
} from './blocks.ts';
import type { MoneyFacts } from './outbox.ts';
import { amount, day, greeting, type Writing } from './writing.ts';

export function reportSummary(writing: Writing<'report-summary'>): Letter {
  const { facts, links, publication, writtenOn } = writing;
  const { common, letters, reportLetters } = writing.words;
  const words = reportLetters.letter;
  const days = words.days(common.date(facts.firstOn), common.date(facts.lastOn));
  return {
    subject: words.subject[facts.every],
    discreetSubject: words.subjectDiscreet[facts.every],
    blocks: [
      heading(words.heading[facts.every]),
      greeting(writing),
      paragraph(words.intro(days, common.onDay(writtenOn, writtenOn))),
      ...needs(writing),
      ...figures(writing),
      button(words.button, links.desk(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      fine(words.why),
      fineLink(words.stop, links.reportLetters()),
    ],
  };
}

/** In the sentences of the desk. */
function needs(writing: Writing<'report-summary'>): Block[] {
  const { facts, words } = writing;
  const { disputes, deadEvents, overdue, pauses } = facts.needs;
  const { letter } = words.reportLetters;
  const said = [
    ...(disputes ? [words.reports.disputesOpen(disputes.count, day(writing, disputes.firstBy))] : []),
    ...(deadEvents > 0 ? [words.reports.deadEvents(deadEvents)] : []),
    ...(overdue.people > 0 ? [words.reports.overdueNow(overdue.people, money(writing, overdue.minor))] : []),
    ...pauses.map(({ reason, provider }) => words.reports.pauses[reason](provider)),
  ];
  if (said.length === 0) return [paragraph(letter.needsNothing)];
  return [paragraph(letter.needs(said.length)), ...said.map(paragraph)];
}

function figures(writing: Writing<'report-summary'>): Block[] {
  const { facts } = writing;
  const words = writing.words.reportLetters.letter;
  const { promised, people, reminders } = facts;
  const beside = ({ minor, before }: { minor: string; before: string }) =>
    `${money(writing, minor)} ${words.before(money(writing, before))}`;
  const count = (number: number) => number.toLocaleString(writing.words.locale);
  return [
    receipt(words.income[facts.every], [
      [words.gross, beside(facts.gross)],
      [words.net, beside(facts.net)],
    ]),
    ...leftOut(writing, facts.unconverted),
    receipt(
      words.promised,
      [
        [words.start, money(writing, promised.startMinor)],
        ...promised.moves.map(({ by, minor }) => [words.moves[by], signed(writing, minor)] as const),
      ],
      [[words.end, money(writing, promised.endMinor)]],
    ),
    ...leftOut(writing, promised.unconverted),
    receipt(
      words.people,
      [
        [words.newPeople, count(people.new)],
        [words.returnedPeople, count(people.returned)],
        [words.lostPeople, count(people.lost)],
      ],
      [[words.atEnd, count(people.atEnd)]],
    ),
    receipt(words.reminders, [
      [words.asked, count(reminders.asked)],
      [words.confirmed, count(reminders.confirmed)],
      [words.gave, count(reminders.gave)],
    ]),
  ];
}

/** What has no exchange rate, in its own currencies. */
function leftOut(writing: Writing<'report-summary'>, unconverted: readonly MoneyFacts[]): Block[] {
  if (unconverted.length === 0) return [];
  const amounts = unconverted.map((each) => amount(writing, each)).join(', ');
  return [paragraph(writing.words.reportLetters.letter.unconverted(amounts))];
}

function money(writing: Writing<'report-summary'>, amountMinor: string): string {
  return amount(writing, { amountMinor, currency: writing.facts.currency }).replace(/^-/, '−');
}

function signed(writing: Writing<'report-summary'>, minor: string): string {
  return minor.startsWith('-') ? money(writing, minor) : `+${money(writing, minor)}`;
}
