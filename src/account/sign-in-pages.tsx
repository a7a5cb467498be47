// The pages by which a reader comes in: asking for a letter, entering its code, following its link.
import type { VNode } from 'preact';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, Field, faultIn, HiddenFields } from '../web/form.tsx';
import { type OwnPage, Whole } from './pages.tsx';

/** Why a reader is asked for their address, where they did not come by themselves. */
export type WhySignIn = Fault<'link-expired' | 'link-broken' | 'sign-in-over'>;

/** Asking for the letter: on its own, or beneath what was wrong with a link. */
export function SignInPage(
  page: OwnPage & {
    reason: WhySignIn | null;
    faults: readonly Fault[];
    email: string;
    /** The reader has just signed out. */
    left: boolean;
  },
): VNode {
  const { words, reason } = page;
  const { account } = words;
  const titles = {
    'link-expired': account.expiredTitle,
    'link-broken': account.brokenTitle,
    'sign-in-over': account.overTitle,
  };
  const title = reason === null ? account.signInTitle : titles[reason.code];
  return (
    <Whole {...page} title={title}>
      <h1>{title}</h1>
      {page.left && (
        <p class="note" role="status">
          {account.signedOut}
        </p>
      )}
      {reason !== null && <p class="lead">{words.refusals[reason.code](reason.facts)}</p>}
      <form class="stack" method="post" action="/account/sign-in">
        <FaultSummary words={words} faults={page.faults} />
        {reason !== null && <h2>{account.signInTitle}</h2>}
        <p class={reason === null ? 'lead' : ''}>{account.signInText}</p>
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
        <Button wide busy={words.common.sending}>
          {account.mailSignIn}
        </Button>
      </form>
      <p class="aside small">{account.byLetterText}</p>
    </Whole>
  );
}

/** The letter was asked for, or so it seems: the same for every address. */
export function AskedPage(
  page: OwnPage & {
    faults: readonly Fault[];
    /** This browser is the one that asked: the code alone lets it in. */
    asking: boolean;
  },
): VNode {
  const { words } = page;
  const { account } = words;
  return (
    <Whole {...page} title={account.askedTitle}>
      <h1>{account.askedTitle}</h1>
      <p class="lead" role="status">
        {account.asked}
      </p>
      {page.asking && (
        <form class="stack" method="post" action="/account/sign-in/code">
          <p>{account.askedHere}</p>
          <FaultSummary words={words} faults={page.faults} />
          <CodeField {...page} />
          <HiddenFields fields={{ locale: page.locale }} />
          <Button wide busy={words.common.sending}>
            {words.common.signIn}
          </Button>
        </form>
      )}
      <p class="aside small">{account.askedAside}</p>
      <p>
        <a href={`/account?locale=${page.locale}`}>{account.askAgain}</a>
      </p>
    </Whole>
  );
}

/** Behind the letter's link: a button, since mail scanners follow links; another browser enters the code too. */
export function LetInPage(
  page: OwnPage & {
    token: string;
    faults: readonly Fault[];
    /** This browser is the one that asked. */
    own: boolean;
  },
): VNode {
  const { words, own } = page;
  const { account } = words;
  return (
    <Whole {...page} title={account.letInTitle}>
      <h1>{account.letInTitle}</h1>
      <p class="lead">{own ? account.letInText : account.letInElsewhere}</p>
      <form class="stack" method="post" action={`/account/sign-in/${page.token}`}>
        <FaultSummary words={words} faults={page.faults} />
        {!own && <CodeField {...page} />}
        <HiddenFields fields={{ locale: page.locale }} />
        <Button wide busy={words.common.sending}>
          {words.common.signIn}
        </Button>
      </form>
    </Whole>
  );
}

function CodeField({ words, faults }: OwnPage & { faults: readonly Fault[] }): VNode {
  return (
    <Field
      name="code"
      label={words.account.codeLabel}
      fault={faultIn(words, faults, 'code')}
      inputmode="numeric"
      autocomplete="one-time-code"
      maxlength={20}
      required
    />
  );
}
