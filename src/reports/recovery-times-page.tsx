// Recovery times as a page or a part of one: in how many days half of the failed bills were collected, and all of them step by step.
import type { VNode } from 'preact';
import type { Answer } from './answer.ts';
import { countText } from './figures.ts';
import { Files, ReportTable, type Seen } from './table.tsx';

/** Under the figures of recovery, of which it tells the same bills. */
export function TimesBeneath({ seen, times }: { seen: Seen; times: Answer }): VNode | null {
  const { words } = seen;
  if (!times.totals?.bills) return null;
  return (
    <section class="stack" aria-labelledby="times">
      <div class="row apart">
        <h2 id="times">{words.reports.names['recovery-times']}</h2>
        <Files seen={seen} answer={times} />
      </div>
      <HalfOfThem seen={seen} times={times} />
      <ReportTable seen={seen} answer={times} />
    </section>
  );
}

/** One number for all of it; of no bills there is no half. */
export function HalfOfThem({ seen: { words }, times }: { seen: Seen; times: Answer }): VNode | null {
  const { bills, median_days: days } = times.totals ?? {};
  if (typeof days !== 'number' || typeof bills !== 'number') return null;
  return <p>{words.reports.halfWithin(countText(words, bills), bills, Math.round(days * 10) / 10)}</p>;
}
