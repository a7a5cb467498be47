// What Stripe keeps of a payment, and the balance transactions that say so.
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { keep } from './act.ts';
import { exchangeRate, settled, settlementCurrency } from './currencies.ts';
import { newId } from './kinds.ts';

const availableAfterSeconds = 2 * 86_400;
export const disputeFee = 1500;

/** 1.5 % + 0.25 EUR for euros, else 2.9 % + 0.30 USD, in settlement minor units, half up. */
export function feeOn(amount: number, currency: string): number {
  const arrives = settled(amount, currency);
  const [perMille, fixed] = currency === 'eur' ? [15, settled(25, 'eur')] : [29, 30];
  return Math.floor((arrives * perMille + 500) / 1000) + fixed;
}

/** The money of a charge, refund or dispute as it moves the balance; `amount` is signed, in the charge's currency. */
export function book(
  act: Act,
  entry: {
    type: 'adjustment' | 'charge' | 'payment' | 'payment_refund' | 'refund' | 'refund_failure';
    category: string;
    amount: number;
    currency: string;
    fee: number;
    source: string;
    description: string | null;
  },
): Stripe.BalanceTransaction {
  const amount = settled(entry.amount, entry.currency);
  return keep(act, 'balance_transaction', {
    id: newId('balance_transaction'),
    object: 'balance_transaction',
    amount,
    available_on: act.at + availableAfterSeconds,
    balance_type: 'payments',
    created: act.at,
    currency: settlementCurrency,
    description: entry.description,
    exchange_rate: entry.currency === settlementCurrency ? null : exchangeRate(entry.currency),
    fee: entry.fee,
    fee_details:
      entry.fee === 0
        ? []
        : [
            {
              amount: entry.fee,
              application: null,
              currency: settlementCurrency,
              description: entry.category === 'dispute' ? 'Dispute fee' : 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: amount - entry.fee,
    reporting_category: entry.category,
    source: entry.source,
    status: 'pending',
    type: entry.type,
  });
}
