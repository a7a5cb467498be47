// The billing portal: its saved configurations, its sessions, and what a reader may do there.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, get, keep, tell } from './act.ts';
import { newId, randomLetters } from './kinds.ts';
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

const cancelOptions = oneOf(
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
);
const prorations = oneOf('always_invoice', 'create_prorations', 'none');
const emptyList = z.literal('').transform(() => []);

const features = z.strictObject({
  customer_update: z
    .strictObject({
      allowed_updates: z
        .union([emptyList, z.array(oneOf('address', 'email', 'name', 'phone', 'shipping', 'tax_id'))])
        .optional(),
      enabled: flag.optional(),
    })
    .optional(),
  invoice_history: z.strictObject({ enabled: flag }).optional(),
  payment_method_update: z.strictObject({ enabled: flag }).optional(),
  subscription_cancel: z
    .strictObject({
      cancellation_reason: z
        .strictObject({ enabled: flag, options: z.union([emptyList, z.array(cancelOptions)]).optional() })
        .optional(),
      enabled: flag.optional(),
      mode: oneOf('at_period_end', 'immediately').optional(),
      proration_behavior: prorations.optional(),
    })
    .optional(),
  subscription_pause: z.strictObject({ enabled: flag.optional() }).optional(),
  subscription_update: z
    .strictObject({
      default_allowed_updates: z
        .union([emptyList, z.array(oneOf('price', 'promotion_code', 'quantity'))])
        .optional(),
      enabled: flag.optional(),
      proration_behavior: prorations.optional(),
    })
    .optional(),
});

const profile = z
  .strictObject({
    headline: unsettable(60).optional(),
    privacy_policy_url: z.union([z.literal('').transform(() => null), webAddress]).optional(),
    terms_of_service_url: z.union([z.literal('').transform(() => null), webAddress]).optional(),
  })
  .optional();

const returnUrl = z.union([z.literal('').transform(() => null), webAddress]).optional();

const creation = parameters<Stripe.BillingPortal.ConfigurationCreateParams>()({
  business_profile: profile,
  default_return_url: returnUrl,
  features,
  login_page: z.strictObject({ enabled: flag }).optional(),
  metadata,
  name: unsettable().optional(),
});

const changing = parameters<Stripe.BillingPortal.ConfigurationUpdateParams>()({
  active: flag.optional(),
  business_profile: profile,
  default_return_url: returnUrl,
  features: features.optional(),
  login_page: z.strictObject({ enabled: flag }).optional(),
  metadata,
  name: unsettable().optional(),
});

const flow = z
  .strictObject({
    after_completion: z
      .strictObject({
        hosted_confirmation: z.strictObject({ custom_message: text(500).optional() }).optional(),
        redirect: z.strictObject({ return_url: webAddress }).optional(),
        type: oneOf('hosted_confirmation', 'portal_homepage', 'redirect'),
      })
      .optional(),
    subscription_cancel: z.strictObject({ subscription: text() }).optional(),
    type: oneOf('payment_method_update', 'subscription_cancel'),
  })
  .optional();

const opening = parameters<Stripe.BillingPortal.SessionCreateParams>()({
  configuration: text().optional(),
  customer: text(),
  flow_data: flow,
  locale: text().optional(),
  return_url: webAddress.optional(),
});

export function createConfiguration(act: Act, raw: unknown): Stripe.BillingPortal.Configuration {
  const asked = read(creation, raw);
  const configuration = keep(act, 'billing_portal.configuration', {
    id: newId('billing_portal.configuration'),
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: profileOf(asked.business_profile, null),
    created: act.at,
    default_return_url: asked.default_return_url ?? null,
    features: featuresOf(asked.features, null),
    is_default: false,
    livemode: false,
    login_page: { enabled: asked.login_page?.enabled ?? false, url: null },
    metadata: mergeMetadata({}, asked.metadata),
    name: asked.name ?? null,
    updated: act.at,
  });
  tell(act, 'billing_portal.configuration.created', configuration);
  return configuration;
}

export function updateConfiguration(act: Act, id: string, raw: unknown): Stripe.BillingPortal.Configuration {
  const asked = read(changing, raw);
  const configuration = get(act, 'billing_portal.configuration', id);
  const changed = change(act, 'billing_portal.configuration', configuration, {
    ...(asked.active === undefined ? {} : { active: asked.active }),
    business_profile: profileOf(asked.business_profile, configuration.business_profile),
    ...(asked.default_return_url === undefined ? {} : { default_return_url: asked.default_return_url }),
    features: asked.features ? featuresOf(asked.features, configuration.features) : configuration.features,
    ...(asked.login_page === undefined
      ? {}
      : { login_page: { enabled: asked.login_page.enabled, url: null } }),
    metadata: mergeMetadata(configuration.metadata ?? {}, asked.metadata),
    ...(asked.name === undefined ? {} : { name: asked.name }),
    updated: act.at,
  });
  tell(act, 'billing_portal.configuration.updated', changed, configuration);
  return changed;
}

export function openPortal(act: Act, raw: unknown): Stripe.BillingPortal.Session {
  const asked = read(opening, raw);
  const customer = get(act, 'customer', asked.customer, 'customer');
  const configuration =
    asked.configuration === undefined
      ? null
      : get(act, 'billing_portal.configuration', asked.configuration, 'configuration');
  if (!configuration) {
    // The default configuration is saved in the dashboard, which the stand-in has not.
    throw invalid(
      'No configuration provided and your test mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in test mode at https://dashboard.stripe.com/test/settings/billing/portal.',
    );
  }
  if (!configuration.active)
    throw invalid(`The configuration ${configuration.id} is not active.`, 'configuration');
  checkFlow(act, asked.flow_data, customer.id);
  const id = newId('billing_portal.session');
  const session = keep(act, 'billing_portal.session', {
    id,
    object: 'billing_portal.session',
    configuration: configuration.id,
    created: act.at,
    customer: customer.id,
    customer_account: null,
    flow: flowOf(asked.flow_data),
    livemode: false,
    locale: asked.locale ?? null,
    on_behalf_of: null,
    return_url: asked.return_url ?? configuration.default_return_url,
    url: `${act.baseUrl}/p/session/${id}${randomLetters(16)}`,
  });
  tell(act, 'billing_portal.session.created', session);
  return session;
}

function checkFlow(act: Act, asked: z.infer<typeof flow>, customer: string): void {
  if (asked?.type !== 'subscription_cancel') return;
  const id = asked.subscription_cancel?.subscription;
  if (id === undefined) {
    throw invalid(
      'Missing required param: flow_data[subscription_cancel].',
      'flow_data[subscription_cancel]',
      'parameter_missing',
    );
  }
  const subscription = get(act, 'subscription', id, 'flow_data[subscription_cancel][subscription]');
  if (subscription.customer !== customer) {
    throw invalid(
      'The subscription does not belong to the customer.',
      'flow_data[subscription_cancel][subscription]',
    );
  }
}

function flowOf(asked: z.infer<typeof flow>): Stripe.BillingPortal.Session.Flow | null {
  if (!asked) return null;
  const after = asked.after_completion;
  return {
    after_completion: {
      hosted_confirmation: after?.hosted_confirmation
        ? { custom_message: after.hosted_confirmation.custom_message ?? null }
        : null,
      redirect: after?.redirect ?? null,
      type: after?.type ?? 'portal_homepage',
    },
    customer_update: null,
    subscription_cancel: asked.subscription_cancel
      ? { retention: null, subscription: asked.subscription_cancel.subscription }
      : null,
    subscription_pause: null,
    subscription_update: null,
    subscription_update_confirm: null,
    type: asked.type,
  };
}

function profileOf(
  asked: z.infer<typeof profile>,
  known: Stripe.BillingPortal.Configuration.BusinessProfile | null,
): Stripe.BillingPortal.Configuration.BusinessProfile {
  return {
    headline: asked?.headline === undefined ? (known?.headline ?? null) : asked.headline,
    privacy_policy_url:
      asked?.privacy_policy_url === undefined
        ? (known?.privacy_policy_url ?? null)
        : asked.privacy_policy_url,
    terms_of_service_url:
      asked?.terms_of_service_url === undefined
        ? (known?.terms_of_service_url ?? null)
        : asked.terms_of_service_url,
  };
}

function featuresOf(
  asked: z.infer<typeof features>,
  known: Stripe.BillingPortal.Configuration.Features | null,
): Stripe.BillingPortal.Configuration.Features {
  const cancel = asked.subscription_cancel;
  const update = asked.subscription_update;
  return {
    customer_update: {
      allowed_updates: asked.customer_update?.allowed_updates ?? known?.customer_update.allowed_updates ?? [],
      enabled: asked.customer_update?.enabled ?? known?.customer_update.enabled ?? false,
    },
    invoice_history: { enabled: asked.invoice_history?.enabled ?? known?.invoice_history.enabled ?? false },
    payment_method_update: {
      enabled: asked.payment_method_update?.enabled ?? known?.payment_method_update.enabled ?? false,
      payment_method_configuration: null,
    },
    subscription_cancel: {
      cancellation_reason: {
        enabled:
          cancel?.cancellation_reason?.enabled ??
          known?.subscription_cancel.cancellation_reason.enabled ??
          false,
        feedback_options: null,
        options:
          cancel?.cancellation_reason?.options ??
          known?.subscription_cancel.cancellation_reason.options ??
          [],
      },
      enabled: cancel?.enabled ?? known?.subscription_cancel.enabled ?? false,
      mode: cancel?.mode ?? known?.subscription_cancel.mode ?? 'at_period_end',
      proration_behavior:
        cancel?.proration_behavior ?? known?.subscription_cancel.proration_behavior ?? 'none',
    },
    subscription_pause: {
      duration: { interval_options: [], type: 'indefinite' },
      enabled: asked.subscription_pause?.enabled ?? known?.subscription_pause.enabled ?? false,
    },
    subscription_update: {
      billing_cycle_anchor: null,
      default_allowed_updates:
        update?.default_allowed_updates ?? known?.subscription_update.default_allowed_updates ?? [],
      enabled: update?.enabled ?? known?.subscription_update.enabled ?? false,
      proration_behavior:
        update?.proration_behavior ?? known?.subscription_update.proration_behavior ?? 'none',
      schedule_at_period_end: { conditions: [] },
      trial_update_behavior: 'end_trial',
    },
  };
}
