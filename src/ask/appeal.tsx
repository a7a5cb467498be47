// The appeal: what stands at the end of an article, in a frame on the publisher's page.
import type { VNode } from 'preact';
import { limitsFor } from '../values/limits.ts';
import type { Locale } from '../values/locale.ts';
import { Button, HiddenFields } from '../web/form.tsx';
import {
  AmountChoice,
  type Choice,
  FrequencyChoice,
  givingFacts,
  SupportWords,
  WhatHappensNext,
} from '../web/giving.tsx';
import { FramePage } from '../web/layout.tsx';
import { PaymentMarks } from '../web/marks.tsx';
import type { Words } from '../words/words.ts';

export interface AppealPageProps {
  words: Words;
  locale: Locale;
  publication: string;
  /** The publication's own words; null for ours. */
  ownWords: string | null;
  baseUrl: string;
  choice: Choice;
  /** Makes the form, sent twice, one checkout. */
  formKey: string;
  /** The page around it is light whatever the reader's device prefers. */
  light: boolean;
}

export function AppealPage(page: AppealPageProps): VNode {
  const { words, locale, publication, baseUrl, choice } = page;
  const minimum = { amountMinor: limitsFor(choice.currency, 'month').minimum, currency: choice.currency };
  return (
    <FramePage
      words={words}
      locale={locale}
      title={words.ask.frameTitle(publication)}
      publication={publication}
      scripts={['giving', 'appeal']}
      light={page.light}
    >
      <section class="appeal stack" aria-labelledby="appeal-heading">
        <div class="stack close">
          <h1 id="appeal-heading">{words.ask.heading}</h1>
          <p>
            {page.ownWords ?? words.ask.text(publication)}{' '}
            <strong>{words.ask.fromAMonth(words.common.money(minimum))}</strong>
          </p>
        </div>
        <form
          class="giving stack"
          method="post"
          action={`${baseUrl}/donate`}
          target="_top"
          {...givingFacts(locale, choice.currency)}
        >
          <FrequencyChoice words={words} locale={locale} choice={choice} />
          <AmountChoice words={words} locale={locale} choice={choice} />
          <HiddenFields fields={{ currency: choice.currency, locale, ...choice.source, key: page.formKey }} />
          <div class="stack">
            <Button wide busy={words.donate.goingToPayment}>
              <SupportWords words={words} choice={choice} />
            </Button>
            <PaymentMarks words={words} currency={choice.currency} />
            <WhatHappensNext words={words} />
          </div>
        </form>
        <p class="later">
          {words.ask.notReady}{' '}
          <a href={`${baseUrl}/remind-me?${laterQuery(choice, locale)}`} target="_top">
            {words.ask.remindMeLater}
          </a>
        </p>
      </section>
    </FramePage>
  );
}

function laterQuery(choice: Choice, locale: Locale): URLSearchParams {
  return new URLSearchParams({ ...choice.source, locale });
}
