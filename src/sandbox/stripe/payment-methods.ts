// Payment methods: a test card or a test IBAN as Stripe describes it, and whose it is.
import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, get, keep, tell } from './act.ts';
import type { TestCard } from './cards.ts';
import { isDebit, readCard } from './cards.ts';
import { newId } from './kinds.ts';
import { emailAddress, mergeMetadata, metadata, oneOf, parameters, read, text, whole } from './parameters.ts';
import { idOrNull } from './prices.ts';
import { invalid, missing, refusal } from './refusals.ts';

export interface Payer {
  email: string | null;
  name: string | null;
  address: Stripe.Address | null;
}

const expMonth = 12;

export function newPaymentMethod(act: Act, card: TestCard, payer: Payer): Stripe.PaymentMethod {
  const base: Stripe.PaymentMethod = {
    id: newId('payment_method'),
    object: 'payment_method',
    allow_redisplay: 'limited',
    billing_details: {
      address: payer.address,
      email: payer.email,
      name: payer.name,
      phone: null,
      tax_id: null,
    },
    created: act.at,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: isDebit(card) ? 'sepa_debit' : 'card',
  };
  const method = keep(
    act,
    'payment_method',
    isDebit(card)
      ? {
          ...base,
          sepa_debit: {
            bank_code: card.number.slice(4, 12),
            branch_code: '',
            country: card.country,
            fingerprint: fingerprintOf(card),
            generated_from: { charge: null, setup_attempt: null },
            last4: card.number.slice(-4),
          },
        }
      : {
          ...base,
          card: {
            brand: card.brand,
            checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
            country: card.country,
            display_brand: card.brand,
            exp_month: expMonth,
            exp_year: expYear(act),
            fingerprint: fingerprintOf(card),
            funding: 'credit',
            generated_from: null,
            last4: card.number.slice(-4),
            networks: { available: [card.brand], preferred: null },
            regulated_status: 'unregulated',
            three_d_secure_usage: { supported: true },
            wallet: null,
          },
        },
  );
  act.store.setNote('payment_method', method.id, { number: card.number });
  return method;
}

export function attach(act: Act, method: Stripe.PaymentMethod, customer: string): Stripe.PaymentMethod {
  if (idOrNull(method.customer) === customer) return method;
  const attached = change(act, 'payment_method', method, { customer });
  tell(act, 'payment_method.attached', attached);
  return attached;
}

/** Stripe's ready-made test methods and tokens, by what follows `pm_card_` or `tok_`. */
const ready: Record<string, string> = {
  visa: '4242424242424242',
  mastercard: '5555555555554444',
  amex: '378282246310005',
  chargeDeclined: '4000000000000002',
  visa_chargeDeclined: '4000000000000002',
  chargeDeclinedInsufficientFunds: '4000000000009995',
  visa_chargeDeclinedInsufficientFunds: '4000000000009995',
  chargeCustomerFail: '4000000000000341',
  authenticationRequired: '4000002760003184',
  createDispute: '4000000000000259',
  createInquiry: '4000000000001976',
  createIssuerFraudRecord: '4000000000005423',
  refundFail: '4000000000005126',
  pendingRefund: '4000000000007726',
};

/** A payment method by its id; one of the ready-made ones becomes a real one when it is named. */
export function methodNamed(
  act: Act,
  id: string,
  customer: Stripe.Customer | undefined,
  param?: string,
): Stripe.PaymentMethod {
  const card = readCard(ready[id.replace(/^pm_card_/, '')] ?? '');
  if (!id.startsWith('pm_card_') || !card) return get(act, 'payment_method', id, param);
  return newPaymentMethod(act, card, {
    address: null,
    email: customer?.email ?? null,
    name: customer?.name ?? null,
  });
}

const creation = parameters<Stripe.PaymentMethodCreateParams>()({
  billing_details: z.strictObject({ email: emailAddress.optional(), name: text().optional() }).optional(),
  card: z
    .strictObject({
      cvc: text().optional(),
      exp_month: whole(1, 12).optional(),
      exp_year: whole(2000, 2100).optional(),
      number: text().optional(),
      token: text().optional(),
    })
    .optional(),
  metadata,
  sepa_debit: z.strictObject({ iban: text() }).optional(),
  type: oneOf('card', 'sepa_debit'),
});

/** From a test card's number, a test token or a test IBAN. */
export function createMethod(act: Act, raw: unknown): Stripe.PaymentMethod {
  const asked = read(creation, raw);
  const part = asked[asked.type];
  if (part === undefined)
    throw invalid(`Missing required param: ${asked.type}.`, asked.type, 'parameter_missing');
  const { token, number } = asked.card ?? {};
  if (token !== undefined && ready[token.replace(/^tok_/, '')] === undefined)
    throw missing('token', token, 'card[token]', 400);
  const written = asked.sepa_debit?.iban ?? number ?? ready[(token ?? '').replace(/^tok_/, '')] ?? '';
  const card = readCard(written);
  if (!card || isDebit(card) !== (asked.type === 'sepa_debit')) {
    throw refusal(402, {
      type: 'card_error',
      code: 'incorrect_number',
      message: 'Your card number is incorrect.',
      param: asked.type === 'card' ? 'card[number]' : 'sepa_debit[iban]',
    });
  }
  const method = newPaymentMethod(act, card, {
    address: null,
    email: asked.billing_details?.email ?? null,
    name: asked.billing_details?.name ?? null,
  });
  return change(act, 'payment_method', method, { metadata: mergeMetadata({}, asked.metadata) });
}

export function detach(act: Act, id: string): Stripe.PaymentMethod {
  const method = get(act, 'payment_method', id);
  if (method.customer === null) {
    throw invalid(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
      'payment_method',
    );
  }
  const detached = change(act, 'payment_method', method, { customer: null });
  tell(act, 'payment_method.detached', detached, method);
  return detached;
}

/** How the test card behind a payment method behaves. */
export function cardOf(act: Act, method: string): TestCard {
  const number = act.store.note('payment_method', method)?.number ?? '';
  const card = readCard(number);
  if (!card) throw new Error(`No test card is known for ${method}`);
  return card;
}

/** The payment method as a charge describes it. */
export function detailsOf(
  act: Act,
  method: Stripe.PaymentMethod,
  amount: number,
  authenticated: boolean,
): Stripe.Charge.PaymentMethodDetails {
  if (method.sepa_debit) {
    return {
      type: 'sepa_debit',
      sepa_debit: {
        bank_code: method.sepa_debit.bank_code,
        branch_code: method.sepa_debit.branch_code,
        country: method.sepa_debit.country,
        fingerprint: method.sepa_debit.fingerprint,
        last4: method.sepa_debit.last4,
        mandate: `mandate_${method.id.slice(3)}`,
      },
    };
  }
  const { card } = method;
  if (!card) throw new Error(`${method.id} is neither a card nor a debit`);
  return {
    type: 'card',
    card: {
      amount_authorized: amount,
      authorization_code: '123456',
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: card.country,
      electronic_commerce_indicator: authenticated ? '05' : null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      extended_authorization: { status: 'disabled' },
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      incremental_authorization: { status: 'unavailable' },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: 'unavailable' },
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: createHash('sha256').update(`${method.id}${act.at}`).digest('hex').slice(0, 15),
      overcapture: { maximum_amount_capturable: amount, status: 'unavailable' },
      regulated_status: 'unregulated',
      three_d_secure: authenticated
        ? {
            authentication_flow: 'challenge',
            electronic_commerce_indicator: '05',
            exemption_indicator: null,
            result: 'authenticated',
            result_reason: null,
            transaction_id: createHash('sha256').update(method.id).digest('hex').slice(0, 36),
            version: '2.2.0',
          }
        : null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

function expYear(act: Act): number {
  return new Date(act.at * 1000).getUTCFullYear() + 3;
}

/** The same card has the same fingerprint, whoever shows it. */
function fingerprintOf(card: TestCard): string {
  return createHash('sha256').update(card.number).digest('base64url').replaceAll(/[-_]/g, '').slice(0, 16);
}
