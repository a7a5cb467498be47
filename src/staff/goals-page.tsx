// The pages of goals: all of them, and the form by which finance sets and changes one.
import type { VNode } from 'preact';
import { isCurrency } from '../values/money.ts';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, Field, faultIn, HiddenFields, Select } from '../web/form.tsx';
import type { Words } from '../words/words.ts';
import { OwnFrame, type OwnPage } from './desk-frame.tsx';
import type { GoalTyped } from './goal-request.ts';
import { type Goal, stateOf } from './goals.ts';

export interface GoalForm {
  typed: GoalTyped;
  faults: readonly Fault[];
  /** What the form must carry. */
  token: string;
  currencies: readonly string[];
  /** Makes a form sent twice one goal. */
  key: string;
}

/** `form` is null for who may only look. */
export function GoalsPage(
  page: OwnPage & { goals: readonly Goal[]; today: string; form: GoalForm | null },
): VNode {
  const { words, goals, form } = page;
  const own = words.goals;
  return (
    <OwnFrame {...page} title={own.title}>
      <h1>{own.title}</h1>
      <p class="lead">{own.text}</p>
      {goals.length === 0 ? <p class="empty">{own.none}</p> : <GoalsTable {...page} />}
      {form === null ? (
        <p class="aside">{own.whoMay}</p>
      ) : (
        <section class="stack" aria-labelledby="set">
          <h2 id="set">{own.set}</h2>
          <GoalFields words={words} locale={page.locale} action="/staff/goals" form={form} submit={own.set} />
        </section>
      )}
    </OwnFrame>
  );
}

/** One goal, to be changed or ended. */
export function GoalPage(page: OwnPage & { goal: Goal; form: GoalForm }): VNode {
  const { words, locale, goal, form } = page;
  const own = words.goals;
  const action = `/staff/goals/${goal.id}`;
  return (
    <OwnFrame {...page} title={own.changeTitle}>
      <p>
        <a href={`/staff/goals?locale=${locale}`}>{own.back}</a>
      </p>
      <h1>{own.changeTitle}</h1>
      <GoalFields words={words} locale={locale} action={action} form={form} submit={own.save} />
      <form method="post" action={`${action}/end`}>
        <HiddenFields fields={{ form_token: form.token, locale }} />
        <Button kind="stop">{own.end}</Button>
      </form>
    </OwnFrame>
  );
}

function GoalsTable(page: OwnPage & { goals: readonly Goal[]; today: string; form: GoalForm | null }): VNode {
  const { words, locale, goals, today, form } = page;
  const { columns, states, days, allGifts, title, change } = words.goals;
  return (
    <section class="table" aria-label={words.reports.tableScrolls(title)} {...reachable}>
      <table>
        <thead>
          <tr>
            <th scope="col">{columns.title}</th>
            <th scope="col">{columns.campaign}</th>
            <th scope="col" class="number">
              <a class="term" href={`/staff/definitions?locale=${locale}#goal-target`}>
                {columns.target}
              </a>
            </th>
            <th scope="col">{columns.days}</th>
            <th scope="col">{columns.state}</th>
          </tr>
        </thead>
        <tbody>
          {goals.map((goal) => (
            <tr>
              <th scope="row">
                {form !== null && goal.endedAt === null ? (
                  <a href={`/staff/goals/${goal.id}?locale=${locale}`} title={change}>
                    {goal.title}
                  </a>
                ) : (
                  goal.title
                )}
              </th>
              <td>{goal.campaign ?? allGifts}</td>
              <td class="number">{targetText(words, goal)}</td>
              <td>{days(words.common.date(goal.firstOn), words.common.date(goal.lastOn))}</td>
              <td>{states[stateOf(goal, today)]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function GoalFields({
  words,
  locale,
  action,
  form,
  submit,
}: {
  words: Words;
  locale: string;
  action: string;
  form: GoalForm;
  submit: string;
}): VNode {
  const { fields } = words.goals;
  const { typed, faults } = form;
  const fault = (field: string) => faultIn(words, faults, field);
  return (
    <form method="post" action={action} class="stack form">
      <FaultSummary words={words} faults={faults} />
      <HiddenFields fields={{ form_token: form.token, locale, key: form.key }} />
      <Field
        name="title"
        label={fields.title}
        value={typed.title}
        fault={fault('title')}
        maxlength={120}
        required
      />
      <Field
        name="campaign"
        label={fields.campaign}
        hint={fields.campaignHint}
        value={typed.campaign}
        fault={fault('campaign')}
        maxlength={100}
      />
      <Field
        name="amount"
        label={fields.amount}
        value={typed.amount}
        fault={fault('amount')}
        inputmode="decimal"
        maxlength={20}
        required
      />
      <Select
        name="currency"
        label={fields.currency}
        hint={fields.currencyHint}
        value={typed.currency}
        fault={fault('currency')}
        options={form.currencies.map((value) => ({ value, label: value }))}
      />
      <Field
        name="first_on"
        type="date"
        label={fields.from}
        value={typed.first_on}
        fault={fault('first_on')}
        required
      />
      <Field
        name="last_on"
        type="date"
        label={fields.until}
        value={typed.last_on}
        fault={fault('last_on')}
        required
      />
      <p>
        <Button>{submit}</Button>
      </p>
    </form>
  );
}

function targetText(words: Words, { targetMinor, currency }: Goal): string {
  if (!isCurrency(currency)) throw new Error('A goal names a currency that is none');
  return words.common.money({ amountMinor: targetMinor, currency });
}

const reachable = { tabIndex: 0 };
