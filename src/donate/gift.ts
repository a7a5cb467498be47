// The gift: what a reader chose, read from a form, a request or an address, and refused where it cannot be taken.
import 'zod-openapi';
import { z } from 'zod';
import { parseAddress } from '../values/address.ts';
import {
  amountFault,
  isOffered,
  limitsFor,
  type OfferedCurrency,
  offeredCurrencies,
} from '../values/limits.ts';
import { isLocale, type Locale, locales } from '../values/locale.ts';
import {
  decimalString,
  type Frequency,
  feeCover,
  frequencies,
  isFrequency,
  type Money,
  parseAmount,
  stepMinor,
} from '../values/money.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import type { Choice, Source } from '../web/giving.tsx';
import { asking, line, optionalLine, readInput } from '../web/input.ts';

export interface Gift {
  frequency: Frequency;
  /** What the reader gives, without what they add to cover fees. */
  amount: Money;
  /** What they add to cover fees; zero when they do not. */
  cover: Money;
  locale: Locale | undefined;
  address: string | null;
  source: Source;
  reminderToken: string | null;
  /** A second regular gift is meant, beside the one that this reader is known to give. */
  besides?: boolean;
}

/** The body of `POST /api/v1/checkouts`. */
export const giftRequest = z
  .strictObject({
    frequency: z.enum(frequencies, { error: 'frequency-unknown' }).meta({
      description: 'How often the reader gives.',
      example: 'month',
    }),
    currency: z
      .string({ error: 'currency-unknown' })
      .max(10, { error: 'currency-unknown' })
      .toUpperCase()
      .pipe(
        z.enum(offeredCurrencies as [OfferedCurrency, ...OfferedCurrency[]], { error: 'currency-unknown' }),
      )
      .meta({ description: `An ISO 4217 code; one of ${offeredCurrencies.join(', ')}.`, example: 'USD' }),
    amount_minor: z
      .number({ error: 'amount-not-minor' })
      // Not `int()`: what is beyond safe integers is too large, and refused as that.
      .refine(Number.isInteger, { error: 'amount-not-minor' })
      .meta({
        type: 'integer',
        description: 'The gift in minor units of the currency: 500 is 5.00 USD, or 500 JPY.',
        example: 500,
      }),
    cover_fees: z
      .boolean()
      .default(false)
      .meta({ description: 'Adds about what the payment will cost, so that the whole gift arrives.' }),
    email: line(254)
      .transform(asking(parseAddress))
      .optional()
      .meta({ description: 'Fills in the payment page; not kept here.', example: 'reader@example.org' }),
    locale: z
      .enum(locales)
      .optional()
      .meta({ description: 'The language of the payment page and of the letters.', example: 'en' }),
    source: z
      .strictObject({
        article: line(500).optional().meta({
          description: 'The address or name of the article; of an address the query is left out.',
          example: 'https://gazette.example.org/the-river',
        }),
        campaign: line(100).optional().meta({ example: 'spring' }),
        component: line(50).optional().meta({ example: 'appeal' }),
        referrer: line(500).optional().meta({ description: 'Of an address only the host is kept.' }),
      })
      .default({})
      .meta({ description: 'Where the gift was asked for.' }),
    reminder: line(200).optional().meta({ description: "The token of a reminder's own link." }),
    besides: z.boolean().default(false).meta({
      description:
        'A second regular gift is meant. Without it a reader who is known (signed in, or by the link of their reminder) and gives regularly already is refused one (409).',
    }),
  })
  .meta({ id: 'GiftRequest', description: 'What a reader chose to give.' });

/** The answer of `POST /api/v1/checkouts`. */
export const checkoutAnswer = z
  .object({
    id: z.uuid().meta({ description: 'The checkout, for `/thanks?checkout=ID`.' }),
    url: z.url().meta({ description: 'The page at Stripe where the reader pays.' }),
  })
  .meta({ id: 'Checkout' });

export function giftFromRequest(body: unknown): Gift {
  const request = readInput(giftRequest, body);
  const amount = { amountMinor: BigInt(request.amount_minor), currency: request.currency };
  const found = amountFault(amount, request.frequency);
  if (found) throw new Refusal(inField('amount_minor', minorFault(found, amount)));
  return {
    frequency: request.frequency,
    amount,
    cover: request.cover_fees ? feeCover(amount) : nothing(amount),
    locale: request.locale,
    address: request.email?.address ?? null,
    source: tidySource(request.source),
    reminderToken: request.reminder ?? null,
    ...(request.besides && { besides: true }),
  };
}

/** A request counts in minor units, so that its refusals do as well. */
function minorFault(found: Fault, amount: Money): Fault {
  if (found.code === 'too-many-decimals')
    return fault('amount-not-in-steps', { step: Number(stepMinor(amount.currency)) });
  if (found.code === 'amount-too-small') return fault(found.code, { ...found.facts, inMinor: true });
  return found;
}

/** The donate form's fields. A field that only a script or another page could have bent is passed over, not refused. */
export interface GiftForm {
  gift: Gift | null;
  faults: Fault[];
  /** To show the form again as it was sent. */
  choice: Choice;
  /** Makes a form sent twice one checkout. */
  key: string | null;
}

export function giftFromForm(body: unknown, usual: OfferedCurrency): GiftForm {
  const form = readInput(formFields, body);
  const choice = choiceFrom(form, usual);
  const faults: Fault[] = [];
  if (!isFrequency(form.frequency)) faults.push(inField('frequency', fault('frequency-unknown')));
  if (form.currency !== undefined && !isOffered(form.currency.toUpperCase())) {
    faults.push(inField('currency', fault('currency-unknown')));
  }
  const amount = amountOf(form, choice);
  if (isFault(amount)) faults.push(inField('amount', amount));
  const address = form.email === undefined ? null : parseAddress(form.email);
  if (isFault(address)) faults.push(inField('email', address));
  if (isFault(amount) || isFault(address) || faults.length > 0)
    return { gift: null, faults, choice, key: form.key ?? null };
  return {
    gift: {
      frequency: choice.frequency,
      amount,
      cover: choice.coverFees ? feeCover(amount) : nothing(amount),
      locale: isLocale(form.locale) ? form.locale : undefined,
      address: address?.address ?? null,
      source: choice.source,
      reminderToken: choice.reminder,
      ...(form.besides !== undefined && { besides: true }),
    },
    faults,
    choice,
    key: form.key ?? null,
  };
}

/** What an address asks to have filled in; what makes no sense there is passed over. */
export function choiceFromQuery(query: unknown, usual: OfferedCurrency): Choice {
  const read = formFields.safeParse(query);
  return choiceFrom(read.success ? read.data : {}, usual);
}

/** What was chosen on the form as the query that fills the page in again. The address stays out: queries are kept in many places. */
export function queryOfChoice(choice: Choice): URLSearchParams {
  const { frequency, currency, source } = choice;
  const card = choice.cards[frequency];
  const parts = {
    frequency,
    currency,
    amount: card === 'other' ? choice.ownAmount : card,
    cover_fees: choice.coverFees ? 'yes' : undefined,
    ...source,
    reminder: choice.reminder ?? undefined,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value) query.set(name, value);
  return query;
}

/** A gift as the query that fills the donate page in again. */
export function queryOf(gift: Gift): URLSearchParams {
  const parts = {
    frequency: gift.frequency,
    currency: gift.amount.currency,
    amount: decimalString(gift.amount),
    cover_fees: gift.cover.amountMinor > 0n ? 'yes' : undefined,
    locale: gift.locale,
    ...gift.source,
    reminder: gift.reminderToken ?? undefined,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value) query.set(name, value);
  return query;
}

// A form that lies about what it is gets the ordinary page with its faults, so unknown fields do no harm here.
const formFields = z.object({
  frequency: optionalLine(20),
  currency: optionalLine(10),
  /** The reader's own amount, or the only one when there are no cards. */
  amount: optionalLine(60),
  amount_once: optionalLine(60),
  amount_month: optionalLine(60),
  amount_year: optionalLine(60),
  cover_fees: optionalLine(5),
  email: optionalLine(300),
  locale: optionalLine(20),
  article: optionalLine(2000),
  campaign: optionalLine(2000),
  component: optionalLine(2000),
  referrer: optionalLine(2000),
  reminder: optionalLine(200),
  key: optionalLine(100),
  besides: optionalLine(5),
});

type FormFields = z.output<typeof formFields>;

function choiceFrom(form: Partial<FormFields>, usual: OfferedCurrency): Choice {
  const wanted = form.currency?.toUpperCase();
  const currency = isOffered(wanted) ? wanted : usual;
  const frequency = isFrequency(form.frequency) ? form.frequency : 'month';
  const chosen = (each: Frequency) => {
    const presets = limitsFor(currency, each).presets;
    const card =
      form[`amount_${each}`] ?? (each === frequency && form.amount !== undefined ? form.amount : undefined);
    if (card === undefined)
      return decimalString({ amountMinor: limitsFor(currency, each).suggested, currency });
    const amountMinor = card === 'other' ? null : parseAmount(card, currency);
    const preset = presets.find((one) => one === amountMinor);
    return preset === undefined ? 'other' : decimalString({ amountMinor: preset, currency });
  };
  const cards = { once: chosen('once'), month: chosen('month'), year: chosen('year') };
  return {
    frequency,
    currency,
    cards,
    ownAmount: cards[frequency] === 'other' ? (form.amount ?? '') : '',
    coverFees: form.cover_fees !== undefined,
    address: form.email ?? null,
    // A gift that nothing else led to was asked for by the donate page itself.
    source: { component: 'donate', ...tidySource(form) },
    reminder: form.reminder ?? null,
  };
}

/** The chosen card decides; the free field counts where "other" is chosen or where there were no cards. */
function amountOf(form: FormFields, choice: Choice): Money | Fault {
  const card = form[`amount_${choice.frequency}`];
  const text = card === undefined || card === 'other' ? form.amount : card;
  if (text === undefined) return fault('amount-missing');
  const amountMinor = parseAmount(text, choice.currency);
  if (isFault(amountMinor)) return amountMinor;
  const amount = { amountMinor, currency: choice.currency };
  return amountFault(amount, choice.frequency) ?? amount;
}

/** An article by its address without the query, which may carry who the reader is; a referrer by its host alone. */
function tidySource(source: { [Part in keyof Source]?: string | undefined }): Source {
  return {
    ...(source.article && { article: withoutQuery(source.article).slice(0, 500) }),
    ...(source.campaign && { campaign: source.campaign.slice(0, 100) }),
    ...(source.component && { component: source.component.slice(0, 50) }),
    ...(source.referrer && { referrer: (URL.parse(source.referrer)?.host || source.referrer).slice(0, 200) }),
  };
}

function withoutQuery(article: string): string {
  const address = URL.parse(article);
  return address && /^https?:$/.test(address.protocol) ? `${address.origin}${address.pathname}` : article;
}

function nothing({ currency }: Money): Money {
  return { amountMinor: 0n, currency };
}
