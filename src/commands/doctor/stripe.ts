// The doctor's look at Stripe: the account, what the key may do, our webhook endpoint and the portal; mends the last two.
import Stripe from 'stripe';
import {
  findPortal,
  makePortal,
  type PortalConfiguration,
  portalDifferences,
  wantedPortal,
} from '../../account/portal-configuration.ts';
import type { Config } from '../../outside/config.ts';
import { problemOf } from '../../outside/log.ts';
import { openStripe, type StripeClient } from '../../outside/stripe.ts';
import { type Finding, noted, ok, problem } from './finding.ts';
import { lookAtEndpoint, type StripeAsked } from './webhook-endpoint.ts';

export async function lookAtStripe(asked: StripeAsked): Promise<Finding[]> {
  const stripe = openStripe(asked.config);
  const reached = await lookAtAccount(stripe, asked);
  if (reached.some(({ state }) => state === 'problem')) return reached;
  return [
    ...reached,
    ...(await lookAtPermissions(stripe, asked)),
    ...(await lookAtEndpoint(stripe, asked).catch((error: unknown) => [refused('webhook endpoint', error)])),
    ...(await lookAtDeliveries(stripe).catch((error: unknown) => [refused('webhook deliveries', error)])),
    ...(await lookAtPortal(stripe, asked).catch((error: unknown) => [refused('billing portal', error)])),
  ];
}

/** What went wrong with a call, in words; for a restricted key the permission that is missing. */
function refused(check: string, error: unknown): Finding {
  if (error instanceof Stripe.errors.StripePermissionError) {
    // Stripe names it: "Having the 'rak_webhook_write' permission would allow this request to continue."
    const permission = /'(rak_[a-z0-9_]+)'/.exec(error.message)?.[1];
    return problem(
      check,
      'the restricted key may not do this',
      `give it ${permission ?? 'the permission'} at https://dashboard.stripe.com/apikeys, or use another key`,
    );
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError) {
    const about = error.param === undefined ? '' : ` (${error.param})`;
    return problem(
      check,
      `Stripe refuses${about}: ${problemOf(error)}`,
      'see the request in the dashboard, under Workbench',
    );
  }
  return problem(check, `Stripe could not be asked (${problemOf(error)})`, 'try again in a few minutes');
}

async function lookAtAccount(
  stripe: StripeClient,
  { config, standIn, now }: StripeAsked,
): Promise<Finding[]> {
  const { live } = config.stripe;
  const mode = standIn ? 'the sandbox’s stand-in' : live ? 'live: real money' : 'test mode';
  try {
    const account = await stripe.accounts.retrieveCurrent();
    const name = account.settings?.dashboard.display_name ?? account.business_profile?.name ?? 'no name';
    const findings = [ok('Stripe', `answers; account ${account.id} (${name}), ${mode}`)];
    if (live && !account.charges_enabled) {
      findings.push(
        problem(
          'Stripe account',
          'cannot take payments yet',
          'complete it at https://dashboard.stripe.com/account/onboarding',
        ),
      );
    }
    if (config.publication.discreet) {
      const { settings } = account;
      const shown = [
        settings?.payments.statement_descriptor,
        settings?.card_payments?.statement_descriptor_prefix,
        settings?.dashboard.display_name ?? account.business_profile?.name,
      ];
      findings.push(lookAtStatements(shown, config.publication.name));
    }
    return [...findings, ...lookAtClock(account.lastResponse.headers.date, now())];
  } catch (error) {
    if (error instanceof Stripe.errors.StripeAuthenticationError) {
      return [
        problem(
          'Stripe',
          'does not know this key',
          'take the key from https://dashboard.stripe.com/apikeys into STRIPE_SECRET_KEY; it may have been rolled',
        ),
      ];
    }
    if (error instanceof Stripe.errors.StripePermissionError) {
      // Which account it is does not matter to the service.
      return [
        noted('Stripe', `answers, ${mode}; the restricted key may not see the account`),
        ...lookAtClock(error.headers?.date, now()),
      ];
    }
    return [refused('Stripe', error)];
  }
}

/** What stands in bank statements is the account's own; no request can take the publication's name out of it. */
export function lookAtStatements(
  shown: readonly (string | null | undefined)[],
  publication: string,
): Finding {
  const telling = publication.match(/\p{L}{4,}/gu) ?? [publication];
  const named = shown.filter((text) =>
    telling.some((word) => text?.toLowerCase().includes(word.toLowerCase())),
  );
  return named.length === 0
    ? ok('statements', 'neither bank statements nor Stripe’s pages name the publication')
    : problem(
        'statements',
        `the Stripe account shows readers “${named.join('”, “')}”, though PUBLICATION_DISCREET is on`,
        'choose a public name and a statement descriptor that say nothing at https://dashboard.stripe.com/settings/business-details',
      );
}

function lookAtClock(date: string | undefined, now: Date): Finding[] {
  const answered = Date.parse(date ?? '');
  if (Number.isNaN(answered)) return [];
  const seconds = Math.round(Math.abs(now.getTime() - answered) / 1000);
  // Signatures are good for 300 s; well before that something is wrong with the machine.
  return seconds <= mostSkewSeconds
    ? [ok('clock', seconds <= 1 ? 'agrees with Stripe’s' : `${seconds} s from Stripe’s`)]
    : [
        problem(
          'clock',
          `${seconds} s from Stripe’s: webhooks are refused at 300`,
          'let the machine keep its time (timedatectl set-ntp true)',
        ),
      ];
}

const mostSkewSeconds = 30;

/** What the service does at Stripe, tried with a look; only a restricted key can lack any of it. */
async function lookAtPermissions(stripe: StripeClient, { config }: StripeAsked): Promise<Finding[]> {
  if (!config.stripe.secretKey.startsWith('rk_')) return [];
  const one = { limit: 1 };
  const looks: Record<string, () => Promise<unknown>> = {
    'Checkout Sessions: write': () => stripe.checkout.sessions.list(one),
    'Subscriptions: read': () => stripe.subscriptions.list(one),
    'Invoices: read': () => stripe.invoices.list(one),
    'PaymentIntents: read': () => stripe.paymentIntents.list(one),
    'Charges and refunds: read': () => stripe.refunds.list(one),
    'Disputes: read': () => stripe.disputes.list(one),
    'Balance transactions: read': () => stripe.balanceTransactions.list(one),
    'Customers: read': () => stripe.customers.list(one),
    'Events: read': () => stripe.events.list(one),
  };
  const missing: string[] = [];
  for (const [permission, look] of Object.entries(looks)) {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripePermissionError)) return [refused('permissions', error)];
      missing.push(permission);
    }
  }
  return [
    missing.length === 0
      ? ok('permissions', 'the restricted key may read what the service reads')
      : problem(
          'permissions',
          `the restricted key lacks ${missing.join('; ')}`,
          'add them at https://dashboard.stripe.com/apikeys',
        ),
  ];
}

/** Events that Stripe could not bring to an endpoint in the 30 days it remembers. */
async function lookAtDeliveries(stripe: StripeClient): Promise<Finding[]> {
  const { data, has_more } = await stripe.events.list({ delivery_success: false, limit: 100 });
  // What is younger may simply be on its way.
  if (data.length === 0) return [ok('webhook deliveries', 'all arrived')];
  const count = has_more ? `${data.length} or more` : String(data.length);
  return [
    noted(
      'webhook deliveries',
      `${count} of the last 30 days have not arrived (yet)`,
      'Stripe tries again for three days; older ones can be sent again from the endpoint’s page in the dashboard',
    ),
  ];
}

async function lookAtPortal(stripe: StripeClient, { config, standIn, fix }: StripeAsked): Promise<Finding[]> {
  const check = 'billing portal';
  const found = await findPortal(stripe);
  if (found === null) {
    if (!fix && standIn) return [ok(check, 'gets its configuration when a reader first opens it')];
    if (!fix) return [problem(check, 'has no configuration of ours', 'npm run favor -- doctor --fix')];
    const made = await makePortal(stripe, config);
    return [
      { check, state: 'mended', says: `saved a configuration (${made.id}): change the card, end the gift` },
    ];
  }
  const differences = portalDifferences(config, found);
  if (differences.length === 0) return [ok(check, `configured (${found.id})`)];
  if (!fix) return [problem(check, differences.join('; '), 'npm run favor -- doctor --fix')];
  await mendPortal(stripe, config, found);
  return [{ check, state: 'mended', says: `put right (${found.id}): ${differences.join('; ')}` }];
}

async function mendPortal(
  stripe: StripeClient,
  config: Pick<Config, 'baseUrl'>,
  found: PortalConfiguration,
): Promise<void> {
  await stripe.billingPortal.configurations.update(found.id, wantedPortal(config));
}
