// The letters' page: what became of them, what stood in the way and what to do about it, and which addresses get none.
import type { VNode } from 'preact';
import type { Fault } from '../values/refusal.ts';
import { FaultSummary, Field, faultIn, HiddenFields } from '../web/form.tsx';
import type { Answer } from './answer.ts';
import { countText, momentText } from './figures.ts';
import type { Told } from './letter-problems.ts';
import type { LettersDesk } from './letters-desk.ts';
import type { Asked } from './question.ts';
import { Files, ReportTable, type Seen } from './table.tsx';

export interface LettersPageProps {
  seen: Seen;
  /** What stands in the form: what was asked for, well or badly. */
  asked: Asked;
  faults: readonly Fault[];
  /** Null where what was asked for cannot be answered. */
  found: LettersDesk | null;
}

export function LettersContent({ seen, asked, faults, found }: LettersPageProps): VNode {
  const { words } = seen;
  const question = found?.letters.question;
  return (
    <div class="stack loose">
      <div class="stack close">
        <h1>{words.reports.names.letters}</h1>
        <p>{words.reports.about.letters}</p>
        {question && (
          <p class="aside">
            {words.reports.asOf(
              momentText(words, question.asOf.toISOString(), question.reckoning.timeZone),
              question.reckoning.timeZone,
            )}
          </p>
        )}
      </div>
      {found && found.pauses.length > 0 && <Pauses seen={seen} found={found} />}
      <form method="get" action="/staff/letters" class="stack">
        <FaultSummary words={words} faults={faults} />
        <HiddenFields fields={{ locale: seen.locale }} />
        <div class="question">
          {(['from', 'to'] as const).map((name) => (
            <Field
              name={name}
              type="date"
              label={words.reports[name]}
              value={question?.[name] ?? asked[name]}
              fault={faultIn(words, faults, name)}
            />
          ))}
          <button type="submit" class="button">
            {words.reports.show}
          </button>
        </div>
      </form>
      {found && (
        <>
          <Part seen={seen} answer={found.letters} none={words.reports.noLetters} />
          <Part seen={seen} answer={found.problems} none={words.reports.nothingInTheWay}>
            <Advice seen={seen} answer={found.problems} />
          </Part>
          <Part seen={seen} answer={found.suppressions}>
            <p class="aside">{words.reports.liftingNote}</p>
          </Part>
          <ToldLately seen={seen} told={found.told} />
        </>
      )}
    </div>
  );
}

/** A report with its files; with nothing to count, the words for that. */
function Part({
  seen,
  answer,
  none,
  children,
}: {
  seen: Seen;
  answer: Answer;
  none?: string;
  children?: VNode;
}): VNode {
  const { words } = seen;
  const { name } = answer;
  return (
    <section class="stack" aria-labelledby={name}>
      <div class="row apart">
        <div class="stack close">
          <h2 id={name}>{words.reports.names[name]}</h2>
          {name !== 'letters' && <p class="aside">{words.reports.about[name]}</p>}
        </div>
        <Files seen={seen} answer={answer} />
      </div>
      {answer.rows.length === 0 ? (
        <p class="empty">{none}</p>
      ) : (
        <>
          <ReportTable seen={seen} answer={answer} />
          {children}
        </>
      )}
    </section>
  );
}

/** What nobody but a person can mend: where we are refused for what we are. */
function Pauses({ seen: { words }, found }: { seen: Seen; found: LettersDesk }): VNode {
  const { timeZone } = found.letters.question.reckoning;
  const moment = (at: string) => momentText(words, at, timeZone);
  return (
    <section class="stack" aria-labelledby="needs-person">
      <h2 id="needs-person">{words.reports.needsPerson}</h2>
      <div class="stack">
        {found.pauses.map(({ provider, reason, problem, since, until, refusals }) => (
          <div class="stack close">
            <p>
              <span class="tag trouble">{words.reports.pauses[reason](provider)}</span>
            </p>
            <p>{words.reports.pauseAdvice[reason]}</p>
            <p class="aside small">
              {words.reports.pauseSince(problem, moment(since), moment(until), refusals)}
            </p>
          </div>
        ))}
      </div>
    </section>
  );
}

/** What to do about each problem that the table names. */
function Advice({ seen: { words }, answer }: { seen: Seen; answer: Answer }): VNode {
  const names: Readonly<Record<string, string>> = words.reports.letterProblems;
  const advice: Readonly<Record<string, string>> = words.reports.letterAdvice;
  const problems = answer.rows.map((row) => String(row.problem)).filter((problem) => problem in advice);
  return (
    <section class="stack close" aria-labelledby="what-to-do">
      <h3 id="what-to-do">{words.reports.whatToDo}</h3>
      <dl class="definitions">
        {problems.map((problem) => (
          <div>
            <dt>{names[problem]}</dt>
            <dd>{advice[problem]}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function ToldLately({ seen: { words }, told }: { seen: Seen; told: readonly Told[] }): VNode {
  const names: Readonly<Record<string, string>> = words.reports.toldStates;
  return (
    <section class="stack close" aria-labelledby="told">
      <h2 id="told">{words.reports.toldTitle}</h2>
      {told.length === 0 ? (
        <p class="aside">{words.reports.toldNothing}</p>
      ) : (
        <ul>
          {told.map(({ state, events }) => (
            <li>{words.reports.eventsOf(names[state] ?? state, countText(words, events))}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
