// The donate page: how often, how much, and one button that says what happens.
import type { VNode } from 'preact';
import type { OfferedCurrency } from '../values/limits.ts';
import type { Locale } from '../values/locale.ts';
import { decimalString } from '../values/money.ts';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, HiddenFields, Tick } from '../web/form.tsx';
import {
  AmountChoice,
  type Choice,
  CoverWords,
  CurrencyLinks,
  FrequencyChoice,
  givingFacts,
  SupportWords,
  WhatHappensNext,
} from '../web/giving.tsx';
import { ReaderPage } from '../web/layout.tsx';
import { PaymentMarks } from '../web/marks.tsx';
import type { Words } from '../words/words.ts';

export interface DonatePageProps {
  words: Words;
  locale: Locale;
  publication: string;
  choice: Choice;
  faults: readonly Fault[];
  /** Makes this form, sent twice, one checkout. */
  formKey: string;
  /** The reader came back from the payment page. */
  cancelled: boolean;
  languages: { locale: Locale; href: string }[];
}

export function DonatePage(page: DonatePageProps): VNode {
  const { words, locale, publication, choice, faults } = page;
  return (
    <ReaderPage
      words={words}
      locale={locale}
      title={words.donate.title(publication)}
      publication={publication}
      scripts={['giving']}
      languages={page.languages}
    >
      <div class="stack loose">
        <div class="stack close">
          <h1>{words.donate.title(publication)}</h1>
          <p class="lead aside">{words.donate.lead}</p>
        </div>
        {page.cancelled && faults.length === 0 && (
          <p class="note" role="status">
            {words.donate.cancelled}
          </p>
        )}
        <form class="giving stack" method="post" action="/donate" {...givingFacts(locale, choice.currency)}>
          <FaultSummary words={words} faults={faults} />
          <FrequencyChoice words={words} locale={locale} choice={choice} faults={faults} />
          <AmountChoice words={words} locale={locale} choice={choice} faults={faults} />
          <Tick
            name="cover_fees"
            label={<CoverWords words={words} choice={choice} />}
            hint={words.donate.coverFeesWhy}
            ticked={choice.coverFees}
          />
          <HiddenFields
            fields={{
              currency: choice.currency,
              locale,
              ...choice.source,
              reminder: choice.reminder,
              email: choice.address,
              key: page.formKey,
            }}
          />
          <div class="stack">
            <Button wide busy={words.donate.goingToPayment}>
              <SupportWords words={words} choice={choice} coverable />
            </Button>
            <WhatHappensNext words={words} />
            <PaymentMarks words={words} currency={choice.currency} />
          </div>
        </form>
        <CurrencyLinks
          words={words}
          choice={choice}
          href={(currency) => `/donate?${queryWith(choice, locale, currency)}`}
        />
        <hr class="rule" />
        <p class="later">
          {words.donate.notReady}{' '}
          <a href={`/remind-me?${sourceQuery(choice, locale)}`}>{words.donate.remindMeLater}</a>
        </p>
      </div>
    </ReaderPage>
  );
}

/** The same choice in another currency: the amounts are that currency's own. */
function queryWith(choice: Choice, locale: Locale, currency: OfferedCurrency): URLSearchParams {
  const query = sourceQuery(choice, locale);
  query.set('currency', currency);
  query.set('frequency', choice.frequency);
  if (choice.reminder !== null) query.set('reminder', choice.reminder);
  return query;
}

function sourceQuery(choice: Choice, locale: Locale): URLSearchParams {
  const query = new URLSearchParams({ locale });
  for (const [name, value] of Object.entries(choice.source)) query.set(name, value);
  return query;
}

/** The way back to the donate page with what was chosen for a checkout. */
export function donateAgainPath(checkout: {
  frequency: string;
  currency: string;
  amountMinor: bigint;
  feesCoveredMinor: bigint;
  locale: string;
  article: string | null;
  campaign: string | null;
  component: string | null;
}): string {
  const { frequency, currency, locale, article, campaign, component } = checkout;
  const amountMinor = checkout.amountMinor - checkout.feesCoveredMinor;
  const query = new URLSearchParams({ frequency, currency, locale });
  query.set('amount', decimalString({ amountMinor, currency: currency as OfferedCurrency }));
  if (checkout.feesCoveredMinor > 0n) query.set('cover_fees', 'yes');
  for (const [name, value] of Object.entries({ article, campaign, component }))
    if (value) query.set(name, value);
  return `/donate?${query}`;
}
