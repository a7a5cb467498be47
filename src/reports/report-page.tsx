// A report's page: what it is asked for in a form that the address bar keeps, and the answer as a table.
import type { VNode } from 'preact';
import type { Currency } from '../values/money.ts';
import { isDay, periodLengths } from '../values/period.ts';
import type { Fault } from '../values/refusal.ts';
import { FaultSummary, Field, faultIn, HiddenFields, Select } from '../web/form.tsx';
import type { Words } from '../words/words.ts';
import type { Answer, ReportName } from './answer.ts';
import { momentText } from './figures.ts';
import { type Asked, breakdowns, eventStates, type Question } from './question.ts';
import { Files, ListPages, NotConverted, ReportTable, type Seen } from './table.tsx';

export interface ReportPageProps {
  seen: Seen;
  name: ReportName;
  /** What stands in the form: what was asked for, well or badly. */
  asked: Asked;
  /** Null where what was asked for cannot be answered. */
  answer: Answer | null;
  faults: readonly Fault[];
  currencies: readonly Currency[];
  reportingCurrency: Currency;
}

export function ReportContent(page: ReportPageProps): VNode {
  const { seen, name, answer, reportingCurrency } = page;
  const { words } = seen;
  return (
    <div class="stack">
      <div class="stack close">
        <h1>{words.reports.names[name]}</h1>
        <p>{words.reports.about[name]}</p>
      </div>
      <QuestionForm {...page} />
      {answer && (
        <>
          <div class="row apart">
            <p class="aside">
              {asOfText(words, answer.question)}
              {choosesBlocks(name) &&
                answer.question.currency === 'reporting' &&
                `. ${words.reports.currencyAssumed(reportingCurrency)}`}
            </p>
            <Files seen={seen} answer={answer} />
          </div>
          {answer.rows.length === 0 ? (
            <p class="empty">{words.reports.nothingYet}</p>
          ) : (
            <>
              <ListPages seen={seen} answer={answer} />
              <ReportTable seen={seen} answer={answer} />
            </>
          )}
          <NotConverted words={words} amounts={answer.unconverted} />
        </>
      )}
    </div>
  );
}

/** Where a program that names no currency gets a block of rows for each. */
function choosesBlocks(name: ReportName): boolean {
  return name === 'income' || name === 'mrr' || name === 'giving' || name === 'sources';
}

/** How things stand now is not a question of days. */
function QuestionForm({
  seen,
  name,
  asked,
  answer,
  faults,
  currencies,
  reportingCurrency,
}: ReportPageProps): VNode | null {
  const { words } = seen;
  if (name === 'work') return null;
  const question = answer?.question;
  const hasPeriods = name !== 'sources' && name !== 'gifts' && name !== 'events';
  return (
    <form method="get" action={`/staff/reports/${name}`} class="stack">
      <FaultSummary words={words} faults={faults} />
      <HiddenFields fields={{ locale: seen.locale }} />
      <div class="question">
        <Field
          name="from"
          type="date"
          label={words.reports.from}
          value={question?.from ?? dayOrNone(asked.from)}
          fault={faultIn(words, faults, 'from')}
        />
        <Field
          name="to"
          type="date"
          label={words.reports.to}
          value={question?.to ?? dayOrNone(asked.to)}
          fault={faultIn(words, faults, 'to')}
        />
        {hasPeriods && (
          <Select
            name="by"
            label={words.reports.byLabel}
            value={question?.by ?? asked.by ?? 'month'}
            options={periodLengths.map((value) => ({ value, label: words.reports.by[value] }))}
            fault={faultIn(words, faults, 'by')}
          />
        )}
        {name === 'sources' && (
          <Select
            name="of"
            label={words.reports.ofLabel}
            value={question?.of ?? asked.of}
            options={breakdowns.map((value) => ({ value, label: words.reports.of[value] }))}
            fault={faultIn(words, faults, 'of')}
          />
        )}
        {name === 'events' ? (
          <Select
            name="state"
            label={words.reports.figures.state.term}
            value={question ? (question.state ?? '') : (asked.state ?? '')}
            options={[
              { value: '', label: words.reports.everyState },
              ...eventStates.map((value) => ({ value, label: words.reports.eventStates[value] })),
            ]}
            fault={faultIn(words, faults, 'state')}
          />
        ) : (
          <Select
            name="currency"
            label={words.reports.currencyLabel}
            value={question ? (question.currency ?? '') : (asked.currency ?? '')}
            options={currencyOptions(words, name, currencies, reportingCurrency)}
            fault={faultIn(words, faults, 'currency')}
          />
        )}
        <button type="submit" class="button">
          {words.reports.show}
        </button>
      </div>
    </form>
  );
}

/** A date field can only hold a date. */
function dayOrNone(text: string | undefined): string | undefined {
  return text !== undefined && isDay(text) ? text : undefined;
}

function currencyOptions(
  words: Words,
  name: ReportName,
  currencies: readonly Currency[],
  reportingCurrency: Currency,
): { value: string; label: string }[] {
  const alone = [...new Set([reportingCurrency, ...currencies])];
  // Gifts are shown one by one in their own currency; reminders have no block for each.
  return [
    ...(name === 'gifts'
      ? []
      : [{ value: 'reporting', label: words.reports.reportingCurrency(reportingCurrency) }]),
    ...(name === 'reminders' ? [] : [{ value: '', label: words.reports.everyCurrency }]),
    ...alone.map((currency) => ({ value: currency, label: words.reports.oneCurrency(currency) })),
  ];
}

function asOfText(words: Words, { asOf, reckoning }: Question): string {
  return words.reports.asOf(momentText(words, asOf.toISOString(), reckoning.timeZone), reckoning.timeZone);
}
