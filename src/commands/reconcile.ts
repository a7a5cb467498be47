// `favor reconcile`: compares our books with Stripe, mends what was missed and says what differed.
import { type DriftReport, hasDrift } from '../stripe/drift.ts';
import { type Progress, reconcile as reconcileBooks, usualPerSecond } from '../stripe/reconcile.ts';
import { isDate, startOfDay } from '../values/calendar.ts';
import { decimalString, isCurrency } from '../values/money.ts';
import { withServices } from './environment.ts';
import { type Answer, type Call, stop, table, textOf, type Verb } from './verb.ts';

export const reconcile: Verb = {
  help: `favor reconcile [--since DATE] [--rate N] [--anew]

Walks through everything of ours at Stripe (checkouts, memberships, invoices, charges, refunds, disputes
and the events of the last 30 days), keeps what was missed exactly as a webhook would have, and says what
differed. A new database is filled again with all that Stripe remembers; nobody is written to about what is
older than a letter's deadline. The service itself does this every night for the last three days.
It may be stopped at any time: called again with the same --since, it goes on where it stopped.

  --since   only what happened from this day on (in the publication's time zone); memberships always
  --rate    calls a second at most (${usualPerSecond}); Stripe allows 100 live and 25 in test mode
  --anew    begin from the start, even where a walk was cut short
  --json    answer the report: {"money": [{kind, currency, at_stripe, here, drift_minor, missing, different,
            mended, left, only_here}], "memberships": {…}, "events_missed", …, "whole"}

Ends with 1 when something still differs.`,
  options: {
    since: { type: 'string' },
    rate: { type: 'string' },
    anew: { type: 'boolean' },
  },
  async run(call) {
    if (call.words.length > 0) return stop('Say: reconcile [--since DATE]', 'usage');
    const since = textOf(call, 'since');
    if (since !== undefined && !isDate(since))
      return stop('--since must be a day, as in 2026-03-01.', 'usage');
    const perSecond = rateOf(call);
    return withServices(call, async (services) => {
      const outcome = await reconcileBooks(services, {
        since: since === undefined ? null : startOfDay(since, services.config.publication.timeZone),
        scope: since === undefined ? 'everything' : `since ${since}`,
        anew: call.options.anew === true,
        perSecond,
        progress: say(call),
      });
      if ('stopped' in outcome) {
        return stop('Another is under way with the same --since, or was killed less than two minutes ago.');
      }
      return answerOf(outcome.report);
    });
  },
};

function rateOf(call: Call): number {
  const text = textOf(call, 'rate') ?? String(usualPerSecond);
  const rate = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return rate > 0 ? rate : stop('--rate must be a whole number from 1 to 9999.', 'usage');
}

/** A line when the kind of object changes, when Stripe makes us wait, and every few thousand objects. */
function say(call: Call): (progress: Progress) => void {
  let last: Progress | null = null;
  return (progress) => {
    if (last === null && progress.resumed) call.progress('Going on where the last one stopped.');
    const waits = progress.waitingSeconds;
    if (waits !== undefined && waits >= 1) call.progress(`Stripe makes us wait ${Math.ceil(waits)} s.`);
    if (last === null || progress.step !== last.step || progress.objects - last.objects >= 2000) {
      call.progress(`${progress.step}: ${progress.objects} looked at so far, ${progress.mended} mended`);
      last = progress;
    }
  };
}

function answerOf(report: DriftReport): Answer {
  return { text: textOfReport(report), json: report, failed: !report.whole };
}

function textOfReport(report: DriftReport): string {
  const { memberships } = report;
  const lines = [
    hasDrift(report)
      ? report.whole
        ? 'Something was missed, and has been mended: our books agree with Stripe now.'
        : 'Our books still differ from Stripe. A person must look.'
      : 'Our books agree with Stripe.',
    '',
    ...(report.money.length > 0
      ? [
          table(
            [
              'kind',
              'currency',
              'at Stripe',
              'was here',
              'differed by',
              'missing',
              'mended',
              'left',
              'only here',
            ],
            report.money.map((line) => [
              line.kind.replace('_', ' '),
              line.currency,
              amount(line.at_stripe.minor, line.currency),
              amount(line.here.minor, line.currency),
              amount(line.drift_minor, line.currency),
              String(line.missing),
              String(line.mended),
              String(line.left),
              line.only_here.count === 0
                ? '0'
                : `${line.only_here.count} (${amount(line.only_here.minor, line.currency)})`,
            ]),
          ),
          '',
        ]
      : []),
    table(
      [
        'memberships',
        'at Stripe',
        'missing',
        'standing',
        'amount',
        'period',
        'ending',
        'mended',
        'left',
        'only here',
      ],
      [
        [
          '',
          ...[
            memberships.at_stripe,
            memberships.missing,
            memberships.standing,
            memberships.amount,
            memberships.period,
            memberships.ending,
            memberships.mended,
            memberships.left,
            memberships.only_here,
          ].map(String),
        ],
      ],
    ),
    '',
    `${report.events_missed} events had never arrived. ${report.checkouts.mended} checkouts mended, ${report.checkouts.adopted} written anew. ${report.settled} fees filled in, ${report.disputes_mended} disputes and warnings brought up to date, ${report.failures_mended} failed attempts written anew.`,
    `${report.objects} objects in ${report.requests} calls; ${report.foreign} of other products passed over.`,
    ...(report.failed > 0 ? [`${report.failed} could not be kept: the log says why.`] : []),
  ];
  return lines.join('\n');
}

function amount(minor: number, currency: string): string {
  if (!isCurrency(currency)) return String(minor);
  const text = decimalString({ amountMinor: BigInt(Math.abs(minor)), currency });
  return minor < 0 ? `-${text}` : text;
}
