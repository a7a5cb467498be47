// A report's page: what it is asked for in a form that the address bar keeps, and the answer as a table.
import type { VNode } from 'preact';
import { standings } from '../ledger/standing.ts';
import { type Currency, currencySign, isCurrency } from '../values/money.ts';
import { isDay, periodLengths } from '../values/period.ts';
import type { Fault } from '../values/refusal.ts';
import { FaultSummary, Field, faultIn, HiddenFields, Select } from '../web/form.tsx';
import type { Words } from '../words/words.ts';
import type { Answer, ReportName } from './answer.ts';
import { ChartFigure } from './chart-figure.tsx';
import { countText, momentText, movementText } from './figures.ts';
import { HeatMaps } from './heat-map.tsx';
import { presentYear } from './lapsed.ts';
import { families } from './pages.tsx';
import type { Picture } from './pictures.ts';
import {
  type Asked,
  breakdowns,
  donorTypes,
  eventStates,
  movementChoices,
  type Question,
} from './question.ts';
import { HalfOfThem, TimesBeneath } from './recovery-times-page.tsx';
import { ReminderWays } from './reminders-page.tsx';
import { Files, ListPages, localised, NotConverted, ReportTable, type Seen } from './table.tsx';

export interface ReportPageProps {
  seen: Seen;
  name: ReportName;
  /** What stands in the form: what was asked for, well or badly. */
  asked: Asked;
  /** Null where what was asked for cannot be answered. */
  answer: Answer | null;
  /** Of recovery: how long it took. */
  times: Answer | null;
  /** Null where nothing is drawn. */
  picture: Picture | null;
  faults: readonly Fault[];
  currencies: readonly Currency[];
  reportingCurrency: Currency;
}

export function ReportContent(page: ReportPageProps): VNode {
  const { seen, name, answer, times, picture, reportingCurrency } = page;
  const { words } = seen;
  return (
    <div class="stack">
      <Beside seen={seen} name={name} />
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
            <p class="empty">{nothingIn(words, name)}</p>
          ) : (
            <>
              {picture && (
                <section class="stack close" aria-labelledby="picture">
                  <h2 id="picture">{picture.title}</h2>
                  <ChartFigure
                    words={words}
                    drawn={picture.drawn}
                    text={picture.text}
                    parts={picture.parts}
                    lines={picture.lines}
                  />
                </section>
              )}
              {name === 'cohorts' && <HeatMaps seen={seen} answer={answer} />}
              {name === 'disputes' && <Advice words={words} answer={answer} />}
              {name === 'reminders' && <ReminderWays seen={seen} answer={answer} />}
              {name === 'movements' && <MovementsSum words={words} answer={answer} />}
              {name === 'recovery-times' && <HalfOfThem seen={seen} times={answer} />}
              <ListPages seen={seen} answer={answer} />
              {name === 'cohorts' ? (
                <details>
                  <summary>{words.reports.showTable}</summary>
                  <ReportTable seen={seen} answer={answer} />
                </details>
              ) : (
                <ReportTable seen={seen} answer={answer} />
              )}
            </>
          )}
          {times && <TimesBeneath seen={seen} times={times} />}
          <NotConverted words={words} amounts={answer.unconverted} />
        </>
      )}
    </div>
  );
}

function nothingIn({ reports }: Words, name: ReportName): string {
  if (name === 'disputes') return reports.noDisputes;
  return name === 'movements' ? reports.noMovements : reports.nothingYet;
}

/** Of how many people these movements are. */
function MovementsSum({ words, answer }: { words: Words; answer: Answer }): VNode {
  const count = Number(answer.place?.count ?? 0);
  const people = Number(answer.totals?.supporters ?? 0);
  return <p>{words.reports.movementsOf(countText(words, count), count, countText(words, people), people)}</p>;
}

/** What is to be done about each kind of dispute that there is. */
function Advice({ words, answer }: { words: Words; answer: Answer }): VNode | null {
  const { disputeAdvice } = words.reports;
  const states = new Set(answer.rows.map((row) => row.dispute_state));
  const said = Object.entries(disputeAdvice).filter(([state]) => states.has(state));
  if (said.length === 0) return null;
  return (
    <ul class="stack close">
      {said.map(([, advice]) => (
        <li>{advice}</li>
      ))}
    </ul>
  );
}

/** The reports that tell of the same thing, one of which this is. */
function Beside({ seen, name }: Pick<ReportPageProps, 'seen' | 'name'>): VNode | null {
  const { words } = seen;
  const family = families.find((each) => each.includes(name));
  if (!family) return null;
  return (
    <nav aria-label={words.reports.beside}>
      <ul class="choices">
        {family.map((each) => (
          <li>
            <a
              href={localised(seen, `/staff/reports/${each}`)}
              {...(each === name && { 'aria-current': 'page' as const })}
            >
              {words.reports.names[each]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Letters are neither money nor told period by period. */
function isOfLetters(name: ReportName): boolean {
  return name === 'letters' || name === 'letter-problems' || name === 'suppressions';
}

/** Where a program that names no currency gets a block of rows for each. */
function choosesBlocks(name: ReportName): boolean {
  return (
    !isOfLetters(name) &&
    name !== 'gifts' &&
    name !== 'events' &&
    name !== 'work' &&
    name !== 'disputes' &&
    name !== 'reminders'
  );
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
  if (name === 'work' || name === 'disputes') return null;
  const question = answer?.question;
  const isOfYear = name === 'lybunt' || name === 'sybunt';
  const hasDays = !isOfYear && name !== 'forecast' && name !== 'supporters';
  const hasPeriods =
    hasDays &&
    name !== 'sources' &&
    name !== 'gifts' &&
    name !== 'movements' &&
    name !== 'recovery-times' &&
    name !== 'events' &&
    name !== 'cohorts' &&
    !isOfLetters(name);
  return (
    <form method="get" action={`/staff/reports/${name}`} class="stack">
      <FaultSummary words={words} faults={faults} />
      <HiddenFields fields={{ locale: seen.locale }} />
      <div class="question">
        {isOfYear && (
          <Select
            name="year"
            label={words.reports.yearLabel}
            value={String(question?.year ?? asked.year ?? '')}
            options={yearsToChoose(words, question)}
            fault={faultIn(words, faults, 'year')}
          />
        )}
        {hasDays && (
          <>
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
          </>
        )}
        {name === 'supporters' && (
          <SupporterFields
            words={words}
            asked={asked}
            faults={faults}
            currency={isCurrency(question?.currency) ? question.currency : reportingCurrency}
          />
        )}
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
        {name === 'movements' && (
          <Select
            name="movement"
            label={words.reports.figures.movement.term}
            value={question ? (question.movement ?? '') : (asked.movement ?? '')}
            options={[
              { value: '', label: words.reports.everyMovement },
              ...movementChoices.map((value) => ({ value, label: movementText(words, value) })),
            ]}
            fault={faultIn(words, faults, 'movement')}
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
        ) : isOfLetters(name) ? null : (
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

/** Only supporters who give so, stand so, live there, gave for that, since then and so much. */
function SupporterFields({
  words,
  asked,
  faults,
  currency,
}: Pick<ReportPageProps, 'asked' | 'faults'> & { words: Words; currency: Currency }): VNode {
  const { donorTypes: types, standings: stand, figures, anyChoice, sinceLabel, amountLabel } = words.reports;
  const fault = (field: string) => faultIn(words, faults, field);
  const any = { value: '', label: anyChoice };
  return (
    <>
      <Select
        name="type"
        label={figures['donor-type'].term}
        value={asked.type ?? ''}
        options={[any, ...donorTypes.map((value) => ({ value, label: types[value] }))]}
        fault={fault('type')}
      />
      <Select
        name="standing"
        label={figures.standing.term}
        value={asked.standing ?? ''}
        options={[any, ...standings.map((value) => ({ value, label: stand[value] }))]}
        fault={fault('standing')}
      />
      <Field
        name="country"
        label={figures.country.term}
        value={asked.country}
        maxlength={2}
        fault={fault('country')}
      />
      <Field name="campaign" label={figures.campaign.term} value={asked.campaign} fault={fault('campaign')} />
      <Field
        name="since"
        type="date"
        label={sinceLabel}
        value={dayOrNone(asked.since)}
        fault={fault('since')}
      />
      <Field
        name="amount"
        label={amountLabel}
        inputmode="decimal"
        value={asked.amount}
        sign={currencySign(currency, words.locale)}
        fault={fault('amount')}
      />
    </>
  );
}

/** The present fiscal year and those before it. */
function yearsToChoose(words: Words, question: Question | undefined): { value: string; label: string }[] {
  if (!question) return [];
  const { asOf, reckoning } = question;
  const present = presentYear(asOf, reckoning);
  const years = new Set([
    question.year ?? present,
    ...Array.from({ length: yearsShown }, (_, at) => present - at),
  ]);
  return [...years]
    .toSorted((a, b) => b - a)
    .map((year) => ({
      value: String(year),
      label: reckoning.fiscalYearStart === 1 ? String(year) : words.reports.fiscalYear(year),
    }));
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

const yearsShown = 10;

function asOfText(words: Words, { asOf, reckoning }: Question): string {
  return words.reports.asOf(momentText(words, asOf.toISOString(), reckoning.timeZone), reckoning.timeZone);
}
