// The reader's own pages: looking after a regular gift, coming back from the portal, and asking for a fresh link.
import type { ComponentChildren, VNode } from 'preact';
import { byCustomer, type RegularGift } from '../ledger/giver.ts';
import { runs } from '../ledger/standing.ts';
import { localDate } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, Field, faultIn, HiddenFields } from '../web/form.tsx';
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

/** `GET /account`: the way to one's gift. */
export function AccountPage(page: OwnPage): VNode {
  const { account } = page.words;
  return (
    <Whole {...page} title={account.title}>
      <h1>{account.title}</h1>
      <p class="lead">{account.byLinkText}</p>
      <p class="actions">
        <a class="button" href={`/account/link?locale=${page.locale}`}>
          {account.mailLink}
        </a>
      </p>
      <p class="aside small">{account.byLetterText}</p>
    </Whole>
  );
}

/** What is given, and the button that opens Stripe's page. No address and no name: whoever holds the letter sees this. */
export function ManagePage(
  page: OwnPage & {
    token: string;
    gifts: readonly RegularGift[];
    trouble: 'away' | 'gone' | null;
    /** How the reader's letters look from the outside; null where the publication has decided it for all. */
    discreet: boolean | null;
    /** Where nothing goes on: the reader may be asked again, once. */
    reminding: Reminding | null;
  },
): VNode {
  const { words, trouble } = page;
  const { account } = words;
  const groups = byCustomer(page.gifts);
  if (groups.length === 0) return <NoGift {...page} />;
  const running = page.gifts.some((gift) => runs(gift.standing));
  const overdue = page.gifts.some((gift) => gift.standing === 'past_due');
  const ending = page.gifts.every((gift) => !runs(gift.standing) || gift.endsAt !== null);
  const title = running ? account.manageTitle : account.endedTitle;
  const text = !running ? account.endedText : ending ? account.endingText : account.openPortalText;
  return (
    <Whole {...page} title={title} {...(page.reminding && { scripts: ['remind-me'] })}>
      <h1>{title}</h1>
      {trouble !== null && (
        <div class="faults" role="alert">
          <p>{trouble === 'away' ? account.portalAway : account.portalGone}</p>
        </div>
      )}
      {overdue && <p class="lead">{account.overdueText}</p>}
      <p class={overdue ? '' : 'lead'}>{text}</p>
      {groups.map((group) => (
        <form class="stack" method="post" action={`/account/manage/${page.token}`}>
          {group.map((gift) => (
            <>
              <GiftFacts {...page} gift={gift} />
              {unchangeable(gift) === null && (
                <p>
                  <a href={`/account/manage/${page.token}/amount?gift=${gift.id}&locale=${page.locale}`}>
                    {account.changeAmount}
                  </a>
                </p>
              )}
            </>
          ))}
          <HiddenFields fields={{ gift: group[0].id, locale: page.locale }} />
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
      <LettersChoice {...page} />
      {page.reminding !== null && (
        <>
          <hr class="rule" />
          <RemindAgain
            words={words}
            locale={page.locale}
            reminding={page.reminding}
            title={words.reminders.winBack.title}
            text={words.reminders.winBack.text}
          />
        </>
      )}
    </Whole>
  );
}

/** The link is good, but its reader never gave regularly. */
function NoGift(page: OwnPage & { token: string; discreet: boolean | null }): VNode {
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
function LettersChoice({
  words,
  locale,
  token,
  discreet,
}: OwnPage & { token: string; discreet: boolean | null }): VNode | null {
  const { account } = words;
  if (discreet === null) return null;
  return (
    <form class="stack" id="letters" method="post" action={`/account/manage/${token}/letters`}>
      <hr class="rule" />
      <h2>{account.lettersTitle}</h2>
      <p role="status">{discreet ? account.lettersDiscreet : account.lettersPlain}</p>
      <HiddenFields fields={{ discreet: discreet ? 'no' : 'yes', locale }} />
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

/** Asking for a fresh link: on its own, or beneath what was wrong with an old one. */
export function LinkPage(
  page: OwnPage & {
    /** Why the reader is here, where they did not come by themselves. */
    reason: Fault<'link-expired' | 'link-broken'> | null;
    faults: readonly Fault[];
    email: string;
    mailed: boolean;
  },
): VNode {
  const { words, reason } = page;
  const { account } = words;
  const title =
    reason === null
      ? page.mailed
        ? account.linkMailedTitle
        : account.mailLinkTitle
      : reason.code === 'link-expired'
        ? account.expiredTitle
        : account.brokenTitle;
  if (page.mailed) {
    return (
      <Whole {...page} title={title}>
        <h1>{title}</h1>
        <p class="lead" role="status">
          {account.linkMailed}
        </p>
        <p class="aside small">{account.linkMailedAside}</p>
        <p class="actions">
          <a href={`/account/link?locale=${page.locale}`}>{account.mailLinkAgain}</a>
        </p>
      </Whole>
    );
  }
  return (
    <Whole {...page} title={title}>
      <h1>{title}</h1>
      {reason !== null && <p class="lead">{words.refusals[reason.code](reason.facts)}</p>}
      <form class="stack" method="post" action="/account/link">
        <FaultSummary words={words} faults={page.faults} />
        {reason !== null && <h2>{account.mailLinkTitle}</h2>}
        <p class={reason === null ? 'lead' : ''}>{account.mailLinkText}</p>
        <Field
          name="email"
          type="email"
          label={words.common.address}
          value={page.email}
          fault={faultIn(words, page.faults, 'email')}
          autocomplete="email"
          maxlength={300}
          required
        />
        <HiddenFields fields={{ locale: page.locale }} />
        <Button busy={words.common.sending}>{account.mailLink}</Button>
      </form>
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
