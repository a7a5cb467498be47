// The parts of a form in which a reader chooses a gift: shared by the donate page and the appeal.
import type { VNode } from 'preact';
import type { Config } from '../outside/config.ts';
import { isOffered, limitsFor, type OfferedCurrency, offeredCurrencies } from '../values/limits.ts';
import type { Locale } from '../values/locale.ts';
import {
  add,
  currencySign,
  decimalString,
  exponentOf,
  type Frequency,
  feeCover,
  fixedFeeMinor,
  frequencies,
  type Money,
  stepMinor,
} from '../values/money.ts';
import type { Fault } from '../values/refusal.ts';
import type { Words } from '../words/words.ts';
import { Field, faultIn, RadioCards } from './form.tsx';

/** Where the gift was asked for. */
export interface Source {
  article?: string;
  campaign?: string;
  component?: string;
  referrer?: string;
}

/** What is chosen on the form: filled in beforehand, or as it was sent. */
export interface Choice {
  frequency: Frequency;
  currency: OfferedCurrency;
  /** The chosen card of each frequency: a preset in major units, or `other`. */
  cards: Record<Frequency, string>;
  ownAmount: string;
  coverFees: boolean;
  address: string | null;
  source: Source;
  reminder: string | null;
}

/** Nothing chosen yet: monthly, with the suggested amounts. */
export function usualChoice(currency: OfferedCurrency, source: Source): Choice {
  const suggested = (frequency: Frequency) =>
    decimalString({ amountMinor: limitsFor(currency, frequency).suggested, currency });
  return {
    frequency: 'month',
    currency,
    cards: { once: suggested('once'), month: suggested('month'), year: suggested('year') },
    ownAmount: '',
    coverFees: false,
    address: null,
    source,
    reminder: null,
  };
}

/** What is given in unless the reader says otherwise. */
export function usualCurrency({ publication }: Pick<Config, 'publication'>): OfferedCurrency {
  return isOffered(publication.reportingCurrency) ? publication.reportingCurrency : 'USD';
}

interface Parts {
  words: Words;
  locale: Locale;
  choice: Choice;
  faults?: readonly Fault[];
}

/** How often, as three plain choices in a row. */
export function FrequencyChoice({ words, choice, faults = [] }: Parts): VNode {
  return (
    <RadioCards
      name="frequency"
      legend={words.donate.frequencyLegend}
      chosen={choice.frequency}
      grid="frequencies"
      choices={frequencies.map((frequency) => ({
        value: frequency,
        label: words.common.frequency[frequency],
      }))}
      fault={faultIn(words, faults, 'frequency')}
    />
  );
}

/**
 * The cards of all three frequencies and the reader's own amount. The style sheet shows what belongs to the chosen frequency and
 * card, so that all of this works without a script.
 */
export function AmountChoice({ words, locale, choice, faults = [] }: Parts): VNode {
  const { currency } = choice;
  const fault = faultIn(words, faults, 'amount');
  return (
    <>
      {frequencies.map((frequency) => {
        const { presets, minimum } = limitsFor(currency, frequency);
        return (
          <RadioCards
            id={`amount-${frequency}`}
            name={`amount_${frequency}`}
            kind={`set ${frequency}`}
            grid="amounts"
            legend={
              <>
                {words.donate.amountLegend}
                <span class="hint">
                  {' '}
                  · {words.donate.from[frequency](words.common.money({ amountMinor: minimum, currency }))}
                </span>
              </>
            }
            chosen={choice.cards[frequency]}
            choices={[
              ...presets.map((amountMinor, at) => ({
                value: decimalString({ amountMinor, currency }),
                label: words.common.money({ amountMinor, currency }),
                facts: { 'data-at': String(at) } as const,
              })),
              {
                value: 'other',
                label: words.donate.otherAmount,
                kind: 'other',
                facts: { 'data-at': 'other' } as const,
              },
            ]}
          />
        );
      })}
      <div class="own-amount">
        <Field
          name="amount"
          label={words.donate.ownAmount}
          value={choice.ownAmount}
          sign={currencySign(currency, locale)}
          inputmode={exponentOf(currency) === 0 ? 'numeric' : 'decimal'}
          autocomplete="off"
          maxlength={40}
          fault={fault}
        />
      </div>
    </>
  );
}

/**
 * The button's words: exactly what happens for a card; the script says it for the reader's own amount. `coverable`: the form
 * has the tick for covering the fees, so that the words name the whole while it is ticked.
 */
export function SupportWords({
  words,
  choice,
  coverable = false,
}: Pick<Parts, 'words' | 'choice'> & { coverable?: boolean }): VNode {
  const { support } = words.donate;
  return (
    <ByAmount
      choice={choice}
      plain={words.donate.supportAny}
      card={(frequency, amount) => support[frequency](words.common.money(amount))}
      {...(coverable && {
        covered: (frequency: Frequency, amount: Money) =>
          support[frequency](words.common.money(add(amount, feeCover(amount)))),
      })}
      other={(frequency) => words.donate.supportPlain[frequency]}
      template={(frequency) => support[frequency](blank)}
      says="amount"
    />
  );
}

/** What covering the fees adds, exactly. */
export function CoverWords({ words, choice }: Pick<Parts, 'words' | 'choice'>): VNode {
  return (
    <ByAmount
      choice={choice}
      plain={words.donate.coverFeesPlain}
      card={(_frequency, amount) => words.donate.coverFees(words.common.money(feeCover(amount)))}
      other={() => words.donate.coverFeesPlain}
      template={() => words.donate.coverFees(blank)}
      says="fees"
    />
  );
}

/** What follows, by the chosen frequency. */
export function WhatHappensNext({ words }: Pick<Parts, 'words'>): VNode {
  return (
    <div class="small aside">
      {frequencies.map((frequency) => (
        <p class={`by-frequency ${frequency}`}>{words.donate.whatHappensNext[frequency]}</p>
      ))}
    </div>
  );
}

/** The other currencies, each a link to the same form. */
export function CurrencyLinks({
  words,
  choice,
  href,
}: Pick<Parts, 'words' | 'choice'> & { href: (currency: OfferedCurrency) => string }): VNode {
  return (
    <details class="currencies small">
      <summary>{words.donate.otherCurrency(choice.currency)}</summary>
      <ul>
        {offeredCurrencies.map((currency) => (
          <li>
            {currency === choice.currency ? (
              <span aria-current="true">{currency}</span>
            ) : (
              <a href={href(currency)}>{currency}</a>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** For the form element: what the script needs to write amounts and reckon fees as the service does. */
export function givingFacts(locale: Locale, currency: OfferedCurrency): Record<`data-${string}`, string> {
  return {
    'data-locale': locale,
    'data-currency': currency,
    'data-exponent': String(exponentOf(currency)),
    'data-step': String(stepMinor(currency)),
    'data-fixed-fee': String(fixedFeeMinor(currency)),
  };
}

function ByAmount({
  choice,
  plain,
  card,
  covered,
  other,
  template,
  says,
}: {
  choice: Choice;
  plain: string;
  card: (frequency: Frequency, amount: Money) => string;
  /** The words while the reader covers the fees, where they differ. */
  covered?: (frequency: Frequency, amount: Money) => string;
  other: (frequency: Frequency) => string;
  /** The words around an amount that only the script knows, with `{}` for it. */
  template: (frequency: Frequency) => string;
  /** Which sum of the reader's own amount the words name. */
  says: 'amount' | 'fees';
}): VNode {
  const { currency } = choice;
  const own = (frequency: Frequency, sum: 'amount' | 'fees' | 'whole', kind?: string) => (
    <span
      {...(kind !== undefined && { class: kind })}
      data-plain={other(frequency)}
      data-template={template(frequency)}
      data-says={sum}
    >
      {other(frequency)}
    </span>
  );
  return (
    <>
      <span class="plain">{plain}</span>
      {frequencies.map((frequency) => (
        <>
          {limitsFor(currency, frequency).presets.map((amountMinor, at) => (
            <span class={`by-amount ${frequency}-${at}`}>
              {covered === undefined ? (
                card(frequency, { amountMinor, currency })
              ) : (
                <>
                  <span class="bare">{card(frequency, { amountMinor, currency })}</span>
                  <span class="covered">{covered(frequency, { amountMinor, currency })}</span>
                </>
              )}
            </span>
          ))}
          <span class={`by-amount ${frequency}-other`}>
            {own(frequency, says, covered && 'bare')}
            {covered && own(frequency, 'whole', 'covered')}
          </span>
        </>
      ))}
    </>
  );
}

const blank = '{}';
