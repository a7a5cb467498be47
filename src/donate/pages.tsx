// The donate page: how often, how much, and one button that says what happens.
import type { VNode } from 'preact';
import type { OfferedCurrency } from '../values/limits.ts';
import type { Locale } from '../values/locale.ts';
import { add, decimalString } from '../values/money.ts';
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
import { type Gift, queryOf } from './gift.ts';
import type { Running } from './running.ts';

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
  /** What a reader who is known gives already. */
  running: Running | null;
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
        {page.running !== null && faults.length === 0 && (
          <div class="note stack close">
            <p>{saidOf(page, page.running)}</p>
            <p>
              <a href={wayTo(page, page.running, null)}>{wayWords(page, page.running)}</a>
            </p>
          </div>
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
        {page.running === null && (
          <p class="later">
            {words.donate.running.question}{' '}
            <a href={`/account?locale=${locale}`}>{words.donate.running.lookAfter}</a>
          </p>
        )}
      </div>
    </ReaderPage>
  );
}

/** Before a second regular gift of a reader who is known: the first one can be changed instead, and both can be meant. */
export function RunningPage(page: {
  words: Words;
  locale: Locale;
  publication: string;
  languages: { locale: Locale; href: string }[];
  formKey: string;
  gift: Gift & { locale: Locale };
  running: Running;
}): VNode {
  const { words, locale, publication, gift, running } = page;
  const { donate } = words;
  return (
    <ReaderPage
      words={words}
      locale={locale}
      title={donate.running.title}
      publication={publication}
      languages={page.languages}
      narrow
    >
      <div class="stack loose">
        <div class="stack">
          <h1>{donate.running.title}</h1>
          <p class="lead">{saidOf(page, running)}</p>
          <p>
            <a class="button wide" href={wayTo(page, running, gift)}>
              {wayWords(page, running)}
            </a>
          </p>
        </div>
        <form class="stack" method="post" action="/donate">
          <hr class="rule" />
          <p>
            {donate.running.second(words.common.moneyHowOften(add(gift.amount, gift.cover), gift.frequency))}
          </p>
          <HiddenFields
            fields={{
              ...Object.fromEntries(queryOf(gift)),
              email: gift.address,
              key: page.formKey,
              besides: 'yes',
            }}
          />
          <Button kind="quiet" wide busy={donate.goingToPayment}>
            {donate.running.begin}
          </Button>
        </form>
      </div>
    </ReaderPage>
  );
}

type Said = { words: Words; locale: Locale };

function saidOf({ words }: Said, { gift }: Running): string {
  const { running } = words.donate;
  const given = words.common.moneyHowOften(gift.amount, gift.interval);
  return gift.standing === 'past_due' ? running.overdue(given) : running.text(given);
}

function wayWords({ words }: Said, running: Running): string {
  const { lookAfter, changeAmount, changeCard } = words.donate.running;
  if (running.gift.standing === 'past_due') return changeCard;
  return takesAmount(running) ? changeAmount : lookAfter;
}

/** To the page of its amount, with what was chosen now where that fits; else to where the gift is looked after. */
function wayTo({ locale }: Said, running: Running, chosen: Gift | null): string {
  const { gift, signedIn } = running;
  const query = new URLSearchParams({ locale });
  if (!takesAmount(running) || !signedIn) return `/account?${query}`;
  query.set('gift', gift.id);
  const fits = chosen?.amount.currency === gift.amount.currency && chosen.frequency === gift.interval;
  if (fits) query.set('amount', decimalString(chosen.amount));
  return `/account/gifts/amount?${query}`;
}

function takesAmount({ gift: { standing, endsAt } }: Running): boolean {
  return standing === 'active' && endsAt === null;
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
