// What people see at the stand-in: the checkout, the 3-D Secure question, the portal, an invoice, a payment's page for staff.
import type { ComponentChildren, VNode } from 'preact';
import { render } from 'preact-render-to-string';
import type Stripe from 'stripe';
import { offeredCards } from './cards.ts';
import { plainAmount } from './currencies.ts';
import { isClosed } from './disputes.ts';
import { type PageWords, pageWords } from './page-words.ts';
import { idOrNull } from './prices.ts';
import { hasEnded, periodOf } from './subscriptions.ts';

export function htmlOf(page: VNode): string {
  return `<!doctype html>${render(page)}`;
}

export function CheckoutPage(props: {
  session: Stripe.Checkout.Session;
  items: Stripe.LineItem[];
  message: string | null;
  typed: Record<string, string>;
}): VNode {
  const { session, items, message, typed } = props;
  const words = pageWords(session.locale);
  const currency = session.currency ?? 'usd';
  const sum = plainAmount(session.amount_total ?? 0, currency, words.language);
  const knownEmail = session.customer_email ?? session.customer_details?.email ?? null;
  const action =
    words.actions[
      session.mode === 'subscription' ? 'Subscribe' : session.submit_type === 'donate' ? 'Donate' : 'Pay'
    ];
  return (
    <Frame title={`${action} ${sum}`} words={words}>
      <section class="sheet">
        <h1>{items.map((item) => item.description ?? 'Payment').join(', ')}</h1>
        <p class="sum">{sum}</p>
        <p class="quiet">{frequencyOf(items, words)}</p>
        {message !== null && (
          <p class="trouble" role="alert">
            {message === 'Your card was declined.' ? words.declined : message} {words.nothingCharged}
          </p>
        )}
        <form method="post" action={`/c/pay/${session.id}`}>
          {knownEmail === null ? (
            <label class="field">
              {words.email}
              <input name="email" type="email" required autocomplete="email" value={typed.email ?? ''} />
            </label>
          ) : (
            <p>
              {words.email}: <strong>{knownEmail}</strong>
            </p>
          )}
          <CardChoice words={words} currency={currency} chosen={typed.choice} typed={typed.card} />
          <label class="field">
            {words.cardName}
            <input name="name" autocomplete="cc-name" value={typed.name ?? ''} />
          </label>
          <label class="field">
            {words.country}
            <input name="country" autocomplete="country" maxLength={2} value={typed.country ?? 'US'} />
          </label>
          <p class="row">
            <button type="submit">
              {action} {sum}
            </button>
            {session.cancel_url && <a href={session.cancel_url}>{words.back}</a>}
          </p>
        </form>
      </section>
    </Frame>
  );
}

/** The bank's question; answered here it lets the payment go on or fail. */
export function ChallengePage(props: { action: string; fields: Record<string, string>; sum: string }): VNode {
  return (
    <Frame title="3-D Secure">
      <section class="sheet">
        <h1>The card’s bank asks whether this is you</h1>
        <p>A stand-in for the 3-D Secure page, for a payment of {props.sum}.</p>
        <form method="post" action={props.action}>
          <Hidden fields={props.fields} />
          <p class="row">
            <button type="submit" name="authentication" value="complete">
              Complete authentication
            </button>
            <button class="second" type="submit" name="authentication" value="fail">
              Fail authentication
            </button>
          </p>
        </form>
      </section>
    </Frame>
  );
}

export function OverPage(props: {
  title: string;
  says: string;
  link?: { href: string; text: string } | undefined;
}): VNode {
  return (
    <Frame title={props.title}>
      <section class="sheet">
        <h1>{props.title}</h1>
        <p>{props.says}</p>
        {props.link && (
          <p>
            <a href={props.link.href}>{props.link.text}</a>
          </p>
        )}
      </section>
    </Frame>
  );
}

interface PortalView {
  action: string;
  session: Stripe.BillingPortal.Session;
  configuration: Stripe.BillingPortal.Configuration;
  customer: Stripe.Customer;
  subscriptions: {
    subscription: Stripe.Subscription;
    name: string;
    card: string;
    open: Stripe.Invoice | null;
  }[];
  invoices: Stripe.Invoice[];
  said: { kind: 'fine' | 'trouble'; text: string } | null;
}

export function PortalPage(props: PortalView): VNode {
  const { action, session, configuration, customer, said } = props;
  const words = pageWords(session.locale);
  const flow = session.flow?.type;
  const only = session.flow?.subscription_cancel?.subscription;
  const shown = props.subscriptions.filter(
    ({ subscription }) => only === undefined || subscription.id === only,
  );
  return (
    <Frame title={words.billing} words={words}>
      <h1>{words.billingFor(customer.email ?? customer.id)}</h1>
      {configuration.business_profile.headline && (
        <p class="quiet">{configuration.business_profile.headline}</p>
      )}
      {said && (
        <p class={said.kind} role="status">
          {said.text}
        </p>
      )}
      {flow === 'payment_method_update' && (
        <section class="sheet">
          <h2>{words.changeCard}</h2>
          <form method="post" action={`${action}/card`}>
            <CardChoice words={words} currency={customer.currency ?? 'usd'} />
            <button type="submit">{words.saveCard}</button>
          </form>
        </section>
      )}
      {flow !== 'payment_method_update' && shown.length === 0 && <p>{words.noSubscription}</p>}
      {flow !== 'payment_method_update' &&
        shown.map((row) => <SubscriptionSheet key={row.subscription.id} row={row} view={props} />)}
      {flow === undefined && configuration.features.invoice_history.enabled && props.invoices.length > 0 && (
        <section class="sheet">
          <h2>{words.invoices}</h2>
          <ul>
            {props.invoices.map((invoice) => (
              <li key={invoice.id}>
                <a href={`/i/${invoice.id}`}>{invoice.number ?? invoice.id}</a> {dayOf(invoice.created)}{' '}
                {plainAmount(invoice.total, invoice.currency, words.language)} {invoice.status}
              </li>
            ))}
          </ul>
        </section>
      )}
      {session.return_url && (
        <p>
          <a href={session.return_url}>{words.goBack}</a>
        </p>
      )}
    </Frame>
  );
}

function SubscriptionSheet(props: { row: PortalView['subscriptions'][number]; view: PortalView }): VNode {
  const { subscription, name, card, open } = props.row;
  const { action, configuration } = props.view;
  const words = pageWords(props.view.session.locale);
  const features = configuration.features;
  const item = subscription.items.data[0];
  const recurring = item?.price.recurring;
  const amount = plainAmount(
    (item?.price.unit_amount ?? 0) * (item?.quantity ?? 1),
    subscription.currency,
    words.language,
  );
  const end = dayOf(periodOf(subscription).end);
  const live = !hasEnded(subscription);
  return (
    <section class="sheet">
      <h2>{name}</h2>
      <dl>
        <dt>{words.amount}</dt>
        <dd>
          {amount} {recurring ? every(recurring.interval, recurring.interval_count, words) : ''}
        </dd>
        <dt>{words.state}</dt>
        <dd>{stateOf(subscription, words)}</dd>
        <dt>{subscription.cancel_at_period_end ? words.ends : words.renews}</dt>
        <dd>{live ? end : '–'}</dd>
        <dt>{words.card}</dt>
        <dd>{card}</dd>
      </dl>
      {open && (
        <form method="post" action={`${action}/pay`}>
          <Hidden fields={{ invoice: open.id }} />
          <p class="row">
            <span class="trouble">
              {words.notPaid(
                plainAmount(open.amount_due, open.currency, words.language),
                dayOf(open.created),
              )}
            </span>
            <button type="submit">{words.payNow}</button>
          </p>
        </form>
      )}
      {live && features.payment_method_update.enabled && (
        <details>
          <summary>{words.changeCard}</summary>
          <form method="post" action={`${action}/card`}>
            <Hidden fields={{ subscription: subscription.id }} />
            <CardChoice words={words} currency={subscription.currency} />
            <button type="submit">{words.saveCard}</button>
          </form>
        </details>
      )}
      {live && features.subscription_cancel.enabled && (
        // Keeping it is done at once; cancelling is asked about first.
        <form
          method={subscription.cancel_at_period_end ? 'post' : 'get'}
          action={`${action}/${subscription.cancel_at_period_end ? 'keep' : 'cancel'}`}
        >
          <Hidden fields={{ subscription: subscription.id }} />
          {subscription.cancel_at_period_end ? (
            <button class="second" type="submit">
              {words.keep}
            </button>
          ) : (
            <button class="second" type="submit">
              {features.subscription_cancel.mode === 'immediately' ? words.cancelNow : words.cancelAtEnd(end)}
            </button>
          )}
        </form>
      )}
    </section>
  );
}

/** What Stripe's portal asks before it cancels. */
export function ConfirmCancelPage(props: {
  action: string;
  session: Stripe.BillingPortal.Session;
  subscription: Stripe.Subscription;
  name: string;
  atOnce: boolean;
}): VNode {
  const { action, session, subscription, name, atOnce } = props;
  const words = pageWords(session.locale);
  return (
    <Frame title={words.confirmTitle} words={words}>
      <section class="sheet">
        <h1>{words.confirmTitle}</h1>
        <p>
          <strong>{name}</strong>
        </p>
        <p>{atOnce ? words.confirmNow : words.confirmAtEnd(dayOf(periodOf(subscription).end))}</p>
        <form method="post" action={`${action}/cancel`}>
          <Hidden fields={{ subscription: subscription.id }} />
          <p class="row">
            <button type="submit">{words.confirm}</button>
            <a href={session.flow ? (session.return_url ?? action) : action}>{words.keep}</a>
          </p>
        </form>
      </section>
    </Frame>
  );
}

function stateOf({ status }: Stripe.Subscription, words: PageWords): string {
  const plain = status.replaceAll('_', ' ');
  return words.states[plain] ?? plain;
}

export function InvoicePage(props: {
  invoice: Stripe.Invoice;
  said: { kind: 'fine' | 'trouble'; text: string } | null;
}): VNode {
  const { invoice, said } = props;
  return (
    <Frame title={`Invoice ${invoice.number ?? ''}`}>
      <section class="sheet">
        <h1>Invoice {invoice.number ?? invoice.id}</h1>
        <p class="sum">{plainAmount(invoice.total, invoice.currency)}</p>
        <p class="quiet">
          {dayOf(invoice.created)}, {invoice.customer_email ?? ''}, {invoice.status}
        </p>
        <ul>
          {invoice.lines.data.map((line) => (
            <li key={line.id}>
              {line.description} {plainAmount(line.amount, line.currency)}, {dayOf(line.period.start)} to{' '}
              {dayOf(line.period.end)}
            </li>
          ))}
        </ul>
        {said && (
          <p class={said.kind} role="status">
            {said.text}
          </p>
        )}
        {invoice.status === 'open' && (
          <form method="post" action={`/i/${invoice.id}/pay`}>
            <CardChoice currency={invoice.currency} />
            <button type="submit">Pay {plainAmount(invoice.amount_due, invoice.currency)}</button>
          </form>
        )}
      </section>
    </Frame>
  );
}

interface PaymentView {
  intent: Stripe.PaymentIntent;
  charges: Stripe.Charge[];
  refunds: Stripe.Refund[];
  disputes: Stripe.Dispute[];
  warnings: Stripe.Radar.EarlyFraudWarning[];
  transaction: Stripe.BalanceTransaction | null;
  said: { kind: 'fine' | 'trouble'; text: string } | null;
}

export function PaymentPage(props: PaymentView): VNode {
  const { intent, charges, refunds, disputes, warnings, transaction, said } = props;
  const paid = charges.find((charge) => charge.status === 'succeeded');
  const left = paid ? paid.amount - paid.amount_refunded : 0;
  const action = `/dashboard/payments/${intent.id}`;
  return (
    <Frame title="Payment">
      <section class="sheet">
        <h1>Payment</h1>
        <p class="sum">{plainAmount(intent.amount, intent.currency)}</p>
        {said && (
          <p class={said.kind} role="status">
            {said.text}
          </p>
        )}
        <dl>
          <dt>State</dt>
          <dd>{intent.status.replaceAll('_', ' ')}</dd>
          <dt>Id</dt>
          <dd>{intent.id}</dd>
          <dt>When</dt>
          <dd>{momentOf(intent.created)}</dd>
          <dt>Description</dt>
          <dd>{intent.description ?? '–'}</dd>
          <dt>From</dt>
          <dd>{charges[0]?.billing_details.email ?? '–'}</dd>
          <dt>Customer</dt>
          <dd>{idOrNull(intent.customer) ?? '–'}</dd>
          {transaction && (
            <>
              <dt>Arrives</dt>
              <dd>
                {plainAmount(transaction.net, transaction.currency)} after{' '}
                {plainAmount(transaction.fee, transaction.currency)} fees
              </dd>
            </>
          )}
        </dl>
        <h2>Attempts</h2>
        <ul>
          {charges.map((charge) => (
            <li key={charge.id}>
              {momentOf(charge.created)}: {charge.status}
              {charge.failure_message ? `, ${charge.failure_message}` : ''}
            </li>
          ))}
        </ul>
        {refunds.length > 0 && (
          <>
            <h2>Refunds</h2>
            <ul>
              {refunds.map((refund) => (
                <li key={refund.id}>
                  {momentOf(refund.created)}: {plainAmount(refund.amount, refund.currency)}, {refund.status}
                </li>
              ))}
            </ul>
          </>
        )}
        {warnings.length > 0 && <p class="trouble">The card’s network has sent an early fraud warning.</p>}
        {disputes.map((dispute) => (
          <DisputePart key={dispute.id} dispute={dispute} action={action} />
        ))}
        {paid && left > 0 && !paid.disputed && (
          <>
            <h2>Refund</h2>
            <form method="post" action={`${action}/refund`}>
              <label class="field">
                Amount, at most {plainAmount(left, paid.currency)}; leave empty for all of it
                <input name="amount" inputMode="decimal" />
              </label>
              <button type="submit">Refund</button>
            </form>
          </>
        )}
      </section>
    </Frame>
  );
}

function DisputePart({ dispute, action }: { dispute: Stripe.Dispute; action: string }): VNode {
  return (
    <>
      <h2>Dispute</h2>
      <p>
        {plainAmount(dispute.amount, dispute.currency)}, {dispute.reason.replaceAll('_', ' ')}:{' '}
        {dispute.status.replaceAll('_', ' ')}
      </p>
      {!isClosed(dispute) && (
        <form method="post" action={`${action}/dispute`}>
          <Hidden fields={{ dispute: dispute.id }} />
          <p class="row">
            <button type="submit" name="outcome" value="won">
              Decide for us
            </button>
            <button class="second" type="submit" name="outcome" value="lost">
              Decide for the cardholder
            </button>
          </p>
        </form>
      )}
    </>
  );
}

export function ReceiptPage({ charge }: { charge: Stripe.Charge }): VNode {
  return (
    <OverPage
      title="Receipt"
      says={`${plainAmount(charge.amount, charge.currency)}, ${momentOf(charge.created)}, ${charge.description ?? 'payment'}.`}
    />
  );
}

function CardChoice(props: {
  currency: string;
  chosen?: string | undefined;
  typed?: string | undefined;
  words?: PageWords;
}): VNode {
  const { words = pageWords('en') } = props;
  const offered = offeredCards.filter((card) => card.brand !== 'sepa_debit' || props.currency === 'eur');
  const chosen = props.chosen ?? offered[0]?.number;
  return (
    <fieldset>
      <legend>{words.testCard}</legend>
      <div>
        {offered.map((card) => (
          <label class="choice" key={card.number}>
            <input type="radio" name="choice" value={card.number} checked={card.number === chosen} />
            <span>
              {card.label}
              <span class="number">{card.number}</span>
            </span>
          </label>
        ))}
      </div>
      <label class="field">
        {words.otherNumber}
        <input name="card" inputMode="numeric" autocomplete="off" value={props.typed ?? ''} />
      </label>
    </fieldset>
  );
}

function Hidden({ fields }: { fields: Record<string, string> }): VNode {
  return (
    <>
      {Object.entries(fields).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
    </>
  );
}

function Frame(props: { title: string; words?: PageWords; children: ComponentChildren }): VNode {
  const { words = pageWords('en') } = props;
  return (
    <html lang={words.language}>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{props.title} · Sandbox</title>
        <link rel="stylesheet" href="/stand-in.css" />
      </head>
      <body>
        <p class="banner">
          <strong>{words.banner}</strong> {words.never}
        </p>
        <main>{props.children}</main>
      </body>
    </html>
  );
}

function frequencyOf(items: Stripe.LineItem[], words: PageWords): string {
  const recurring = items[0]?.price?.recurring;
  return recurring ? every(recurring.interval, recurring.interval_count, words) : words.once;
}

function every(interval: string, count: number, words: PageWords): string {
  if (count === 1 && interval === 'month') return words.everyMonth;
  if (count === 1 && interval === 'year') return words.everyYear;
  return count === 1 ? `every ${interval}` : `every ${count} ${interval}s`;
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function momentOf(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
