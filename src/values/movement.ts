// Movement: the kinds of change of what a supporter promises a month.

/** In the order in which reports tell them. What each means: `ledger/movement.ts`. */
export const movementKinds = [
  'new',
  'reactivation',
  'expansion',
  'contraction',
  'churn_voluntary',
  'churn_involuntary',
  'paused',
  'resumed',
] as const;
export type MovementKind = (typeof movementKinds)[number];
