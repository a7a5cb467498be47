// Reckoning: how the publication counts, as its configuration says.
import type { Config } from '../outside/config.ts';
import { isCurrency } from '../values/money.ts';
import type { Reckoning } from './question.ts';

/** How the publication counts. Throws where the configured currency is none that can be charged: a fault of the start. */
export function reckoningOf({ publication }: Pick<Config, 'publication'>): Reckoning {
  const { timeZone, fiscalYearStart, reportingCurrency } = publication;
  if (!isCurrency(reportingCurrency))
    throw new Error('REPORTING_CURRENCY is not a currency that can be charged');
  return { timeZone, fiscalYearStart, reportingCurrency };
}
