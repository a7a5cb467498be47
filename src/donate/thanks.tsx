// The thanks page: what happened to a checkout, read from the ledger and never from the address.
import { asc, eq } from 'drizzle-orm';
import type { VNode } from 'preact';
import { type Checkout, checkoutById } from '../ledger/checkout.ts';
import type { Reads } from '../outside/database.ts';
import { payments } from '../schema.ts';
import type { Locale } from '../values/locale.ts';
import { isCurrency, type Money } from '../values/money.ts';
import { ReaderPage } from '../web/layout.tsx';
import { RemindAgain, type Reminding } from '../web/reminding.tsx';
import type { Words } from '../words/words.ts';
import { donateAgainPath } from './pages.tsx';

/** What became of a checkout. */
export type Outcome = 'paid' | 'processing' | 'open' | 'expired' | 'failed';

export interface Told {
  checkout: Checkout;
  outcome: Outcome;
}

/** What the ledger knows of a checkout now; null when there is none of that id. */
export async function tellOutcome(reads: Reads, checkoutId: string): Promise<Told | null> {
  const checkout = await checkoutById(reads, checkoutId);
  if (!checkout) return null;
  const [payment] = await reads
    .select({ id: payments.id })
    .from(payments)
    .where(eq(payments.checkoutId, checkoutId))
    .orderBy(asc(payments.paidAt))
    .limit(1);
  return { checkout, outcome: outcomeOf(checkout, payment !== undefined) };
}

export function outcomeOf(checkout: Pick<Checkout, 'state' | 'asyncFailed'>, paid: boolean): Outcome {
  if (paid) return 'paid';
  if (checkout.state === 'completed') return checkout.asyncFailed ? 'failed' : 'processing';
  if (checkout.state === 'expired' || checkout.state === 'abandoned') return 'expired';
  return 'open';
}

export interface ThanksPageProps extends Told {
  words: Words;
  locale: Locale;
  publication: string;
  languages: { locale: Locale; href: string }[];
  /** Stripe could not be asked just now: the page looks again by itself instead of saying what it does not know. */
  unsure: boolean;
  /** Sites whose articles may be led back to: an address in a query is anyone's. */
  articleOrigins: readonly string[];
  /** For the browser that has just paid a single gift; others are led to the form that asks for an address. */
  reminding: Reminding | null;
}

export function ThanksPage(page: ThanksPageProps): VNode {
  const { words, locale, publication, outcome, checkout } = page;
  const said = words.donate.thanks;
  const waiting = outcome === 'processing' || (outcome === 'open' && page.unsure);
  const title =
    outcome === 'paid'
      ? said.paidTitle
      : waiting
        ? said.processingTitle
        : outcome === 'open'
          ? said.openTitle
          : said.notPaidTitle;
  return (
    <ReaderPage
      words={words}
      locale={locale}
      title={title}
      publication={publication}
      narrow
      languages={page.languages}
      {...(page.reminding && { scripts: ['remind-me'] })}
      {...(waiting && { refreshSeconds: page.unsure ? 3 : 15 })}
    >
      <div class="stack">
        {outcome === 'paid' && (
          <Paid words={words} checkout={checkout} articleOrigins={page.articleOrigins} />
        )}
        {outcome === 'paid' && checkout.frequency === 'once' && <Again {...page} />}
        {waiting && (
          <>
            <h1>{title}</h1>
            <p class="lead" role="status">
              {page.unsure ? said.askingText : said.processingText}
            </p>
          </>
        )}
        {outcome !== 'paid' && !waiting && (
          <NotPaid words={words} outcome={outcome} checkout={checkout} title={title} />
        )}
      </div>
    </ReaderPage>
  );
}

function Paid({
  words,
  checkout,
  articleOrigins,
}: Pick<ThanksPageProps, 'words' | 'checkout' | 'articleOrigins'>): VNode {
  const said = words.donate.thanks;
  const total = moneyOf(checkout.amountMinor, checkout.currency);
  const amount = total === null ? '' : words.common.money(total);
  const back = articleLink(checkout.article, articleOrigins);
  const says = { once: said.paidOnce, month: said.paidMonth, year: said.paidYear };
  return (
    <>
      <div class="stack close">
        <p class="state thanks small">{said.paidState}</p>
        <h1>{said.paidTitle}</h1>
      </div>
      <p class="lead">{says[checkout.frequency](amount)}</p>
      <dl class="facts">
        <dt>{words.common.amount}</dt>
        <dd>{amount}</dd>
        <dt>{words.donate.frequencyLegend}</dt>
        <dd>{words.common.frequency[checkout.frequency]}</dd>
      </dl>
      <p>{said.receipt}</p>
      {checkout.frequency !== 'once' && <p>{said.lookAfter}</p>}
      {back !== null && (
        <p class="actions">
          <a href={back}>{said.backToReading}</a>
        </p>
      )}
    </>
  );
}

/** One gift asks for no promise; who likes can be asked again, once. */
function Again({ words, locale, checkout, reminding }: ThanksPageProps): VNode {
  const { again } = words.reminders;
  return (
    <>
      <hr class="rule" />
      {reminding === null ? (
        <p>
          <a href={`/remind-me?${laterQuery(checkout, locale)}`}>{again.elsewhere}</a>
        </p>
      ) : (
        <RemindAgain
          words={words}
          locale={locale}
          reminding={reminding}
          title={again.title}
          text={again.text}
        />
      )}
    </>
  );
}

function laterQuery({ article, campaign }: Checkout, locale: Locale): URLSearchParams {
  const query = new URLSearchParams({ stage: 'again', when: 'quarter', component: 'thanks', locale });
  if (article !== null) query.set('article', article);
  if (campaign !== null) query.set('campaign', campaign);
  return query;
}

function NotPaid({
  words,
  outcome,
  checkout,
  title,
}: {
  words: Words;
  outcome: Outcome;
  checkout: Checkout;
  title: string;
}): VNode {
  const said = words.donate.thanks;
  const text =
    outcome === 'open' ? said.openText : outcome === 'expired' ? said.expiredText : said.notPaidText;
  return (
    <>
      <h1>{title}</h1>
      <p class="lead">{text}</p>
      <p class="actions">
        <a class="button" href={donateAgainPath(checkout)}>
          {said.again}
        </a>
      </p>
    </>
  );
}

function moneyOf(amountMinor: bigint, currency: string): Money | null {
  return isCurrency(currency) ? { amountMinor, currency } : null;
}

function articleLink(article: string | null, origins: readonly string[]): string | null {
  const address = article === null ? null : URL.parse(article);
  return address && origins.includes(address.origin) ? address.href : null;
}
