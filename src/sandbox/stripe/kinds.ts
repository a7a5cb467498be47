// Every kind of object the stand-in keeps, by Stripe's own name and in Stripe's own declarations, and what it notes beside them.
import { randomInt } from 'node:crypto';
import type Stripe from 'stripe';

export interface Kinds {
  account: Stripe.Account;
  balance_transaction: Stripe.BalanceTransaction;
  'billing_portal.configuration': Stripe.BillingPortal.Configuration;
  'billing_portal.session': Stripe.BillingPortal.Session;
  charge: Stripe.Charge;
  'checkout.session': Stripe.Checkout.Session;
  customer: Stripe.Customer;
  deleted_customer: Stripe.DeletedCustomer;
  dispute: Stripe.Dispute;
  event: Stripe.EventBase;
  invoice: Stripe.Invoice;
  invoice_payment: Stripe.InvoicePayment;
  payment_intent: Stripe.PaymentIntent;
  payment_method: Stripe.PaymentMethod;
  price: Stripe.Price;
  product: Stripe.Product;
  'radar.early_fraud_warning': Stripe.Radar.EarlyFraudWarning;
  refund: Stripe.Refund;
  subscription: Stripe.Subscription;
  webhook_endpoint: Stripe.WebhookEndpoint;
}

export type Kind = keyof Kinds;

/** What a checkout will do once paid: asked for at its creation, shown by no answer of Stripe's. */
export interface Order {
  items: Stripe.LineItem[];
  paymentIntent: {
    description: string | null;
    metadata: Stripe.Metadata;
    receiptEmail: string | null;
    statementDescriptor: string | null;
    statementDescriptorSuffix: string | null;
    setupFutureUsage: 'off_session' | 'on_session' | null;
  };
  subscription: { description: string | null; metadata: Stripe.Metadata };
  /** A subscription's payment intent, which its session never shows. */
  attempt: string | null;
  /** The payment method waiting for its 3-D Secure page. */
  challenged: string | null;
  /** What the page says about the last attempt. */
  message: string | null;
}

/** What the stand-in knows about an object and Stripe would never show. */
export interface Notes {
  'checkout.session': Order;
  payment_method: { number: string };
  webhook_endpoint: { secret: string };
}

const prefixes: Record<Kind | 'line_item' | 'line' | 'request' | 'subscription_item', string> = {
  account: 'acct_',
  balance_transaction: 'txn_',
  'billing_portal.configuration': 'bpc_',
  'billing_portal.session': 'bps_',
  charge: 'ch_',
  'checkout.session': 'cs_test_',
  customer: 'cus_',
  deleted_customer: 'cus_',
  dispute: 'du_',
  event: 'evt_',
  invoice: 'in_',
  invoice_payment: 'inpay_',
  payment_intent: 'pi_',
  payment_method: 'pm_',
  price: 'price_',
  product: 'prod_',
  'radar.early_fraud_warning': 'issfr_',
  refund: 're_',
  subscription: 'sub_',
  webhook_endpoint: 'we_',
  line_item: 'li_',
  line: 'il_',
  request: 'req_',
  subscription_item: 'si_',
};

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A new id as Stripe forms it: the kind's prefix, then letters that say nothing. */
export function newId(kind: keyof typeof prefixes): string {
  const length = kind === 'checkout.session' ? 58 : kind === 'customer' || kind === 'product' ? 14 : 24;
  return prefixes[kind] + randomLetters(length);
}

export function randomLetters(length: number): string {
  let text = '';
  for (let i = 0; i < length; i += 1) text += letters[randomInt(letters.length)];
  return text;
}
