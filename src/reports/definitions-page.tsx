// How we count: every figure's definition, at the place that the figure leads to.
import type { VNode } from 'preact';
import type { Words } from '../words/words.ts';

export type FigurePlace = keyof Words['reports']['figures'];

/** Every place on the page, by group, in the order of reading. */
export const definitionGroups: readonly [keyof Words['reports']['groups'], readonly FigurePlace[]][] = [
  ['time', ['period', 'currency', 'unconverted']],
  [
    'income',
    [
      'payments',
      'gross',
      'fees-covered',
      'refunds',
      'disputes',
      'fees',
      'net',
      'first-gifts',
      'repeat-gifts',
      'once',
      'month',
      'year',
    ],
  ],
  [
    'regular',
    [
      'mrr',
      'start',
      'new',
      'reactivation',
      'expansion',
      'contraction',
      'churn-voluntary',
      'churn-involuntary',
      'paused',
      'resumed',
      'fx',
      'end',
      'committed',
      'paused-end',
      'arr',
      'members',
      'supporters',
      'new-supporters',
      'lost-supporters',
      'happened-at',
      'movement',
      'mrr-delta',
    ],
  ],
  [
    'leaving',
    [
      'active-at-start',
      'churned',
      'cancellations-requested',
      'supporter-churn-rate',
      'gross-mrr-churn-rate',
      'net-mrr-churn-rate',
      'arpu',
      'ltv',
    ],
  ],
  [
    'again',
    [
      'retention-donors',
      'retained',
      'retention-rate',
      'new-donors',
      'new-retained',
      'new-rate',
      'repeat-donors',
      'repeat-retained',
      'repeat-rate',
      'previous',
      'growth-new',
      'recaptured',
      'upgraded',
      'lapsed',
      'downgraded',
      'current',
      'previous-donors',
      'growth-new-donors',
      'recaptured-donors',
      'upgraded-donors',
      'lapsed-donors',
      'downgraded-donors',
      'current-donors',
      'cohort',
      'size',
      'offset',
      'giving',
      'not-churned',
    ],
  ],
  [
    'recovery',
    [
      'attempted',
      'failed-first',
      'recovered',
      'failure-rate',
      'recovery-rate',
      'within-days',
      'bills',
      'share',
      'share-so-far',
      'at-risk',
      'forecast-due',
      'expected',
    ],
  ],
  [
    'people',
    [
      'first-gift-on',
      'last-gift-on',
      'gifts',
      'last-year',
      'lifetime',
      'donor-type',
      'standing',
      'country',
      'given',
    ],
  ],
  ['disputes', ['answer-by', 'dispute-state', 'reason', 'opened-at', 'stripe-dispute-id', 'card-testing']],
  ['goals', ['goal-target', 'goal-raised', 'goal-pace', 'goal-estimate']],
  ['sources', ['key', 'donors', 'new-members']],
  [
    'reminders',
    ['source', 'stage', 'choice', 'asked', 'confirmed', 'due', 'sent', 'opened', 'gave', 'reminders-net'],
  ],
  [
    'gifts',
    [
      'paid-at',
      'id',
      'reader-id',
      'kind',
      'amount',
      'fee',
      'returned',
      'article',
      'campaign',
      'component',
      'stripe-payment-intent-id',
    ],
  ],
  [
    'letters',
    [
      'letters-kind',
      'written',
      'letters-sent',
      'queued',
      'late',
      'refused',
      'expired',
      'held-back',
      'taken-back',
      'ambiguous',
      'bounced',
      'complaints',
      'letter-problems-problem',
      'letters',
      'trying',
      'letter-problems-ended',
      'letter-problems-returned',
      'newest-at',
      'suppressions-reason',
      'scope',
      'addresses',
      'added',
    ],
  ],
  ['events', ['created-at', 'type', 'state', 'problem', 'attempts', 'delay-s', 'event-id']],
  ['work', ['work', 'waiting', 'oldest-waiting-s', 'given-up', 'last-done-at']],
];

export function Definitions({ words }: { words: Words }): VNode {
  const { reports } = words;
  return (
    <div class="stack loose">
      <div class="stack close">
        <h1>{reports.definitionsTitle}</h1>
        <p>{reports.definitionsLead}</p>
      </div>
      {definitionGroups.map(([group, places]) => (
        <section class="stack" aria-labelledby={`group-${group}`}>
          <h2 id={`group-${group}`}>{reports.groups[group]}</h2>
          <dl class="definitions">
            {places.map((place) => (
              <div id={place}>
                <dt>{reports.figures[place].term}</dt>
                <dd>{reports.figures[place].text}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
