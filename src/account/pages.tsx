// The reader's own pages: looking after a regular gift, and coming back from the portal.
import type { ComponentChildren, VNode } from 'preact';
import { byCustomer, type RegularGift } from '../ledger/giver.ts';
import { runs } from '../ledger/standing.ts';
import { localDate } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import { Button, HiddenFields } from '../web/form.tsx';
import { ReaderPage } from '../web/layout.tsx';
import { RemindAgain, type Reminding } from '../web/reminding.tsx';
import type { Words } from '../words/words.ts';
import { unchangeable } from './amount.ts';

export interface OwnPage {
  words: Words;
  locale: Locale;
  publication: { name: string; timeZone: string };
  languages: { locale: Locale; href: string }[];
}

/** Where the pages of the gifts stand, and what their forms carry: a letter's link, or a session. */
export interface Way {
  /** Under which the acts stand: `/account/manage/TOKEN`, or `/account/gifts`. */
  path: string;
  /** Where the gifts are shown. */
  home: string;
  /** Binds forms to the session; null behind a letter's link, which is proof by itself. */
  formToken: string | null;
}

export interface GiftsShown {
  gifts: readonly RegularGift[];
  trouble: 'away' | 'gone' | null;
  /** How the reader's letters look from the outside; null where the publication has decided it for all. */
  discreet: boolean | null;
  /** Where nothing goes on: the reader may be asked again, once. */
  reminding: Reminding | null;
}

/** What is given, and the button that opens Stripe's page. No address and no name: whoever holds the letter sees this. */
export function ManagePage(page: OwnPage & GiftsShown & { way: Way }): VNode {
  if (page.gifts.length === 0) return <NoGift {...page} />;
  const said = whatIsSaid(page.words, page.gifts);
  return (
    <Whole {...page} title={said.title} {...(page.reminding && { scripts: ['remind-me'] })}>
      <h1>{said.title}</h1>
      <Gifts {...page} />
      <LettersChoice {...page} />
      <AskedAgain {...page} />
    </Whole>
  );
}

/** The gifts with all that can be done with them; the same for whoever comes by a letter's link or is signed in. */
export function Gifts(page: OwnPage & GiftsShown & { way: Way }): VNode {
  const { words, trouble, way } = page;
  const { account } = words;
  const { text, running, overdue } = whatIsSaid(words, page.gifts);
  return (
    <>
      {trouble !== null && (
        <div class="faults" role="alert">
          <p>{trouble === 'away' ? account.portalAway : account.portalGone}</p>
        </div>
      )}
      {overdue && <p class="lead">{account.overdueText}</p>}
      <p class={overdue ? '' : 'lead'}>{text}</p>
      {byCustomer(page.gifts).map((group) => (
        <form class="stack" method="post" action={way.path}>
          {group.map((gift) => (
            <>
              <GiftFacts {...page} gift={gift} />
              {unchangeable(gift) === null && (
                <p>
                  <a href={`${way.path}/amount?gift=${gift.id}&locale=${page.locale}`}>
                    {account.changeAmount}
                  </a>
                </p>
              )}
            </>
          ))}
          <HiddenFields fields={{ gift: group[0].id, locale: page.locale, form_token: way.formToken }} />
          {group.some((gift) => gift.standing === 'past_due') && (
            <Button wide busy={words.common.opening} name="to" value="card">
              {account.changeCard}
            </Button>
          )}
          <Button
            wide
            busy={words.common.opening}
            {...((!running || group.some((gift) => gift.standing === 'past_due')) && { kind: 'quiet' })}
          >
            {running ? account.openPortal : account.openEnded}
          </Button>
        </form>
      ))}
      {!running && (
        <p class="actions">
          <a class="button" href={`/donate?component=account&locale=${page.locale}`}>
            {account.giveAgain}
          </a>
        </p>
      )}
      <p class="aside small">{account.comesBackByLetter}</p>
    </>
  );
}

/** Where nothing goes on any more: one letter on a later day, if the reader wants it. */
export function AskedAgain({ words, locale, reminding }: OwnPage & GiftsShown): VNode | null {
  if (reminding === null) return null;
  const { title, text } = words.reminders.winBack;
  return (
    <>
      <hr class="rule" />
      <RemindAgain words={words} locale={locale} reminding={reminding} title={title} text={text} />
    </>
  );
}

function whatIsSaid({ account }: Words, gifts: readonly RegularGift[]) {
  const running = gifts.some((gift) => runs(gift.standing));
  const ending = gifts.every((gift) => !runs(gift.standing) || gift.endsAt !== null);
  return {
    running,
    overdue: gifts.some((gift) => gift.standing === 'past_due'),
    title: running ? account.manageTitle : account.endedTitle,
    text: !running ? account.endedText : ending ? account.endingText : account.openPortalText,
  };
}

/** The link is good, but its reader never gave regularly. */
function NoGift(page: OwnPage & GiftsShown & { way: Way }): VNode {
  const { account } = page.words;
  return (
    <Whole {...page} title={account.noGiftTitle}>
      <h1>{account.noGiftTitle}</h1>
      <p class="lead">{account.noGiftText}</p>
      <p class="actions">
        <a class="button" href={`/donate?component=account&locale=${page.locale}`}>
          {account.giveAgain}
        </a>
      </p>
      <LettersChoice {...page} />
    </Whole>
  );
}

/** How letters look from the outside, and the button for the other way. */
export function LettersChoice({
  words,
  locale,
  way,
  discreet,
}: OwnPage & { way: Way; discreet: boolean | null }): VNode | null {
  const { account } = words;
  if (discreet === null) return null;
  return (
    <form class="stack" id="letters" method="post" action={`${way.path}/letters`}>
      <hr class="rule" />
      <h2>{account.lettersTitle}</h2>
      <p role="status">{discreet ? account.lettersDiscreet : account.lettersPlain}</p>
      <HiddenFields fields={{ discreet: discreet ? 'no' : 'yes', locale, form_token: way.formToken }} />
      <Button kind="quiet" busy={words.common.sending}>
        {discreet ? account.writePlainly : account.writeDiscreetly}
      </Button>
    </form>
  );
}

/** Where the portal leads back to. It knows nobody: what was changed is on its way by webhook. */
export function BackPage(page: OwnPage): VNode {
  const { account } = page.words;
  return (
    <Whole {...page} title={account.backTitle}>
      <h1>{account.backTitle}</h1>
      <p class="lead">{account.backText}</p>
      <p class="aside">{account.backAside}</p>
      <p>
        <a href={`/remind-me?stage=win-back&when=quarter&component=account&locale=${page.locale}`}>
          {page.words.reminders.winBack.elsewhere}
        </a>
      </p>
    </Whole>
  );
}

export function GiftFacts({ words, publication, gift }: OwnPage & { gift: RegularGift }): VNode {
  const { account, common } = words;
  const day = (instant: Date) => common.date(localDate(instant, publication.timeZone));
  return (
    <dl class="facts">
      <dt>{account.gift}</dt>
      <dd>{common.moneyHowOften(gift.amount, gift.interval)}</dd>
      <dt>{account.state}</dt>
      <dd>{stateOf(gift)}</dd>
    </dl>
  );

  function stateOf({ standing, endsAt, endedAt }: RegularGift): string {
    if (standing === 'ended')
      return endedAt === null ? account.standing.ended : account.endedOn(day(endedAt));
    if (endsAt !== null) return account.endsOn(day(endsAt));
    if (standing === 'paused') return account.standing.paused;
    return standing === 'active' ? account.standing.active : account.standing['past-due'];
  }
}

export function Whole(
  page: OwnPage & { title: string; scripts?: string[]; children: ComponentChildren },
): VNode {
  return (
    <ReaderPage
      words={page.words}
      locale={page.locale}
      title={page.title}
      publication={page.publication.name}
      languages={page.languages}
      {...(page.scripts && { scripts: page.scripts })}
      narrow
    >
      <div class="stack">{page.children}</div>
    </ReaderPage>
  );
}
