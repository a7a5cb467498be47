// What the sandbox shows: the page with everything, the mailbox, a letter.
import type { ComponentChildren, VNode } from 'preact';
import type { Faults } from './faults.ts';
import type { Letter } from './mailbox.ts';
import { offeredCards } from './stripe/cards.ts';
import type { CheckoutSeen, WebhookSeen } from './stripe/stand-in.ts';

/** What has just been done, told once at the head of the page. */
export type Said = keyof typeof sayings;

const sayings = {
  moved: 'The clock was moved, and everything due by then has happened.',
  'moved-in-part': 'The clock was moved, but something could not be finished: the terminal says what.',
  paid: 'The checkout was paid.',
  processing: 'The checkout is done; its money is still on the way.',
  declined: 'The card was declined. The checkout is still open.',
  requires_action: 'The card asks for 3-D Secure: open the checkout to go on.',
  expired: 'The checkout has lapsed.',
  faults: 'The stand-ins now behave as asked for below.',
};

export function OverviewPage(page: {
  publication: string;
  said: string | undefined;
  now: Date;
  machineNow: Date;
  timeZone: string;
  articleUrl: string;
  staffUrl: string;
  /** Whether there is a wall of letters. */
  gallery: boolean;
  /** Of each the newest, or with `all` more of them. */
  checkouts: CheckoutSeen[] | undefined;
  webhooks: WebhookSeen[] | undefined;
  letters: Letter[] | undefined;
  all: { checkouts: boolean; webhooks: boolean };
  faults: Faults;
}): VNode {
  const { checkouts, webhooks, letters, timeZone } = page;
  return (
    <Frame title="Sandbox" publication={page.publication} script="/sandbox/moving.js">
      <header class="opening">
        <h1>Sandbox</h1>
        <p class="lead">
          Everything around {page.publication} that is not real, in one place. No money moves and no letter
          leaves this machine.
        </p>
        {isSaid(page.said) && (
          <p class="said" role="status">
            {sayings[page.said]}
          </p>
        )}
      </header>

      <section aria-labelledby="start">
        <h2 id="start">Begin here</h2>
        <ul class="ways">
          <Way href={page.articleUrl} name="A sample article">
            The appeal stands at its end, embedded as on a real site.
          </Way>
          <Way href="/donate" name="The donate page">
            Choose a gift and pay it with a test card.
          </Way>
          <Way href="/account" name="A reader's own pages">
            Sign in by letter with an address that has given.
          </Way>
          {letters && (
            <Way href="/sandbox/mailbox" name="The mailbox">
              Every letter the service has sent.
            </Way>
          )}
          {page.gallery && (
            <Way href="/sandbox/gallery" name="Every letter">
              All that can be sent, in each language, by day and by night.
            </Way>
          )}
          <Way href={page.staffUrl} name="The staff desk">
            What came in, who stays, who left.
          </Way>
        </ul>
      </section>

      <section aria-labelledby="clock">
        <h2 id="clock">Clock</h2>
        <p class="figure">
          <Moment at={page.now} timeZone={timeZone} />
        </p>
        <p class="aside">{distance(page.now, page.machineNow)}</p>
        <form method="post" action="/sandbox/clock" class="row" data-moving="Moving the clock…">
          <Advance by="P1D">A day on</Advance>
          <Advance by="P1M">A month on</Advance>
          <Advance by="P1Y">A year on</Advance>
        </form>
        <form method="post" action="/sandbox/clock" class="row" data-moving="Moving the clock…">
          <label class="labelled">
            Or on to ({timeZone})
            <input type="datetime-local" name="to_local" required value={localValue(page.now, timeZone)} />
          </label>
          <button class="button quiet" type="submit">
            Move the clock
          </button>
        </form>
        <p class="aside">
          Renewals, retries, webhooks, reminders and letters on the way all happen, each at its own moment.
          The clock only goes forward. A year with many members takes a while.
        </p>
      </section>

      {checkouts && <Checkouts checkouts={checkouts} all={page.all.checkouts} />}

      {letters && (
        <section aria-labelledby="letters">
          <h2 id="letters">Newest letters</h2>
          {letters.length === 0 ? (
            <p class="empty">None yet. The first one comes with the first gift or reminder.</p>
          ) : (
            <>
              <LetterList letters={letters} timeZone={timeZone} />
              <p>
                <a href="/sandbox/mailbox">The whole mailbox</a>
              </p>
            </>
          )}
        </section>
      )}

      {webhooks && <Webhooks webhooks={webhooks} all={page.all.webhooks} timeZone={timeZone} />}

      <FaultsForm faults={page.faults} stripe={checkouts !== undefined} mail={letters !== undefined} />
    </Frame>
  );
}

function isSaid(said: string | undefined): said is Said {
  return said !== undefined && Object.hasOwn(sayings, said);
}

function Way({ href, name, children }: { href: string; name: string; children: ComponentChildren }): VNode {
  return (
    <li>
      <a href={href}>{name}</a>
      <span>{children}</span>
    </li>
  );
}

function Advance({ by, children }: { by: string; children: ComponentChildren }): VNode {
  return (
    <button class="button" type="submit" name="advance" value={by}>
      {children}
    </button>
  );
}

function Checkouts({ checkouts, all }: { checkouts: CheckoutSeen[]; all: boolean }): VNode {
  return (
    <section aria-labelledby="checkouts">
      <h2 id="checkouts">Checkouts</h2>
      {checkouts.length === 0 ? (
        <p class="empty">
          None yet. One begins when a reader goes on from the <a href="/donate">donate page</a>.
        </p>
      ) : (
        <ul class="things">
          {checkouts.map((checkout) => (
            <li>
              <div class="thing">
                <span class="main">{checkout.amount}</span>
                <span class={checkout.open ? 'mark open' : 'mark'}>{checkout.status}</span>
                <span class="aside">
                  {[checkout.description, checkout.email].filter(Boolean).join(' · ')}
                </span>
                <code class="aside">{checkout.id}</code>
              </div>
              {checkout.open && <OpenCheckout checkout={checkout} />}
              {checkout.paymentUrl && checkout.status === 'complete' && checkout.paymentStatus === 'paid' && (
                <a class="aside" href={checkout.paymentUrl}>
                  Its payment, to refund or dispute it
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
      {!all && checkouts.length >= newestShown && <All of="checkouts" />}
    </section>
  );
}

/** How many of each the page shows before it is asked for all. */
export const newestShown = 8;

function All({ of }: { of: 'checkouts' | 'webhooks' }): VNode {
  return (
    <p>
      <a href={`/sandbox?all=${of}#${of}`}>All {of}</a>
    </p>
  );
}

function OpenCheckout({ checkout }: { checkout: CheckoutSeen }): VNode {
  const action = `/sandbox/checkouts/${encodeURIComponent(checkout.id)}`;
  return (
    <div class="row">
      {checkout.url && (
        <a class="button quiet" href={checkout.url}>
          Open its page
        </a>
      )}
      <details>
        <summary>Pay or expire it from here</summary>
        <form method="post" action={`${action}/pay`} class="row">
          <label class="labelled">
            Card
            <select name="card">
              {offeredCards.map((card) => (
                <option value={card.number}>
                  {card.number} {card.label}
                </option>
              ))}
            </select>
          </label>
          <label class="labelled">
            E-mail
            <input
              type="email"
              name="email"
              required
              autocomplete="off"
              value={checkout.email ?? 'reader@example.org'}
            />
          </label>
          <button class="button" type="submit">
            Pay
          </button>
        </form>
        <form method="post" action={`${action}/expire`}>
          <button class="button stop" type="submit">
            Let it expire
          </button>
        </form>
      </details>
    </div>
  );
}

function Webhooks(props: { webhooks: WebhookSeen[]; all: boolean; timeZone: string }): VNode {
  const { webhooks, all, timeZone } = props;
  return (
    <section aria-labelledby="webhooks">
      <h2 id="webhooks">Webhooks</h2>
      {webhooks.length === 0 ? (
        <p class="empty">None yet. Stripe's stand-in tells of every checkout, charge and renewal here.</p>
      ) : (
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">Of</th>
                <th scope="col">Delivery</th>
                <th scope="col" class="number">
                  Tries
                </th>
              </tr>
            </thead>
            <tbody>
              {webhooks.map((each) => (
                <tr>
                  <td>
                    {each.type}
                    <br />
                    <code class="aside">{each.event}</code>
                  </td>
                  <td>
                    <Moment at={each.at} timeZone={timeZone} />
                  </td>
                  <td>{[each.status, each.answer].filter(Boolean).join(': ')}</td>
                  <td class="number">{each.attempts}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!all && webhooks.length >= newestShown && <All of="webhooks" />}
    </section>
  );
}

function FaultsForm({ faults, stripe, mail }: { faults: Faults; stripe: boolean; mail: boolean }): VNode {
  const { webhooks, calls, smtp } = faults;
  const active = Boolean(webhooks || calls || smtp);
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">Faults</h2>
      <p class="aside">
        {active
          ? 'The stand-ins are misbehaving as told below.'
          : 'Everything works. Here the stand-ins can be told to misbehave, as the real ones sometimes do.'}
      </p>
      <details open={active}>
        <summary>Choose faults</summary>
        <form method="post" action="/sandbox/faults" class="faults-form">
          {stripe && (
            <fieldset>
              <legend>Webhooks</legend>
              <NumberField
                name="webhooks.duplicate"
                label="Deliver each so many times"
                value={webhooks?.duplicate}
              />
              <NumberField name="webhooks.delay_s" label="Later by seconds" value={webhooks?.delay_s} />
              <NumberField
                name="webhooks.drop"
                label="Share lost, 0 to 1"
                step="0.01"
                value={webhooks?.drop}
              />
              <NumberField
                name="webhooks.poison"
                label="Coming ones without sense"
                value={webhooks?.poison}
              />
              <Tick name="webhooks.reorder" label="In another order" checked={webhooks?.reorder} />
            </fieldset>
          )}
          {stripe && (
            <fieldset>
              <legend>Calls to Stripe</legend>
              <TextField
                name="calls.path"
                label="Path begins with"
                placeholder="/v1/checkout/sessions"
                value={calls?.path}
              />
              <NumberField
                name="calls.status"
                label="Answer with status"
                placeholder="500"
                value={calls?.status}
              />
              <NumberField name="calls.times" label="So many times" value={calls?.times} />
              <NumberField name="calls.delay_ms" label="Slower by milliseconds" value={calls?.delay_ms} />
              <Tick
                name="calls.after_effect"
                label="Only after the call took effect"
                checked={calls?.after_effect}
              />
            </fieldset>
          )}
          {mail && (
            <fieldset>
              <legend>Mail server</legend>
              <TextField
                name="smtp.reply"
                label="Answer with"
                placeholder="451 4.7.1 later"
                value={smtp?.reply}
              />
              <NumberField name="smtp.times" label="So many times" value={smtp?.times} />
              <label class="labelled">
                When
                <select name="smtp.at">
                  <option value="">as usual: at the recipient</option>
                  <option value="data" selected={smtp?.at === 'data'}>
                    after the letter
                  </option>
                  <option value="lost" selected={smtp?.at === 'lost'}>
                    never: keep the letter, lose the answer
                  </option>
                </select>
              </label>
            </fieldset>
          )}
          <button class="button" type="submit">
            Misbehave like this
          </button>
        </form>
      </details>
      {active && (
        <form method="post" action="/sandbox/faults">
          <button class="button quiet" type="submit">
            Clear all faults
          </button>
        </form>
      )}
    </section>
  );
}

interface FieldProps {
  name: string;
  label: string;
  value: string | number | undefined;
  placeholder?: string;
  step?: string;
}

function NumberField({ name, label, value, placeholder, step = '1' }: FieldProps): VNode {
  return (
    <label class="labelled">
      {label}
      <input
        type="number"
        name={name}
        min="0"
        step={step}
        value={value ?? ''}
        placeholder={placeholder ?? ''}
      />
    </label>
  );
}

function TextField({ name, label, value, placeholder }: FieldProps): VNode {
  return (
    <label class="labelled">
      {label}
      <input type="text" name={name} value={value ?? ''} placeholder={placeholder ?? ''} autocomplete="off" />
    </label>
  );
}

function Tick({
  name,
  label,
  checked,
}: {
  name: string;
  label: string;
  checked: boolean | undefined;
}): VNode {
  return (
    <label class="tick">
      <input type="checkbox" name={name} checked={checked === true} />
      {label}
    </label>
  );
}

export function MailboxPage(page: {
  publication: string;
  letters: Letter[];
  to: string | undefined;
  timeZone: string;
}): VNode {
  const { letters, to } = page;
  return (
    <Frame title="Mailbox" publication={page.publication} back>
      <header class="opening">
        <h1>Mailbox</h1>
        <p class="lead">
          {to ? `Letters to ${to}, newest first.` : 'Every letter the service has sent, newest first.'}
        </p>
      </header>
      <form method="get" action="/sandbox/mailbox" class="row">
        <label class="labelled">
          Only letters to
          <input type="email" name="to" value={to ?? ''} autocomplete="off" required />
        </label>
        <button class="button quiet" type="submit">
          Show them
        </button>
        {to && <a href="/sandbox/mailbox">Show all</a>}
      </form>
      {letters.length === 0 ? (
        <p class="empty">
          {to ? 'None to this address.' : 'None yet. The first one comes with the first gift or reminder.'}
        </p>
      ) : (
        <LetterList letters={letters} timeZone={page.timeZone} />
      )}
    </Frame>
  );
}

function LetterList({ letters, timeZone }: { letters: Letter[]; timeZone: string }): VNode {
  return (
    <ul class="things">
      {letters.map((letter) => (
        <li>
          <div class="thing">
            <a class="main" href={`/sandbox/mailbox/${letter.id}`}>
              {letter.subject || 'Without a subject'}
            </a>
            <span class="aside">
              to {letter.to} · <Moment at={letter.at} timeZone={timeZone} />
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

export function LetterPage(page: { publication: string; letter: Letter; timeZone: string }): VNode {
  const { letter } = page;
  return (
    <Frame title={letter.subject || 'A letter'} publication={page.publication} back mailbox>
      <header class="opening">
        <h1>{letter.subject || 'Without a subject'}</h1>
        <dl class="facts">
          <dt>From</dt>
          <dd>{letter.from}</dd>
          <dt>To</dt>
          <dd>
            <a href={`/sandbox/mailbox?to=${encodeURIComponent(letter.to)}`}>{letter.to}</a>
          </dd>
          <dt>At</dt>
          <dd>
            <Moment at={letter.at} timeZone={page.timeZone} />
          </dd>
          {letter.attachments.length > 0 && (
            <>
              <dt>With</dt>
              <dd>
                {letter.attachments
                  .map(({ name, type, bytes }) => `${name} (${type}, ${bytes} bytes)`)
                  .join(', ')}
              </dd>
            </>
          )}
        </dl>
      </header>
      {letter.html !== null && (
        <section aria-labelledby="as-sent">
          <h2 id="as-sent">As a mail program shows it</h2>
          <iframe
            class="letter"
            title="The letter"
            src={`/sandbox/mailbox/${letter.id}/html`}
            sandbox="allow-popups allow-popups-to-escape-sandbox"
          />
        </section>
      )}
      <section aria-labelledby="text">
        <h2 id="text">Its text part</h2>
        {letter.text ? <pre class="text">{linked(letter.text)}</pre> : <p class="empty">It has none.</p>}
      </section>
      <section aria-labelledby="headers">
        <h2 id="headers">Its headers</h2>
        <dl class="facts small">
          {Object.entries(letter.headers).map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      </section>
    </Frame>
  );
}

/** Links open outside the frame, which may show nothing but this letter. */
export function letterDocument(html: string): string {
  const base = '<base target="_blank">';
  return /<head[^>]*>/i.test(html) ? html.replace(/<head[^>]*>/i, (head) => head + base) : base + html;
}

/** Addresses in a text become links, so that they can be followed. */
function linked(text: string): ComponentChildren[] {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/).map((part, index) =>
    index % 2 === 1 ? (
      <a href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ) : (
      part
    ),
  );
}

export function RefusedPage({ detail }: { detail: string }): VNode {
  return (
    <Frame title="That did not work" publication="Sandbox" back>
      <header class="opening">
        <h1>That did not work</h1>
        <p class="lead">{detail}</p>
      </header>
    </Frame>
  );
}

export function Frame(page: {
  title: string;
  publication: string;
  back?: boolean;
  mailbox?: boolean;
  gallery?: boolean;
  /** As wide as the window. */
  wide?: boolean;
  script?: string;
  children: ComponentChildren;
}): VNode {
  return (
    <html lang="en" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${page.title} · ${page.publication}`}</title>
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="stylesheet" href="/sandbox/sandbox.css" />
        {page.script && <script src={page.script} defer />}
      </head>
      <body {...(page.wide && { class: 'wide-open' })}>
        {page.back && (
          <nav aria-label="Way back">
            <a href="/sandbox">Sandbox</a>
            {page.mailbox && <a href="/sandbox/mailbox">Mailbox</a>}
            {page.gallery && <a href="/sandbox/gallery">Every letter</a>}
          </nav>
        )}
        <main>{page.children}</main>
      </body>
    </html>
  );
}

function Moment({ at, timeZone }: { at: Date; timeZone: string }): VNode {
  const words = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  });
  return <time datetime={at.toISOString()}>{words.format(at)}</time>;
}

/** How far business time is ahead of the machine's. */
function distance(now: Date, machineNow: Date): string {
  const days = Math.round((now.getTime() - machineNow.getTime()) / 86_400_000);
  if (days === 0) return 'The same day as on this machine.';
  const count = new Intl.NumberFormat('en').format(Math.abs(days));
  return `${count} ${Math.abs(days) === 1 ? 'day' : 'days'} ${days > 0 ? 'ahead of' : 'behind'} this machine.`;
}

/** As a datetime-local field wants it, in the publication's zone. */
function localValue(at: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'short',
    timeZone,
  });
  return parts.format(at).replace(' ', 'T');
}
