// The reader's pages about one or two gifts: another amount, and which of two gifts go on.
import type { VNode } from 'preact';
import type { RegularGift } from '../ledger/giver.ts';
import { localDate } from '../values/calendar.ts';
import { isOffered, limitsFor } from '../values/limits.ts';
import { currencySign, decimalString, exponentOf } from '../values/money.ts';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, Field, faultIn, HiddenFields } from '../web/form.tsx';
import { GiftFacts, type OwnPage, type Way, Whole } from './pages.tsx';
import { keepsChoices, type TwoGifts } from './second-gift.ts';

/** The form for another amount; or, once Stripe has taken it on, what will be collected from when on. */
export function AmountPage(
  page: OwnPage & {
    way: Way;
    gift: RegularGift;
    /** Makes a form sent twice one change. */
    wish: string;
    typed: string;
    faults: readonly Fault[];
    away: boolean;
    asked: { amount: string; from: string } | null;
  },
): VNode {
  const { words, locale, gift, asked, publication, way } = page;
  const { account, common } = words;
  const { currency } = gift.amount;
  const day = common.date(localDate(gift.periodEndsAt, publication.timeZone));
  const back = `${way.home}?locale=${locale}`;
  if (asked !== null) {
    return (
      <Whole {...page} title={account.amountTitle}>
        <h1>{account.amountTitle}</h1>
        <p class="lead" role="status">
          {account.amountAsked(asked.amount, common.date(asked.from))}
        </p>
        <p class="actions">
          <a href={back}>{account.back}</a>
        </p>
      </Whole>
    );
  }
  const limits = isOffered(currency) ? limitsFor(currency, gift.interval) : null;
  const money = (amountMinor: bigint) => common.money({ amountMinor, currency });
  return (
    <Whole {...page} title={account.amountTitle}>
      <h1>{account.amountTitle}</h1>
      {page.away && (
        <div class="faults" role="alert">
          <p>{account.amountAway}</p>
        </div>
      )}
      <p class="lead">{account.amountText(common.moneyHowOften(gift.amount, gift.interval), day)}</p>
      <form class="stack" method="post" action={`${way.path}/amount`}>
        <FaultSummary words={words} faults={page.faults} />
        <Field
          name="amount"
          label={account.amountLabel[gift.interval]}
          value={page.typed}
          sign={currencySign(currency, locale)}
          inputmode={exponentOf(currency) === 0 ? 'numeric' : 'decimal'}
          autocomplete="off"
          maxlength={40}
          {...(limits !== null && { hint: account.amountHint(money(limits.minimum), money(limits.maximum)) })}
          fault={faultIn(words, page.faults, 'amount')}
          required
        />
        <HiddenFields fields={{ gift: gift.id, wish: page.wish, locale, form_token: way.formToken }} />
        <Button wide busy={common.sending}>
          {account.changeAmount}
        </Button>
      </form>
      <p class="actions">
        <a href={back}>{account.back}</a>
      </p>
    </Whole>
  );
}

/** Both gifts, what holds now, and a button for each other choice. No address and no name: whoever holds the letter sees this. */
export function SecondGiftPage(page: OwnPage & { token: string; two: TwoGifts }): VNode {
  const { words, two, token, locale } = page;
  const { account } = words;
  const kept = { both: account.keptBoth, newer: account.keptNewer, older: account.keptOlder };
  const keep = { both: account.keepBoth, newer: account.keepNewer, older: account.keepOlder };
  return (
    <Whole {...page} title={account.secondTitle}>
      <h1>{account.secondTitle}</h1>
      <p class="lead">{two.open ? account.secondText : account.secondOver}</p>
      <h2>{account.secondNewer}</h2>
      <GiftFacts {...page} gift={two.newer} />
      <h2>{account.secondOlder}</h2>
      <GiftFacts {...page} gift={two.older} />
      {two.open && (
        <form class="stack" method="post" action={`/account/second/${token}`}>
          <p role="status">{kept[two.keeps]}</p>
          <HiddenFields fields={{ locale }} />
          {keepsChoices
            .filter((keeps) => keeps !== two.keeps)
            .map((keeps) => (
              <Button wide name="keeps" value={keeps} busy={words.common.sending}>
                {keep[keeps]}
              </Button>
            ))}
        </form>
      )}
    </Whole>
  );
}

/** The link is no good; the way to one's gifts is by signing in. */
export function SecondGiftOverPage(page: OwnPage): VNode {
  const { words } = page;
  const { account } = words;
  return (
    <Whole {...page} title={account.brokenTitle}>
      <h1>{account.brokenTitle}</h1>
      <p class="lead">{account.secondBroken}</p>
      <p class="actions">
        <a class="button" href={`/account?locale=${page.locale}`}>
          {words.common.signIn}
        </a>
      </p>
    </Whole>
  );
}

/** What stands in the field before anything was typed: the amount as it is. */
export function typedAmount({ amount }: RegularGift): string {
  return decimalString(amount);
}
