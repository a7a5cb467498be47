// The open invoice of a regular gift: Stripe's own page, where it is paid or confirmed with the bank.
import type { Services } from '../outside/services.ts';

/** The address of that page, asked for within 5 s; null where nothing is open any more. Throws what the client throws. */
export async function openInvoice(
  { stripe }: Pick<Services, 'stripe'>,
  stripeSubscriptionId: string,
): Promise<string | null> {
  const { data } = await stripe.invoices.list(
    { subscription: stripeSubscriptionId, status: 'open', limit: 1 },
    { timeout: 2000, maxNetworkRetries: 1 },
  );
  return data[0]?.hosted_invoice_url ?? null;
}
