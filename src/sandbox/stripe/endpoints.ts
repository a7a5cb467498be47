// Webhook endpoints: the one the sandbox starts with, and those that the API makes.
import { randomBytes } from 'node:crypto';
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { apiVersion, change, get, keep } from './act.ts';
import { eventTypes } from './event-types.ts';
import { newId } from './kinds.ts';
import {
  flag,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  read,
  text,
  unsettable,
  webAddress,
} from './parameters.ts';
import { invalid } from './refusals.ts';

const eventName = oneOf(...eventTypes);

const creation = parameters<Stripe.WebhookEndpointCreateParams>()({
  api_version: text().optional(),
  connect: flag.optional(),
  description: unsettable().optional(),
  enabled_events: z.array(eventName).min(1),
  metadata,
  url: webAddress,
});

const changing = parameters<Stripe.WebhookEndpointUpdateParams>()({
  description: unsettable().optional(),
  disabled: flag.optional(),
  enabled_events: z.array(eventName).min(1).optional(),
  metadata,
  url: webAddress.optional(),
});

/** The secret is in this answer and in no later one. */
export function createEndpoint(act: Act, raw: unknown): Stripe.WebhookEndpoint {
  const asked = read(creation, raw);
  if (asked.api_version !== undefined && asked.api_version !== apiVersion) {
    throw invalid(`The stand-in renders events in ${apiVersion} only.`, 'api_version');
  }
  const secret = `whsec_${randomBytes(24).toString('base64url')}`;
  const endpoint = newEndpoint(act, asked.url, secret, asked.enabled_events, {
    description: asked.description ?? null,
    apiVersion: asked.api_version ?? null,
    metadata: mergeMetadata({}, asked.metadata),
  });
  return { ...endpoint, secret };
}

function newEndpoint(
  act: Act,
  url: string,
  secret: string,
  events: string[],
  about: { description: string | null; apiVersion: string | null; metadata: Stripe.Metadata },
): Stripe.WebhookEndpoint {
  const endpoint = keep(act, 'webhook_endpoint', {
    id: newId('webhook_endpoint'),
    object: 'webhook_endpoint',
    api_version: about.apiVersion,
    application: null,
    created: act.at,
    description: about.description,
    enabled_events: events,
    livemode: false,
    metadata: about.metadata,
    status: 'enabled',
    url,
  });
  act.store.setNote('webhook_endpoint', endpoint.id, { secret });
  return endpoint;
}

export function updateEndpoint(act: Act, id: string, raw: unknown): Stripe.WebhookEndpoint {
  const asked = read(changing, raw);
  const endpoint = get(act, 'webhook_endpoint', id);
  return change(act, 'webhook_endpoint', endpoint, {
    ...(asked.description === undefined ? {} : { description: asked.description }),
    ...(asked.disabled === undefined ? {} : { status: asked.disabled ? 'disabled' : 'enabled' }),
    ...(asked.enabled_events === undefined ? {} : { enabled_events: asked.enabled_events }),
    ...(asked.url === undefined ? {} : { url: asked.url }),
    metadata: mergeMetadata(endpoint.metadata, asked.metadata),
  });
}

export function deleteEndpoint(act: Act, id: string): Stripe.DeletedWebhookEndpoint {
  get(act, 'webhook_endpoint', id);
  act.store.remove('webhook_endpoint', id);
  return { id, object: 'webhook_endpoint', deleted: true };
}

/** The endpoint from the start: told apart by a setting, so that a restart on other ports moves it. */
export function setFirstEndpoint(act: Act, url: string, secret: string, types: readonly string[]): void {
  const known = act.store.setting<string>('first_endpoint');
  const endpoint = known === undefined ? undefined : act.store.find('webhook_endpoint', known);
  if (endpoint) {
    change(act, 'webhook_endpoint', endpoint, { status: 'enabled', url, enabled_events: [...types] });
    act.store.setNote('webhook_endpoint', endpoint.id, { secret });
    return;
  }
  const made = newEndpoint(act, url, secret, [...types], { description: null, apiVersion, metadata: {} });
  act.store.setSetting('first_endpoint', made.id);
}
