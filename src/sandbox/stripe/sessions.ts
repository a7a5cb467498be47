// Checkout sessions: begun by the API, read, listed and expired; paying one is checkout's business.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, defer, get, keep, tell } from './act.ts';
import { decimalsOf, minimumCharge, plainAmount } from './currencies.ts';
import type { Order } from './kinds.ts';
import { newId } from './kinds.ts';
import {
  currency,
  emailAddress,
  flag,
  mergeMetadata,
  metadata,
  moment,
  oneOf,
  parameters,
  read,
  text,
  webAddress,
  whole,
} from './parameters.ts';
import { cancelPayment } from './payments.ts';
import { checkoutPrice, idOrNull, mostAmount, priceFor } from './prices.ts';
import { invalid, refusal } from './refusals.ts';

const day = 86_400;
const soonestExpiry = 30 * 60;

const sessionLocales = [
  'auto',
  'bg',
  'cs',
  'da',
  'de',
  'el',
  'en',
  'en-GB',
  'es',
  'es-419',
  'et',
  'fi',
  'fil',
  'fr',
  'fr-CA',
  'hi-IN',
  'hr',
  'hu',
  'id',
  'it',
  'ja',
  'ko',
  'lt',
  'lv',
  'ms',
  'mt',
  'nb',
  'nl',
  'pl',
  'pt',
  'pt-BR',
  'ro',
  'ru',
  'sk',
  'sl',
  'sv',
  'th',
  'tr',
  'vi',
  'zh',
  'zh-HK',
  'zh-TW',
] as const;

const message = z.strictObject({ message: text(1200) }).optional();

const creation = parameters<Stripe.Checkout.SessionCreateParams>()({
  adaptive_pricing: z.strictObject({ enabled: flag.optional() }).optional(),
  allow_promotion_codes: flag.optional(),
  allowed_payment_method_types: z
    .array(oneOf('card', 'sepa_debit', 'link'))
    .min(1)
    .optional(),
  billing_address_collection: oneOf('auto', 'required').optional(),
  cancel_url: webAddress.optional(),
  client_reference_id: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]{1,200}$/,
      'Client reference ids may hold up to 200 letters, digits, dashes and underscores',
    )
    .optional(),
  consent_collection: z
    .strictObject({
      promotions: oneOf('auto', 'none').optional(),
      terms_of_service: oneOf('none', 'required').optional(),
    })
    .optional(),
  currency: currency.optional(),
  custom_text: z
    .strictObject({ after_submit: message, submit: message, terms_of_service_acceptance: message })
    .optional(),
  customer: text().optional(),
  customer_creation: oneOf('always', 'if_required').optional(),
  customer_email: emailAddress.optional(),
  expires_at: moment.optional(),
  line_items: z
    .array(
      z.strictObject({
        metadata,
        price: text().optional(),
        price_data: checkoutPrice.optional(),
        quantity: whole(1, 999_999),
      }),
    )
    .min(1)
    .max(100),
  locale: oneOf(...sessionLocales).optional(),
  metadata,
  mode: oneOf('payment', 'setup', 'subscription'),
  origin_context: oneOf('mobile_app', 'web').optional(),
  payment_intent_data: z
    .strictObject({
      capture_method: oneOf('automatic', 'automatic_async').optional(),
      description: text(1000).optional(),
      metadata,
      receipt_email: emailAddress.optional(),
      setup_future_usage: oneOf('off_session', 'on_session').optional(),
      statement_descriptor: text(22).optional(),
      statement_descriptor_suffix: text(22).optional(),
    })
    .optional(),
  payment_method_collection: oneOf('always', 'if_required').optional(),
  phone_number_collection: z.strictObject({ enabled: flag }).optional(),
  submit_type: oneOf('auto', 'book', 'donate', 'pay', 'subscribe').optional(),
  subscription_data: z.strictObject({ description: text(500).optional(), metadata }).optional(),
  success_url: webAddress,
  ui_mode: oneOf('elements', 'embedded_page', 'form', 'hosted_page').optional(),
});

const changing = parameters<Stripe.Checkout.SessionUpdateParams>()({ metadata });

export function createSession(act: Act, raw: unknown): Stripe.Checkout.Session {
  const asked = read(creation, raw);
  if (asked.mode === 'setup') throw invalid('The stand-in knows payment and subscription mode only.', 'mode');
  if (asked.ui_mode !== undefined && asked.ui_mode !== 'hosted_page') {
    throw invalid('The stand-in has hosted pages only: pass ui_mode=hosted_page or leave it out.', 'ui_mode');
  }
  refuseContradictions(asked);
  const customer = asked.customer === undefined ? null : get(act, 'customer', asked.customer, 'customer');
  if (asked.expires_at !== undefined) checkExpiry(act, asked.expires_at);
  const items = asked.line_items.map((line, index) => lineItem(act, line, index));
  checkPrices(asked.mode, items);
  const total = items.reduce((sum, line) => sum + line.amount_total, 0);
  const money = items[0]?.currency ?? '';
  checkTotal(total, money);
  const id = newId('checkout.session');
  const email = asked.customer_email ?? customer?.email ?? null;
  const session = keep(act, 'checkout.session', {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: asked.adaptive_pricing?.enabled ?? false },
    after_expiration: null,
    allow_promotion_codes: asked.allow_promotion_codes ?? null,
    allowed_payment_method_types: asked.allowed_payment_method_types ?? null,
    amount_subtotal: total,
    amount_total: total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: asked.billing_address_collection ?? null,
    cancel_url: asked.cancel_url ?? null,
    client_reference_id: asked.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: asked.consent_collection
      ? {
          payment_method_reuse_agreement: null,
          promotions: asked.consent_collection.promotions ?? 'none',
          terms_of_service: asked.consent_collection.terms_of_service ?? 'none',
        }
      : null,
    created: act.at,
    currency: money,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: asked.custom_text?.after_submit ?? null,
      shipping_address: null,
      submit: asked.custom_text?.submit ?? null,
      terms_of_service_acceptance: asked.custom_text?.terms_of_service_acceptance ?? null,
    },
    customer: customer?.id ?? null,
    customer_account: null,
    customer_creation:
      asked.mode === 'payment' && !customer ? (asked.customer_creation ?? 'if_required') : null,
    customer_details:
      email === null
        ? null
        : {
            address: null,
            business_name: null,
            email,
            individual_name: null,
            name: customer?.name ?? null,
            phone: null,
            tax_exempt: 'none',
            tax_ids: null,
          },
    customer_email: asked.customer_email ?? null,
    discounts: [],
    expires_at: asked.expires_at ?? act.at + day,
    integration_identifier: null,
    invoice: null,
    invoice_creation:
      asked.mode === 'payment'
        ? {
            enabled: false,
            invoice_data: {
              account_tax_ids: null,
              custom_fields: null,
              description: null,
              footer: null,
              issuer: null,
              metadata: {},
              rendering_options: null,
            },
          }
        : null,
    livemode: false,
    locale: asked.locale ?? null,
    managed_payments: null,
    metadata: mergeMetadata({}, asked.metadata),
    mode: asked.mode,
    origin_context: asked.origin_context ?? null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection:
      asked.payment_method_collection ?? (asked.mode === 'subscription' ? 'always' : 'if_required'),
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types:
      asked.allowed_payment_method_types ?? (money === 'eur' ? ['card', 'sepa_debit'] : ['card']),
    payment_status: 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: asked.phone_number_collection?.enabled ?? false },
    recovered_from: null,
    saved_payment_method_options:
      asked.mode === 'subscription' || customer
        ? {
            allow_redisplay_filters: ['always'],
            payment_method_remove: 'disabled',
            payment_method_save: null,
          }
        : null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: asked.submit_type ?? null,
    subscription: null,
    success_url: asked.success_url,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${act.baseUrl}/c/pay/${id}`,
    wallet_options: null,
  });
  const order: Order = {
    items,
    paymentIntent: {
      description: asked.payment_intent_data?.description ?? null,
      metadata: mergeMetadata({}, asked.payment_intent_data?.metadata),
      receiptEmail: asked.payment_intent_data?.receipt_email ?? null,
      statementDescriptor: asked.payment_intent_data?.statement_descriptor ?? null,
      statementDescriptorSuffix: asked.payment_intent_data?.statement_descriptor_suffix ?? null,
      setupFutureUsage: asked.payment_intent_data?.setup_future_usage ?? null,
    },
    subscription: {
      description: asked.subscription_data?.description ?? null,
      metadata: mergeMetadata({}, asked.subscription_data?.metadata),
    },
    attempt: null,
    challenged: null,
    message: null,
  };
  act.store.setNote('checkout.session', id, order);
  defer(act, 'session-expires', id, session.expires_at);
  return session;
}

export function orderOf(act: Act, session: string): Order {
  const order = act.store.note('checkout.session', session);
  if (!order) throw new Error(`No order is known for ${session}`);
  return order;
}

export function updateSession(act: Act, id: string, raw: unknown): Stripe.Checkout.Session {
  const asked = read(changing, raw);
  const session = get(act, 'checkout.session', id);
  return change(act, 'checkout.session', session, {
    metadata: mergeMetadata(session.metadata ?? {}, asked.metadata),
  });
}

/** By the API, by the page, or by its hour. */
export function expireSession(act: Act, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  if (session.status !== 'open') {
    throw invalid(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
    );
  }
  act.store.forgetDue('session-expires', session.id);
  const expired = change(act, 'checkout.session', session, { status: 'expired', url: null });
  const attempt = idOrNull(session.payment_intent) ?? orderOf(act, session.id).attempt;
  const intent = attempt === null ? undefined : act.store.find('payment_intent', attempt);
  if (intent) cancelPayment(act, intent, 'expired');
  tell(act, 'checkout.session.expired', expired);
  return expired;
}

type Asked = z.infer<typeof creation>;

function refuseContradictions(asked: Asked): void {
  if (asked.customer !== undefined && asked.customer_email !== undefined) {
    throw invalid(
      'You may only specify one of these parameters: customer, customer_email.',
      'customer',
      'parameters_exclusive',
    );
  }
  if (asked.mode === 'subscription') {
    if (asked.payment_intent_data) {
      throw invalid('You can not pass `payment_intent_data` in `subscription` mode.', 'payment_intent_data');
    }
    if (asked.customer_creation) {
      throw invalid('`customer_creation` can only be used in `payment` mode.', 'customer_creation');
    }
    if (
      asked.submit_type !== undefined &&
      asked.submit_type !== 'subscribe' &&
      asked.submit_type !== 'auto'
    ) {
      throw invalid(
        `You can not pass \`submit_type\` ${asked.submit_type} in \`subscription\` mode.`,
        'submit_type',
      );
    }
  }
  if (asked.mode === 'payment') {
    if (asked.subscription_data) {
      throw invalid('You can not pass `subscription_data` in `payment` mode.', 'subscription_data');
    }
    if (asked.payment_method_collection) {
      throw invalid(
        'You can only pass `payment_method_collection` in `subscription` mode.',
        'payment_method_collection',
      );
    }
    if (asked.submit_type === 'subscribe') {
      throw invalid('You can not pass `submit_type` subscribe in `payment` mode.', 'submit_type');
    }
  }
}

function checkExpiry(act: Act, at: number): void {
  if (at < act.at + soonestExpiry) {
    throw invalid(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      'expires_at',
    );
  }
  if (at > act.at + day) {
    throw invalid(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      'expires_at',
    );
  }
}

function lineItem(act: Act, line: Asked['line_items'][number], index: number): Stripe.LineItem {
  const param = `line_items[${index}]`;
  if ((line.price === undefined) === (line.price_data === undefined)) {
    throw invalid('You must specify either `price` or `price_data` for each line item.', param);
  }
  const price = line.price_data
    ? priceFor(act, line.price_data, `${param}[price_data]`)
    : get(act, 'price', line.price ?? '', `${param}[price]`);
  const amount = (price.unit_amount ?? 0) * line.quantity;
  return {
    id: newId('line_item'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: act.store.find('product', idOrNull(price.product) ?? '')?.name ?? null,
    metadata: mergeMetadata({}, line.metadata),
    price,
    quantity: line.quantity,
  };
}

function checkPrices(mode: 'payment' | 'subscription', items: Stripe.LineItem[]): void {
  const recurring = items.filter((line) => line.price?.recurring);
  if (mode === 'payment' && recurring.length > 0) {
    throw invalid(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      'mode',
    );
  }
  if (mode === 'subscription' && recurring.length === 0) {
    throw invalid(
      'You must provide at least one recurring price in `subscription` mode when using prices.',
      'line_items',
    );
  }
  if (mode === 'subscription' && recurring.length < items.length) {
    throw invalid('The stand-in takes recurring prices only in `subscription` mode.', 'line_items');
  }
  if (new Set(items.map((line) => line.currency)).size > 1) {
    throw invalid('You cannot combine currencies on a single Checkout Session.', 'line_items');
  }
}

function checkTotal(total: number, money: string): void {
  if (total > mostAmount) {
    throw refusal(400, {
      type: 'invalid_request_error',
      code: 'amount_too_large',
      message: `The Checkout Session's total amount must be no more than ${plainAmount(mostAmount, money)}.`,
      param: 'line_items',
    });
  }
  // The króna and the Ugandan shilling have no smaller unit, yet Stripe counts them in hundredths.
  if ((money === 'isk' || money === 'ugx') && total % 100 !== 0) {
    throw invalid(`Invalid amount: ${money} amounts must be divisible by 100.`, 'line_items');
  }
  if (total >= minimumCharge(money)) return;
  const least = (minimumCharge(money) / 10 ** decimalsOf(money)).toFixed(decimalsOf(money));
  throw refusal(400, {
    type: 'invalid_request_error',
    code: 'amount_too_small',
    message: `The Checkout Session's total amount due must add up to at least ${least} ${money}`,
    param: 'line_items',
  });
}
