// The one account the stand-in keeps: everything is switched on and nothing is live.
import type Stripe from 'stripe';
import { settlementCurrency } from './currencies.ts';
import { accountCountry, accountName } from './invoices.ts';

const opened = Date.UTC(2026, 0, 1) / 1000;

export const account: Stripe.Account = {
  id: 'acct_1SandboxStandIn00',
  object: 'account',
  business_profile: {
    annual_revenue: null,
    estimated_worker_count: null,
    mcc: '8398',
    minority_owned_business_designation: null,
    name: accountName,
    specified_commercial_transactions_act_url: null,
    support_address: null,
    support_email: null,
    support_phone: null,
    support_url: null,
    url: null,
  },
  business_type: 'non_profit',
  capabilities: { card_payments: 'active', sepa_debit_payments: 'active', transfers: 'active' },
  charges_enabled: true,
  country: accountCountry,
  created: opened,
  default_currency: settlementCurrency,
  details_submitted: true,
  email: 'sandbox@example.org',
  metadata: {},
  payouts_enabled: true,
  type: 'standard',
};
