// The pages by which staff come in: signing in, and choosing a password.
import type { VNode } from 'preact';
import type { Locale } from '../values/locale.ts';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, Field, faultIn, HiddenFields } from '../web/form.tsx';
import { DeskPage } from '../web/layout.tsx';
import type { Words } from '../words/words.ts';
import { shortestPassword } from './password.ts';
import type { Role } from './roles.ts';

interface EntrancePage {
  words: Words;
  locale: Locale;
  publication: string;
}

export function SignInPage(
  page: EntrancePage & { address: string; next: string | null; faults: readonly Fault[] },
): VNode {
  const { words, faults } = page;
  return (
    <Entrance {...page} title={words.staff.signInTitle}>
      <form method="post" action="/staff/sign-in" class="stack">
        <FaultSummary words={words} faults={faults} />
        <HiddenFields fields={{ next: page.next }} />
        <Field
          name="address"
          type="email"
          label={words.common.address}
          value={page.address}
          autocomplete="username"
          maxlength={254}
          required
        />
        <Field
          name="password"
          type="password"
          label={words.staff.password}
          autocomplete="current-password"
          required
        />
        <p>
          <Button>{words.common.signIn}</Button>
        </p>
        <p class="aside small">{words.staff.lostPassword}</p>
      </form>
    </Entrance>
  );
}

export function WelcomePage(page: EntrancePage & { token: string; faults: readonly Fault[] }): VNode {
  const { words, faults } = page;
  return (
    <Entrance {...page} title={words.staff.setPasswordTitle}>
      <form method="post" action={`/staff/welcome/${page.token}`} class="stack">
        <FaultSummary words={words} faults={faults} />
        <Field
          name="password"
          type="password"
          label={words.staff.newPassword}
          hint={words.staff.setPasswordText(shortestPassword)}
          fault={faultIn(words, faults, 'password')}
          autocomplete="new-password"
          minlength={shortestPassword}
          required
        />
        <p>
          <Button>{words.staff.setPassword}</Button>
        </p>
      </form>
    </Entrance>
  );
}

/** For an invitation that was used, withdrawn, has run out or was never whole: one page, which says what to do. */
export function InvitationOverPage(page: EntrancePage): VNode {
  const { words } = page;
  return (
    <Entrance {...page} title={words.staff.invitationOverTitle}>
      <p>{words.staff.invitationOver}</p>
      <p>
        <a href="/staff/sign-in">{words.staff.signInTitle}</a>
      </p>
    </Entrance>
  );
}

/** The end of a desk page's head: in which role one is here, and the way out. */
export function DeskEnd({ words, role, formToken }: { words: Words; role: Role; formToken: string }): VNode {
  return (
    <form method="post" action="/staff/sign-out" class="row">
      <span class="aside">{words.staff.roles[role]}</span>
      <a href={`/staff/report-letters?locale=${words.locale}`}>{words.reportLetters.title}</a>
      <HiddenFields fields={{ form_token: formToken }} />
      <button type="submit" class="button-link">
        {words.common.signOut}
      </button>
    </form>
  );
}

function Entrance(page: EntrancePage & { title: string; children: VNode | VNode[] }): VNode {
  return (
    <DeskPage {...page} nav={[]}>
      <div class="entrance stack">
        <h1>{page.title}</h1>
        {page.children}
      </div>
    </DeskPage>
  );
}
