// The overview of a reader who is signed in: what they give, what they gave, how we write to them, and the way out; and a year's statement.
import type { VNode } from 'preact';
import { localDate } from '../values/calendar.ts';
import { isCurrency } from '../values/money.ts';
import { Button, HiddenFields } from '../web/form.tsx';
import type { Given, History } from './history.ts';
import {
  AskedAgain,
  Gifts,
  type GiftsShown,
  LettersChoice,
  type OwnPage,
  type Way,
  Whole,
} from './pages.tsx';
import type { Statement } from './statements.ts';

export function OverviewPage(page: OwnPage & GiftsShown & { way: Way; history: History }): VNode {
  const { words } = page;
  const { account } = words;
  return (
    <Whole {...page} title={account.title} {...(page.reminding && { scripts: ['remind-me'] })}>
      <h1>{account.title}</h1>
      <h2>{account.overviewGift}</h2>
      {page.gifts.length > 0 ? <Gifts {...page} /> : <NoRegularGift {...page} />}
      <AskedAgain {...page} />
      <WhatWasGiven {...page} />
      <LettersChoice {...page} />
      <WayOut {...page} />
    </Whole>
  );
}

/** One year, for the reader's own records: each day, and by currency what came in all. Looks well on paper. */
export function YearPage(page: OwnPage & { statement: Statement; today: string }): VNode {
  const { words, statement, locale } = page;
  const { account, common, letters } = words;
  const money = (amountMinor: string, currency: string) => moneyIn(page, BigInt(amountMinor), currency);
  return (
    <Whole {...page} title={account.yearTitle(statement.year)}>
      <h1>{account.yearTitle(statement.year)}</h1>
      <p>{account.yearText(page.publication.name, common.date(page.today))}</p>
      <dl class="facts">
        {statement.days.map((day) => (
          <>
            <dt>{common.date(day.on)}</dt>
            <dd>{money(day.amountMinor, day.currency)}</dd>
          </>
        ))}
        {statement.totals.map(({ currency, amountMinor, sentBackMinor }) => {
          const back = BigInt(sentBackMinor);
          const named = statement.totals.length > 1 ? currency : null;
          return (
            <>
              {back !== 0n && (
                <>
                  <dt>{letters.annualStatement.sentBack(named)}</dt>
                  <dd>{moneyIn(page, -back, currency)}</dd>
                </>
              )}
              <dt>
                <strong>{letters.annualStatement.total(named)}</strong>
              </dt>
              <dd>
                <strong>{moneyIn(page, BigInt(amountMinor) - back, currency)}</strong>
              </dd>
            </>
          );
        })}
      </dl>
      <p class="actions">
        <a href={`/account?locale=${locale}`}>{account.backToAccount}</a>
      </p>
    </Whole>
  );
}

function NoRegularGift({ words, locale }: OwnPage): VNode {
  const { account } = words;
  return (
    <>
      <p>{account.overviewNone}</p>
      <p class="actions">
        <a class="button" href={`/donate?component=account&locale=${locale}`}>
          {account.beginGift}
        </a>
      </p>
    </>
  );
}

function WhatWasGiven(page: OwnPage & { history: History }): VNode | null {
  const { words, history, locale } = page;
  const { account, common } = words;
  if (history.newest.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="given-title">
      <hr class="rule" />
      <h2 id="given-title">{account.historyTitle}</h2>
      <dl class="facts">
        {history.newest.map((given) => (
          <>
            <dt>{common.date(localDate(given.paidAt, page.publication.timeZone))}</dt>
            <dd>{amountOf(page, given)}</dd>
          </>
        ))}
      </dl>
      <nav class="actions" aria-labelledby="years-title">
        <span id="years-title">{account.yearsTitle}</span>
        {history.years.map((year) => (
          <a href={`/account/years/${year}?locale=${locale}`}>{String(year)}</a>
        ))}
      </nav>
    </section>
  );
}

function amountOf({ words }: OwnPage, { amount, kind, sentBack }: Given): string {
  const { account, common } = words;
  const back = sentBack === null ? [] : [account.sentBack(common.money(sentBack))];
  return [common.money(amount), account.kind[kind], ...back].join(' · ');
}

function WayOut({ words, locale, way }: OwnPage & { way: Way }): VNode {
  const { account, common } = words;
  return (
    <form class="stack" method="post" action="/account/sign-out">
      <hr class="rule" />
      <h2>{account.signOutTitle}</h2>
      <p>{account.signOutText}</p>
      <HiddenFields fields={{ locale, form_token: way.formToken }} />
      <div class="actions">
        <Button kind="quiet" busy={common.sending}>
          {account.signOut}
        </Button>
        <Button kind="quiet" busy={common.sending} name="everywhere" value="yes">
          {account.signOutEverywhere}
        </Button>
      </div>
    </form>
  );
}

function moneyIn({ words }: OwnPage, amountMinor: bigint, currency: string): string {
  if (!isCurrency(currency)) throw new Error('A statement names a currency that is none');
  return words.common.money({ amountMinor, currency });
}
