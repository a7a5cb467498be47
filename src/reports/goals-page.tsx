// Goals on the desk: a thermometer for each, readable without colour, with what was raised, the pace and the days left.
import type { ComponentChildren, VNode } from 'preact';
import { type Currency, exponentOf } from '../values/money.ts';
import type { Words } from '../words/words.ts';
import type { FigurePlace } from './definitions-page.tsx';
import { moneyText } from './figures.ts';
import type { GoalProgress } from './goals.ts';
import { localised, type Seen } from './table.tsx';

export function Goals({ seen, goals }: { seen: Seen; goals: readonly GoalProgress[] }): VNode {
  const { words } = seen;
  return (
    <section class="stack" aria-labelledby="goals">
      <div class="row apart">
        <h2 id="goals">{words.goals.title}</h2>
        <span class="files small">
          <a href={localised(seen, '/staff/goals')}>{words.goals.all}</a>
        </span>
      </div>
      {goals.length === 0 ? (
        <p class="empty">{words.goals.none}</p>
      ) : (
        <ul class="goals">
          {goals.map((goal) => (
            <OneGoal seen={seen} goal={goal} />
          ))}
        </ul>
      )}
    </section>
  );
}

function OneGoal({ seen, goal }: { seen: Seen; goal: GoalProgress }): VNode {
  const { words } = seen;
  const own = words.goals;
  const money = (value: number) => moneyText(words, value, goal.currency);
  const roughly = (value: number) => money(wholeUnits(value, goal.currency));
  const distance = wholeUnits(goal.raised - goal.pace, goal.currency);
  return (
    <li class="goal stack close">
      <h3>{goal.title}</h3>
      <p class="aside small">
        {goal.campaign === null ? own.allGifts : own.ofCampaign(goal.campaign)},{' '}
        {own.days(words.common.date(goal.firstOn), words.common.date(goal.lastOn))}
      </p>
      <Thermometer words={words} goal={goal} />
      <p>
        <Counted seen={seen} place="goal-raised">
          <strong>{own.raisedOf(money(goal.raised), money(goal.target))}</strong>
        </Counted>
        , {own.share(percentOf(words, goal))}
      </p>
      {goal.wentBack !== 0 && <p class="aside small">{own.parts(money(goal.gross), money(goal.wentBack))}</p>}
      <p class="aside small">{timeText(words, goal)}</p>
      {goal.daysUntil === 0 && goal.daysLeft > 0 && (
        <>
          <p class="aside small">
            <Counted seen={seen} place="goal-pace">
              {own.pace(roughly(goal.pace))}
            </Counted>
            {distance !== 0 && (
              <>: {distance > 0 ? own.ahead(money(distance)) : own.behind(money(-distance))}</>
            )}
          </p>
          <p class="aside small">
            {goal.estimate === null ? (
              own.noEstimate
            ) : (
              <Counted seen={seen} place="goal-estimate">
                {own.estimate(roughly(goal.estimate))}
              </Counted>
            )}
          </p>
        </>
      )}
    </li>
  );
}

/** A figure, leading to how it is counted. */
function Counted({
  seen,
  place,
  children,
}: {
  seen: Seen;
  place: FigurePlace;
  children: ComponentChildren;
}): VNode {
  return (
    <a class="term" href={localised(seen, `/staff/definitions#${place}`)}>
      {children}
    </a>
  );
}

/** A tube with its bulb at the start: filled as far as it has come, a line across it where an even pace would be. */
function Thermometer({ words, goal }: { words: Words; goal: GoalProgress }): VNode {
  const own = words.goals;
  const money = (value: number) => moneyText(words, value, goal.currency);
  const shareOf = (value: number) => Math.min(Math.max(value / goal.target, 0), 1);
  const filled = round(shareOf(goal.raised) * tube.long);
  const paceAt = tube.from + round(shareOf(goal.pace) * tube.long);
  const isRunning = goal.daysUntil === 0 && goal.daysLeft > 0;
  const text = own.picture(
    money(goal.raised),
    money(goal.target),
    percentOf(words, goal),
    money(wholeUnits(goal.pace, goal.currency)),
  );
  const nearEnd = paceAt > 300;
  return (
    <svg class="thermometer" viewBox="0 0 400 56" role="img" aria-label={text}>
      <circle class="tube" cx="18" cy="18" r="14" />
      <rect class="tube" x="18" y="8" width={tube.from + tube.long + 6 - 18} height="20" rx="10" />
      {/* Takes away the lines where bulb and tube meet. */}
      <rect class="inside" x="18" y="9" width="24" height="18" />
      <circle class="filled" cx="18" cy="18" r="10" />
      {filled > 0 && <rect class="filled" x="18" y="12" width={tube.from - 18 + filled} height="12" rx="6" />}
      {[0.25, 0.5, 0.75, 1].map((part) => (
        <path class="mark" d={`M${tube.from + tube.long * part} 28v5`} />
      ))}
      {isRunning && (
        <>
          <path class="pace" d={`M${paceAt} 3V36`} />
          <text x={nearEnd ? paceAt + 4 : paceAt - 4} y="50" text-anchor={nearEnd ? 'end' : 'start'}>
            {own.evenPace}
          </text>
        </>
      )}
    </svg>
  );
}

function timeText(words: Words, { daysUntil, daysLeft }: GoalProgress): string {
  if (daysUntil > 0) return words.goals.begins(daysUntil);
  return daysLeft > 0 ? words.goals.daysLeft(daysLeft) : words.goals.over;
}

/** What is reckoned and not counted is told in whole units of the currency: its decimals would say more than is known. */
function wholeUnits(minor: number, currency: Currency): number {
  const perMajor = 10 ** exponentOf(currency);
  return Math.round(minor / perMajor) * perMajor;
}

/** Rounded down: nothing is reached before it is. */
function percentOf(words: Words, { raised, target }: GoalProgress): string {
  const share = Math.floor((100 * raised) / target) / 100;
  return new Intl.NumberFormat(words.locale, { style: 'percent' }).format(share);
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}

const tube = { from: 34, long: 352 };
