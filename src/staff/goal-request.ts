// What staff send to set, change and end a goal, and what they are answered.
import { z } from 'zod';
import type {} from 'zod-openapi';
import { isDate } from '../values/calendar.ts';
import { type Currency, isCurrency, parseAmount } from '../values/money.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import { asking, line, optionalLine, readInput } from '../web/input.ts';
import type { GoalFacts } from './goals.ts';

const title = line(120)
  .transform(asking((text) => text.trim() || fault('text-missing')))
  .meta({ description: 'As it stands on the desk.', example: 'A car for the regions' });
const currency = z
  .string()
  .transform(asking((text): Currency | Fault => (isCurrency(text) ? text : fault('currency-unknown'))))
  .meta({ description: 'Only gifts in this currency count.', example: 'EUR' });
const day = line(20).transform(asking((text) => dayOf(text.trim())));
const days = {
  first_on: day.meta({ description: 'The first local day.', example: '2027-03-01' }),
  last_on: day.meta({ description: 'The last local day, inside.', example: '2027-05-31' }),
};

const goal = {
  title,
  campaign: line(100)
    .nullish()
    .meta({ description: 'Only gifts of this campaign; all gifts where it is left out.', example: 'spring' }),
  target_minor: z
    .int({ error: 'amount-not-minor' })
    .positive({ error: 'amount-not-minor' })
    .meta({ description: 'In minor units of the currency.', example: 2500000 }),
  currency,
  ...days,
};

/** The body of `POST /api/v1/goals`. */
export const goalRequest = z
  .strictObject(goal)
  .meta({ id: 'GoalRequest', description: 'What is to be raised, until when.' });

/** The body of `POST /api/v1/goals/{id}`: the goal as it is from now on, or its end. */
export const goalAct = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('change'), ...goal }),
  z.strictObject({ act: z.literal('end') }),
]);

/** The answer to both. */
export const goalAnswer = z
  .object({
    id: z.uuid(),
    title: z.string(),
    campaign: z.string().nullable(),
    target_minor: z.int(),
    currency: z.string(),
    first_on: z.iso.date(),
    last_on: z.iso.date(),
    ended_at: z.iso.datetime().nullable().meta({ description: 'When it was taken off the desk.' }),
  })
  .meta({ id: 'Goal' });

/** Throws a Refusal that names each bad field. */
export function goalFromRequest(request: z.output<typeof goalRequest>): GoalFacts {
  const found = daysFault(request);
  if (found) throw new Refusal(found);
  return {
    title: request.title,
    campaign: request.campaign?.trim() || null,
    targetMinor: BigInt(request.target_minor),
    currency: request.currency,
    firstOn: request.first_on,
    lastOn: request.last_on,
  };
}

/** The fields as they were typed, to show the form again. */
export type GoalTyped = Record<'title' | 'campaign' | 'amount' | 'currency' | 'first_on' | 'last_on', string>;

const typed = optionalLine(200).transform((text) => text ?? '');
const typedFields = z.object({
  title: typed,
  campaign: typed,
  amount: typed,
  currency: typed,
  first_on: typed,
  last_on: typed,
});

export function goalTyped(body: unknown): GoalTyped {
  return readInput(typedFields, body);
}

/** Throws a Refusal that names each bad field. The form's amount is in major units. */
export function goalFromForm(given: GoalTyped): GoalFacts {
  const faults: Fault[] = [];
  const refused = <T>(field: string, read: () => T | Fault): T | null => {
    const found = read();
    if (!isFault(found)) return found;
    faults.push(inField(field, found));
    return null;
  };
  const { first_on, last_on } = given;
  const text = refused('title', () =>
    given.title.length > 120
      ? fault('text-too-long', { longest: 120 })
      : given.title || fault('text-missing'),
  );
  const campaign = refused('campaign', () =>
    given.campaign.length > 100 ? fault('text-too-long', { longest: 100 }) : given.campaign,
  );
  const chosen = refused('currency', () =>
    isCurrency(given.currency) ? given.currency : fault('currency-unknown'),
  );
  const targetMinor = chosen && refused('amount', () => targetOf(given.amount, chosen));
  const firstOn = refused('first_on', () => dayOf(first_on));
  const lastOn = refused('last_on', () => dayOf(last_on));
  const wrongDays = firstOn !== null && lastOn !== null && daysFault({ first_on, last_on });
  if (wrongDays) faults.push(wrongDays);
  const [first, ...others] = faults;
  if (
    first ||
    text === null ||
    campaign === null ||
    chosen === null ||
    targetMinor === null ||
    firstOn === null ||
    lastOn === null
  ) {
    throw new Refusal(first ?? fault('body-malformed'), ...others);
  }
  return { title: text, campaign: campaign || null, targetMinor, currency: chosen, firstOn, lastOn };
}

function targetOf(text: string, chosen: Currency): bigint | Fault {
  const amountMinor = parseAmount(text, chosen);
  if (isFault(amountMinor)) return amountMinor;
  if (amountMinor === 0n) return fault('amount-missing');
  return amountMinor > BigInt(Number.MAX_SAFE_INTEGER) ? fault('amount-not-a-number') : amountMinor;
}

function dayOf(text: string): string | Fault {
  if (text === '') return fault('date-missing');
  return isDate(text) ? text : fault('date-malformed');
}

function daysFault({ first_on, last_on }: { first_on: string; last_on: string }): Fault | null {
  return last_on < first_on ? inField('last_on', fault('date-too-soon', { earliestOn: first_on })) : null;
}
