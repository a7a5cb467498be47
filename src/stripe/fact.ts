// Facts: what Stripe's objects say, in the ledger's words. Everything past translate speaks only of these.
import type { AdjustmentStep } from '../ledger/adjustment.ts';
import type { Decline } from '../ledger/decline.ts';
import type { ToldDispute } from '../ledger/dispute.ts';
import type { ToldWarning } from '../ledger/fraud-warning.ts';
import type { SubscriptionLook } from '../ledger/membership.ts';
import type { PaidCharge, PaidInvoice } from '../ledger/payment.ts';
import type { FailedAttempt } from '../ledger/payment-failure.ts';

export interface Person {
  address: string;
  name: string | null;
}

export type Fact =
  | {
      fact: 'session-completed';
      checkoutId: string;
      stripeSessionId: string;
      stripeCustomerId: string | null;
      person: Person | null;
      /** Null where the session was asked for: it does not say when it was completed. */
      completedAt: Date | null;
    }
  /** Whose a customer is. Nothing else of their session is told by this: it has an event of its own. */
  | { fact: 'giver'; checkoutId: string; stripeCustomerId: string; person: Person | null }
  | { fact: 'session-settled'; checkoutId: string; at: Date; failed: boolean }
  | { fact: 'session-expired'; checkoutId: string }
  | {
      fact: 'paid-charge';
      checkoutId: string;
      stripeCustomerId: string | null;
      person: Person | null;
      charge: PaidCharge;
    }
  | {
      fact: 'paid-invoice';
      checkoutId: string;
      stripeCustomerId: string;
      person: Person | null;
      invoice: PaidInvoice;
      /** The invoice that began the membership: its payment is thanked for, later ones get a receipt. */
      first: boolean;
      periodEndsAt: Date | null;
    }
  | { fact: 'invoice-payment'; invoiceId: string; paymentIntentId: string }
  | { fact: 'look'; look: SubscriptionLook }
  | {
      fact: 'card-changed';
      stripeCustomerId: string;
      stripeSubscriptionId: string | null;
      card: string;
      changedAt: Date;
    }
  | { fact: 'adjustment'; paymentIntentId: string; step: AdjustmentStep }
  | {
      fact: 'failed-invoice';
      stripeSubscriptionId: string;
      stripeCustomerId: string;
      failed: FailedAttempt;
      nextAttemptAt: Date | null;
    }
  | {
      fact: 'held-invoice';
      stripeSubscriptionId: string;
      stripeCustomerId: string;
      held: FailedAttempt;
    }
  | { fact: 'dispute'; paymentIntentId: string; dispute: ToldDispute }
  | { fact: 'fraud-warning'; paymentIntentId: string; warning: ToldWarning }
  /** An attempt at a new gift that brought nothing. */
  | { fact: 'declined'; decline: Decline }
  | { fact: 'settles'; paymentIntentId: string };

/** A question only Stripe can answer. */
export interface Question {
  about:
    | 'session'
    | 'subscription'
    | 'invoice'
    | 'invoice-payment'
    | 'charge'
    | 'refund'
    | 'dispute'
    | 'fraud-warning'
    /** Whose payment this is: a renewal's charge carries neither our mark nor its invoice. */
    | 'payment-intent'
    /** Who this is, and what they promised. */
    | 'customer'
    /** Which card a customer's gifts are collected from. */
    | 'card';
  id: string;
  /** The event in place of which is asked: an object does not say when an attempt of its past failed. */
  told?: { type: string; at: Date };
}

/** What an event means: facts to keep, a question to ask first, or nothing, with the reason; `alert` where a person must look. */
export type Meaning = { facts: Fact[] } | { ask: Question } | { ignored: string; alert?: true };
