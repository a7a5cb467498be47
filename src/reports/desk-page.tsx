// The desk's first page: the month so far, what is promised, a year at a glance, the newest gifts, and whether all keeps up.
import type { VNode } from 'preact';
import { paymentPage } from '../outside/stripe.ts';
import { addDays } from '../values/calendar.ts';
import type { Words } from '../words/words.ts';
import type { ReportName } from './answer.ts';
import type { Drawn } from './chart.ts';
import { ChartFigure } from './chart-figure.tsx';
import type { Days, Desk } from './desk.ts';
import { countText, currencyOf, dateText, momentText, moneyText, textOf } from './figures.ts';
import { Goals } from './goals-page.tsx';
import { partsOfGiving, stepsOf } from './pictures.ts';
import { Funnel } from './reminders-page.tsx';
import type { Row } from './report.ts';
import { Files, localised, NotConverted, ReportTable, type Seen, Term, writtenOf } from './table.tsx';

export interface DeskCharts {
  giving: Drawn | null;
  movements: Drawn | null;
}

export function DeskFigures({ seen, desk, charts }: { seen: Seen; desk: Desk; charts: DeskCharts }): VNode {
  const { words } = seen;
  return (
    <div class="stack loose">
      <div class="stack close">
        <div class="row apart">
          <h1>{words.reports.desk}</h1>
          <CurrencyLinks seen={seen} desk={desk} />
        </div>
        <AsOf seen={seen} desk={desk} />
      </div>
      <NeedsPerson seen={seen} desk={desk} />
      <ThisMonth seen={seen} desk={desk} />
      <Promised seen={seen} desk={desk} chart={charts.movements} />
      <Goals seen={seen} goals={desk.goals} />
      <Year seen={seen} desk={desk} chart={charts.giving} />
      <NewestGifts seen={seen} desk={desk} />
      <Reminders seen={seen} desk={desk} />
      <Health seen={seen} desk={desk} />
    </div>
  );
}

interface Part {
  seen: Seen;
  desk: Desk;
}

function AsOf({ seen: { words }, desk }: Part): VNode {
  const { timeZone } = desk.work.question.reckoning;
  return (
    <p class="aside">{words.reports.asOf(momentText(words, desk.asOf.toISOString(), timeZone), timeZone)}</p>
  );
}

/** Only where there is something to choose from. */
function CurrencyLinks({ seen, desk }: Part): VNode | null {
  const { words } = seen;
  const { reportingCurrency } = desk.work.question.reckoning;
  const others = desk.currencies.filter((currency) => currency !== reportingCurrency);
  if (others.length === 0) return null;
  const choices = ['reporting' as const, reportingCurrency, ...others];
  return (
    <nav aria-label={words.reports.currencyLabel}>
      <ul class="choices">
        {choices.map((choice) => (
          <li>
            <a
              href={localised(seen, choice === 'reporting' ? '/staff' : `/staff?currency=${choice}`)}
              {...(choice === desk.currency && { 'aria-current': 'true' as const })}
            >
              {choice === 'reporting'
                ? words.reports.reportingCurrency(reportingCurrency)
                : words.reports.oneCurrency(choice)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Only where there is something: what nobody but a person can mend. */
function NeedsPerson({ seen, desk }: Part): VNode | null {
  const { words } = seen;
  const { timeZone } = desk.work.question.reckoning;
  const { disputes, overdue, alarms } = desk;
  const dead = Number(desk.work.rows.find((row) => row.work === 'stripe_events')?.given_up ?? 0);
  const needs = [
    disputes.firstBy !== null && {
      text: words.reports.disputesOpen(disputes.count, momentText(words, disputes.firstBy, timeZone)),
      path: '/staff/reports/disputes',
      link: words.reports.lookAtDisputes,
    },
    alarms.warnings > 0 && {
      text: words.reports.fraudWarnings(alarms.warnings),
      path: '/staff/reports/disputes',
      link: words.reports.lookAtWarnings,
    },
    alarms.burst !== null && {
      text: words.reports.cardTesting(
        countText(words, alarms.burst.declined),
        momentText(words, alarms.burst.beganAt, timeZone),
        countText(words, alarms.burst.given),
      ),
      path: '/staff/definitions#card-testing',
      link: words.reports.whatToDo,
    },
    dead > 0 && {
      text: words.reports.deadEvents(dead),
      path: '/staff/events?state=dead',
      link: words.reports.lookAtEvents,
    },
    overdue.people > 0 && {
      text: words.reports.overdueNow(overdue.people, moneyText(words, overdue.amountMinor, desk.moneyIn)),
      path: '/staff/reports/supporters?standing=past_due',
      link: words.reports.lookAtOverdue,
    },
    ...desk.pauses.map(({ reason, provider }) => ({
      text: words.reports.pauses[reason](provider),
      path: '/staff/letters',
      link: words.reports.lookAtLetters,
    })),
  ].filter((need) => need !== false);
  if (needs.length === 0) return null;
  return (
    <section class="stack close" aria-labelledby="needs-person">
      <h2 id="needs-person">{words.reports.needsPerson}</h2>
      {needs.map(({ text, path, link }) => (
        <p>
          <span class="tag trouble">{text}</span> <a href={localised(seen, path)}>{link}</a>
        </p>
      ))}
    </section>
  );
}

function ThisMonth({ seen, desk }: Part): VNode {
  const { words } = seen;
  const { income, incomeBefore, incomeYearBefore, moneyIn } = desk;
  const sameDays = words.reports.change.sameDays(monthText(words, desk.daysBefore.from));
  const lastYear = words.reports.change.sameDays(monthOfYear(words, desk.daysYearBefore.from));
  const money = (row: Row, column: string) => moneyText(words, Number(row[column]), moneyIn);
  return (
    <section class="stack" aria-labelledby="this-month">
      <Heading seen={seen} id="this-month" title={words.reports.thisMonth} report="income" desk={desk} />
      <dl class="figures">
        {(['gross_minor', 'refunds_minor', 'fees_minor', 'net_minor'] as const).map((column) => (
          <FigureOf
            seen={seen}
            report="income"
            column={column}
            now={Number(income[column])}
            befores={[
              { value: Number(incomeBefore[column]), beside: sameDays },
              { value: Number(incomeYearBefore[column]), beside: lastYear },
            ]}
            write={(value) => moneyText(words, value, moneyIn)}
            moreIs={column === 'refunds_minor' ? 'worse' : column === 'fees_minor' ? 'neither' : 'better'}
            {...(column === 'net_minor' &&
              income.disputes_minor !== 0 && {
                notes: [words.reports.disputesNote(money(income, 'disputes_minor'))],
              })}
          />
        ))}
      </dl>
      <NotConverted words={words} amounts={income.unconverted} />
    </section>
  );
}

function Promised({ seen, desk, chart }: Part & { chart: Drawn | null }): VNode {
  const { words } = seen;
  const { members, membersBefore, membersYearBefore, overdue, moneyIn } = desk;
  const returned = Number(members.returned_supporters);
  const count = (value: number) => countText(words, value);
  const money = (value: number) => moneyText(words, value, moneyIn);
  // What is promised stands at a day's end, what comes and goes is counted over days.
  const day = (to: string, parts: Intl.DateTimeFormatOptions = {}) =>
    words.reports.change.onDay(dateText(words, addDays(to, -1), { day: 'numeric', month: 'long', ...parts }));
  const onDays = (column: string) => [
    { value: Number(membersBefore[column]), beside: day(desk.daysBefore.to) },
    { value: Number(membersYearBefore[column]), beside: day(desk.daysYearBefore.to, { year: 'numeric' }) },
  ];
  const inDays = (column: string) => [
    {
      value: Number(membersBefore[column]),
      beside: words.reports.change.sameDays(monthText(words, desk.daysBefore.from)),
    },
    {
      value: Number(membersYearBefore[column]),
      beside: words.reports.change.sameDays(monthOfYear(words, desk.daysYearBefore.from)),
    },
  ];
  const said = stepsOf(seen, desk).map(
    ({ name, from, to, is }) =>
      `${name}: ${is === 'gain' ? '+' : is === 'loss' ? '−' : ''}${money(Math.abs(to - from))}`,
  );
  return (
    <section class="stack" aria-labelledby="regular">
      <Heading seen={seen} id="regular" title={words.reports.regular} report="mrr" desk={desk} />
      <dl class="figures">
        <FigureOf
          seen={seen}
          report="mrr"
          column="mrr"
          now={Number(members.end_minor)}
          befores={onDays('end_minor')}
          write={money}
          moreIs="better"
          notes={[
            words.reports.yearNote(money(Number(members.arr_minor))),
            words.reports.committedNote(money(Number(members.committed_minor))),
            ...(overdue.amountMinor > 0 ? [words.reports.atRiskNote(money(overdue.amountMinor))] : []),
          ]}
        />
        <FigureOf
          seen={seen}
          report="mrr"
          column="supporters"
          now={Number(members.supporters)}
          befores={onDays('supporters')}
          write={count}
          moreIs="better"
          notes={[words.reports.plans(Number(members.members))]}
        />
        <FigureOf
          seen={seen}
          report="mrr"
          column="new_supporters"
          now={Number(members.new_supporters)}
          befores={inDays('new_supporters')}
          write={count}
          moreIs="better"
          notes={returned > 0 ? [words.reports.returnedNote(returned)] : []}
        />
        <FigureOf
          seen={seen}
          report="mrr"
          column="lost_supporters"
          now={Number(members.lost_supporters)}
          befores={inDays('lost_supporters')}
          write={count}
          moreIs="worse"
        />
      </dl>
      <NotConverted words={words} amounts={desk.promisesUnconverted} />
      {chart && (
        <>
          <h3>{words.reports.movements}</h3>
          <ChartFigure words={words} drawn={chart} text={said.join('; ')} parts={[]} />
        </>
      )}
    </section>
  );
}

function Heading({
  seen,
  id,
  title,
  report,
  desk,
}: Part & { id: string; title: string; report: ReportName }): VNode {
  const { words } = seen;
  return (
    <div class="row apart">
      <div class="stack close">
        <h2 id={id}>{title}</h2>
        <p class="aside">
          {daysText(words, desk.days)}.{' '}
          {words.reports.against(daysText(words, desk.daysBefore), daysText(words, desk.daysYearBefore))}.
        </p>
      </div>
      <MonthFiles seen={seen} report={report} desk={desk} />
    </div>
  );
}

/** The figures of the month as files, and the way to the whole report. */
function MonthFiles({ seen, report, desk }: Part & { report: ReportName }): VNode {
  const { words } = seen;
  const query = new URLSearchParams({ ...desk.days, by: 'day', currency: desk.currency });
  const label = words.reports.names[report];
  return (
    <span class="files small">
      <a href={localised(seen, `/staff/reports/${report}?currency=${desk.currency}`)}>
        {words.reports.openReport}
      </a>{' '}
      <a href={`/api/v1/reports/${report}.csv?${query}`} aria-label={words.reports.downloadCsv(label)}>
        {words.reports.csv}
      </a>{' '}
      <a href={`/api/v1/reports/${report}?${query}`} aria-label={words.reports.openJson(label)}>
        {words.reports.json}
      </a>
    </span>
  );
}

function FigureOf({
  seen,
  report,
  column,
  now,
  befores,
  write,
  moreIs,
  notes = [],
}: {
  seen: Seen;
  report: ReportName;
  column: string;
  now: number;
  /** What it was, and when that was in words. */
  befores: readonly { value: number; beside: string }[];
  write: (value: number) => string;
  moreIs: 'better' | 'worse' | 'neither';
  notes?: readonly string[];
}): VNode {
  return (
    <div class="figure">
      <dt>
        <Term seen={seen} column={{ name: column }} report={report} />
      </dt>
      <dd class="number">{write(now)}</dd>
      {befores.map(({ value, beside }) => (
        <dd class={toneOf(now, value, moreIs)}>
          {changeText(seen.words, now - value, write)} · {write(value)} {beside}
        </dd>
      ))}
      {notes.map((note) => (
        <dd class="change">{note}</dd>
      ))}
    </div>
  );
}

/** Coloured only where the change is worth a look; beside nothing, nothing is better or worse. */
function toneOf(now: number, before: number, moreIs: 'better' | 'worse' | 'neither'): string {
  if (moreIs === 'neither' || now === before || before <= 0 || Math.abs(now - before) < before * notableShare)
    return 'change';
  return now > before === (moreIs === 'better') ? 'change better' : 'change worse';
}

function changeText(words: Words, change: number, write: (value: number) => string): string {
  if (change === 0) return words.reports.change.none;
  return (change > 0 ? '+' : '−') + write(Math.abs(change));
}

/** A month inside a sentence, in the form that it takes beside a day where a language has one. */
function monthText(words: Words, day: string): string {
  return dateText(words, day, { day: 'numeric', month: 'long' }).replace(/^\d+\s/, '');
}

/** The same with its year, which stands after it in every language. */
function monthOfYear(words: Words, day: string): string {
  return `${monthText(words, day)} ${day.slice(0, 4)}`;
}

function Year({ seen, desk, chart }: Part & { chart: Drawn | null }): VNode {
  const { words } = seen;
  const { giving, moneyIn } = desk;
  const month = (row: Row | undefined) =>
    row ? dateText(words, String(row.period), { month: 'long', year: 'numeric' }) : '';
  const text = words.reports.chartText(month(giving.rows[0]), month(giving.rows.at(-1)), moneyIn);
  return (
    <section class="stack" aria-labelledby="year">
      <div class="row apart">
        <h2 id="year">{words.reports.chartTitle}</h2>
        <Files seen={seen} answer={giving} />
      </div>
      {giving.totals?.gross_minor === 0 && <p class="empty">{words.reports.noGifts}</p>}
      {chart && (
        <ChartFigure
          words={words}
          drawn={chart}
          text={text}
          parts={partsOfGiving(seen, giving).filter((part) =>
            giving.rows.some((row) => part.valueOf(row) > 0),
          )}
        />
      )}
      <NotConverted words={words} amounts={giving.unconverted} />
      <details {...(chart === null && { open: true })}>
        <summary>{words.reports.showTable}</summary>
        <ReportTable seen={seen} answer={giving} />
      </details>
    </section>
  );
}

function NewestGifts({ seen, desk }: Part): VNode {
  const { words, config } = seen;
  const { gifts } = desk;
  const shown = gifts.columns.filter(({ name }) => deskColumns.includes(name));
  return (
    <section class="stack" aria-labelledby="gifts">
      <div class="row apart">
        <h2 id="gifts">{words.reports.newestGifts}</h2>
        <Files seen={seen} answer={gifts} />
      </div>
      {gifts.rows.length === 0 ? (
        <p class="empty">{words.reports.noGifts}</p>
      ) : (
        <section
          class="table"
          aria-label={words.reports.tableScrolls(words.reports.newestGifts)}
          {...reachable}
        >
          <table>
            <caption class="unseen">{words.reports.newestGifts}</caption>
            <thead>
              <tr>
                {shown.map((column) => (
                  <th scope="col" class={column.kind === 'money' ? 'number' : undefined}>
                    <Term seen={seen} column={column} report="gifts" />
                  </th>
                ))}
                <th scope="col">
                  <Term seen={seen} column={{ name: 'stripe_payment_intent_id' }} report="gifts" />
                </th>
              </tr>
            </thead>
            <tbody>
              {gifts.rows.map((row) => {
                const write = (name: string) => {
                  const column = shown.find((each) => each.name === name);
                  return column
                    ? textOf(writtenOf(seen, gifts, shown), column, row, currencyOf(row, desk.moneyIn))
                    : '';
                };
                const intent = row.stripe_payment_intent_id;
                return (
                  <tr>
                    {shown.map((column) => {
                      if (column.name === 'paid_at') return <th scope="row">{write(column.name)}</th>;
                      if (column.kind === 'id') {
                        return (
                          <td>
                            <code title={String(row[column.name])}>{write(column.name)}</code>
                          </td>
                        );
                      }
                      if (column.name === 'returned_minor' && row.returned_minor === 0)
                        return <td class="number">–</td>;
                      return (
                        <td class={column.kind === 'money' ? 'number' : undefined}>{write(column.name)}</td>
                      );
                    })}
                    <td>
                      {typeof intent === 'string' && (
                        <a
                          href={paymentPage(config, intent)}
                          aria-label={words.reports.atStripeOf(write('amount_minor'))}
                        >
                          {words.reports.atStripe}
                        </a>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function Reminders({ seen, desk: { reminders } }: Part): VNode {
  const { words } = seen;
  return (
    <section class="stack" aria-labelledby="reminders">
      <div class="row apart">
        <h2 id="reminders">{words.reports.funnelTitle}</h2>
        <Files seen={seen} answer={reminders} />
      </div>
      {Number(reminders.totals?.asked ?? 0) === 0 ? (
        <p class="empty">{words.reports.noReminders}</p>
      ) : (
        <Funnel seen={seen} answer={reminders} />
      )}
    </section>
  );
}

function Health({ seen, desk }: Part): VNode {
  const { words } = seen;
  const { work } = desk;
  const { timeZone } = work.question.reckoning;
  const names: Readonly<Record<string, string>> = words.reports.workNames;
  return (
    <section class="stack" aria-labelledby="health">
      <div class="row apart">
        <h2 id="health">{words.reports.names.work}</h2>
        <Files seen={seen} answer={work} />
      </div>
      <ul class="health">
        {work.rows.map((row) => {
          const waiting = Number(row.waiting);
          const givenUp = Number(row.given_up);
          const age = Number(row.oldest_waiting_s ?? 0);
          const state = givenUp > 0 ? 'trouble' : waiting > 0 && age > slowSeconds ? 'slow' : 'well';
          return (
            <li class="stack close">
              <h3>{names[String(row.work)] ?? String(row.work)}</h3>
              <p>
                <span class={`tag ${state}`}>{words.reports.state[state]}</span>
              </p>
              <p class="aside">
                {waiting > 0
                  ? words.reports.waitingNow(waiting, words.reports.seconds(age))
                  : words.reports.nothingWaiting}
                {givenUp > 0 && `, ${words.reports.givenUp(givenUp)}`}
              </p>
              <p class="aside small">
                {typeof row.last_done_at === 'string'
                  ? words.reports.lastDone(momentText(words, row.last_done_at, timeZone))
                  : words.reports.neverDone}
              </p>
            </li>
          );
        })}
        <Reconciled words={words} reconciled={desk.reconciled} timeZone={timeZone} />
      </ul>
    </section>
  );
}

/** Whether the books and Stripe agreed when they were compared last. */
function Reconciled({
  words,
  reconciled,
  timeZone,
}: {
  words: Words;
  reconciled: Desk['reconciled'];
  timeZone: string;
}): VNode {
  const { title, never, agrees, differs, running } = words.reports.reconciled;
  const isOver = reconciled !== null && reconciled.endedAt !== null;
  const state = isOver && !reconciled.agrees ? 'trouble' : isOver ? 'well' : 'slow';
  return (
    <li class="stack close">
      <h3>{title}</h3>
      <p>
        {reconciled && (
          <span class={`tag ${state}`}>{isOver ? (reconciled.agrees ? agrees : differs) : running}</span>
        )}
      </p>
      <p class="aside small">
        {reconciled === null
          ? never
          : reconciled.endedAt !== null &&
            words.reports.lastDone(momentText(words, reconciled.endedAt, timeZone))}
      </p>
    </li>
  );
}

/** Both ends said, as people count days. */
function daysText(words: Words, { from, to }: Days): string {
  const through = addDays(to, -1);
  const long = { day: 'numeric', month: 'long' } as const;
  if (from === through) return dateText(words, from, { ...long, year: 'numeric' });
  return words.reports.days(
    dateText(words, from, { day: 'numeric' }),
    dateText(words, through, { ...long, year: 'numeric' }),
  );
}

const notableShare = 0.05;
const reachable = { tabIndex: 0 };
const deskColumns = ['paid_at', 'reader_id', 'kind', 'amount_minor', 'returned_minor', 'component'];
/** Work is done within seconds; what waits for more than five minutes is behind. */
const slowSeconds = 300;
