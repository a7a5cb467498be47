// The doctor's look at our webhook endpoint at Stripe: its address, whether it is on, its events and its API version.
import type Stripe from 'stripe';
import type { Config } from '../../outside/config.ts';
import type { StripeClient } from '../../outside/stripe.ts';
import { pinnedVersion, subscribedTypes } from '../../stripe/events.ts';
import { type Finding, noted, ok, problem } from './finding.ts';

export interface StripeAsked {
  config: Pick<Config, 'baseUrl' | 'stripe' | 'publication'>;
  /** Stripe is stood in for by the sandbox, which has an endpoint of its own from the start. */
  standIn: boolean;
  /** What the time is where Stripe's answers come from. */
  now(): Date;
  fix: boolean;
}

const check = 'webhook endpoint';

export async function lookAtEndpoint(stripe: StripeClient, asked: StripeAsked): Promise<Finding[]> {
  const address = `${asked.config.baseUrl}/webhooks/stripe`;
  const listed = await stripe.webhookEndpoints.list({ limit: 100 });
  if (asked.standIn) return [lookAtStandIn(listed.data, address)];
  const here = listed.data.filter(({ url }) => url === address);
  const pinned = here.filter(({ api_version }) => api_version === pinnedVersion);
  const others = here.filter((each) => !pinned.includes(each));
  const ours = pinned.find(({ status }) => status === 'enabled') ?? pinned[0];
  if (!ours) return [await makeEndpoint(stripe, asked, address, others)];
  return [
    await lookAtOurs(stripe, asked, ours),
    ...[...pinned.filter((each) => each !== ours), ...others].map((each) =>
      noted(
        check,
        `${each.id} sends to the same address${each.api_version === pinnedVersion ? '' : ` in API version ${each.api_version ?? 'of the account'}`}`,
        `once deliveries to ${ours.id} succeed, delete ${each.id} in the dashboard; an event that comes twice is kept once`,
      ),
    ),
  ];
}

async function lookAtOurs(
  stripe: StripeClient,
  { fix }: StripeAsked,
  endpoint: Stripe.WebhookEndpoint,
): Promise<Finding> {
  const wrong = differences(endpoint);
  if (wrong.length === 0) {
    return ok(check, `${endpoint.url} is on, with our ${subscribedTypes.length} events in ${pinnedVersion}`);
  }
  if (!fix) return problem(check, `${endpoint.url}: ${wrong.join('; ')}`, 'npm run favor -- doctor --fix');
  await stripe.webhookEndpoints.update(endpoint.id, {
    enabled_events: [...subscribedTypes],
    disabled: false,
  });
  return { check, state: 'mended', says: `put right ${endpoint.id}: ${wrong.join('; ')}` };
}

/** An endpoint keeps its API version for life: another version is another endpoint beside the old one. */
async function makeEndpoint(
  stripe: StripeClient,
  { fix }: StripeAsked,
  address: string,
  others: readonly Stripe.WebhookEndpoint[],
): Promise<Finding> {
  const [other] = others;
  const why =
    other === undefined
      ? `there is none for ${address}`
      : `${other.id} sends in API version ${other.api_version ?? 'of the account'}, not ${pinnedVersion}`;
  if (isOwnMachine(address)) {
    return problem(
      check,
      'Stripe cannot reach BASE_URL: it is an address of this machine',
      `forward events with Stripe’s own tool: stripe listen --forward-to ${address}, and put the secret it prints into STRIPE_WEBHOOK_SECRETS`,
    );
  }
  if (!fix) return problem(check, why, 'npm run favor -- doctor --fix');
  const made = await stripe.webhookEndpoints.create({
    url: address,
    enabled_events: [...subscribedTypes],
    api_version: pinnedVersion,
    description: 'Small Favor',
    metadata: { favor: 'webhook' },
  });
  return {
    check,
    state: 'mended',
    says: `made ${made.id} for ${address}, as ${why}`,
    todo:
      other === undefined
        ? 'put its signing secret into STRIPE_WEBHOOK_SECRETS and restart; Stripe does not show it again in an answer:'
        : `put its signing secret first into STRIPE_WEBHOOK_SECRETS, before the old one, and restart; then delete ${other.id} in the dashboard:`,
    ...(made.secret !== undefined && { secret: made.secret }),
  };
}

/** The sandbox points its own endpoint at the service; there is nothing to mend. */
function lookAtStandIn(endpoints: readonly Stripe.WebhookEndpoint[], address: string): Finding {
  const { port, pathname } = new URL(address);
  const found = endpoints.find(({ url, status }) => {
    const at = new URL(url);
    return status === 'enabled' && at.port === port && at.pathname === pathname;
  });
  return found
    ? ok(check, `the sandbox sends to ${found.url}`)
    : problem(check, 'the sandbox sends nowhere', 'stop it and start it again: npm start');
}

function differences({ status, enabled_events }: Stripe.WebhookEndpoint): string[] {
  const missing = subscribedTypes.filter((type) => !enabled_events.includes(type));
  const others = enabled_events.filter((type) => !subscribedTypes.some((ours) => ours === type));
  return [
    ...(status === 'enabled' ? [] : ['it is switched off']),
    ...(missing.length === 0 || enabled_events.includes('*') ? [] : [`it lacks ${missing.join(', ')}`]),
    // Among all others is invoice.created, for whose answer Stripe holds every renewal back.
    ...(others.length === 0 ? [] : [`it sends what nobody here needs: ${others.join(', ')}`]),
  ];
}

function isOwnMachine(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}
