// Stripe's published test cards and test IBANs, and what each of them does.

export type Conduct =
  | {
      kind: 'succeeds';
      afterwards?: 'disputed' | 'inquiry' | 'fraud-warning' | 'refund-fails' | 'refund-pending';
    }
  | { kind: 'succeeds-once' }
  | {
      kind: 'declined';
      code: string;
      declineCode: string;
      message: string;
      advice: 'try_again_later' | 'do_not_try_again' | 'confirm_card_data' | null;
    }
  | { kind: 'authenticates'; offSession: 'succeeds' | 'asks-again' | 'declined' }
  | { kind: 'settles-later'; outcome: 'succeeds' | 'fails' };

export interface TestCard {
  number: string;
  label: string;
  brand: string;
  conduct: Conduct;
  country: string;
}

const declined = (declineCode: string, message: string, code = 'card_declined'): Conduct => ({
  kind: 'declined',
  code,
  declineCode,
  message,
  advice:
    declineCode === 'incorrect_cvc'
      ? 'confirm_card_data'
      : declineCode.includes('card')
        ? 'do_not_try_again'
        : 'try_again_later',
});

/** The ones offered on the pages, in this order. */
export const offeredCards: readonly TestCard[] = [
  card('4242424242424242', 'Succeeds', { kind: 'succeeds' }),
  card('4000000000000002', 'Is declined', declined('generic_decline', 'Your card was declined.')),
  card(
    '4000000000009995',
    'Is declined: insufficient funds',
    declined('insufficient_funds', 'Your card has insufficient funds.'),
  ),
  card('4000002500003155', 'Asks for 3-D Secure once, then renews', {
    kind: 'authenticates',
    offSession: 'succeeds',
  }),
  card('4000002760003184', 'Asks for 3-D Secure every time', {
    kind: 'authenticates',
    offSession: 'asks-again',
  }),
  card('4000000000000341', 'Succeeds now, fails at every renewal', { kind: 'succeeds-once' }),
  card('4000000000000259', 'Succeeds, then is disputed as fraudulent', {
    kind: 'succeeds',
    afterwards: 'disputed',
  }),
  card('4000000000005423', 'Succeeds, with an early fraud warning', {
    kind: 'succeeds',
    afterwards: 'fraud-warning',
  }),
  iban('AT611904300234573201', 'SEPA debit: settles after three days', {
    kind: 'settles-later',
    outcome: 'succeeds',
  }),
  iban('AT861904300235473202', 'SEPA debit: fails after three days', {
    kind: 'settles-later',
    outcome: 'fails',
  }),
];

const otherCards: readonly TestCard[] = [
  card('4000000000000077', 'Succeeds, funds available at once', { kind: 'succeeds' }),
  card('4000000000003063', '3-D Secure required', { kind: 'authenticates', offSession: 'asks-again' }),
  card('4000003800000446', '3-D Secure, already set up', { kind: 'authenticates', offSession: 'succeeds' }),
  card('4000008260003178', '3-D Secure, then insufficient funds at renewals', {
    kind: 'authenticates',
    offSession: 'declined',
  }),
  card('4000000000001976', 'Succeeds, with an inquiry', { kind: 'succeeds', afterwards: 'inquiry' }),
  card('4000000000002685', 'Succeeds, then is disputed as not received', {
    kind: 'succeeds',
    afterwards: 'disputed',
  }),
  card('4000000000005126', 'Succeeds; its refunds fail later', {
    kind: 'succeeds',
    afterwards: 'refund-fails',
  }),
  card('4000000000007726', 'Succeeds; its refunds are pending at first', {
    kind: 'succeeds',
    afterwards: 'refund-pending',
  }),
  card('4000000000009987', 'Is declined: lost card', declined('lost_card', 'Your card was declined.')),
  card('4000000000009979', 'Is declined: stolen card', declined('stolen_card', 'Your card was declined.')),
  card(
    '4000000000000069',
    'Is declined: expired card',
    declined('expired_card', 'Your card has expired.', 'expired_card'),
  ),
  card(
    '4000000000000127',
    'Is declined: incorrect CVC',
    declined('incorrect_cvc', "Your card's security code is incorrect.", 'incorrect_cvc'),
  ),
  card(
    '4000000000000119',
    'Is declined: processing error',
    declined(
      'processing_error',
      'An error occurred while processing your card. Try again in a little bit.',
      'processing_error',
    ),
  ),
  card('5555555555554444', 'Succeeds', { kind: 'succeeds' }, 'mastercard'),
  card('378282246310005', 'Succeeds', { kind: 'succeeds' }, 'amex'),
  card('6011111111111117', 'Succeeds', { kind: 'succeeds' }, 'discover'),
  card('3566002020360505', 'Succeeds', { kind: 'succeeds' }, 'jcb'),
  card('6200000000000005', 'Succeeds', { kind: 'succeeds' }, 'unionpay'),
  ...internationalCards(),
  iban('DE89370400440532013000', 'SEPA debit: settles after three days', {
    kind: 'settles-later',
    outcome: 'succeeds',
  }),
];

/** What was typed, read as a test card or IBAN; undefined when it is neither. A card unknown here but well formed succeeds. */
export function readCard(typed: string): TestCard | undefined {
  const number = typed.replace(/[\s-]/g, '').toUpperCase();
  const known = [...offeredCards, ...otherCards].find((candidate) => candidate.number === number);
  if (known) return known;
  if (!/^\d{13,19}$/.test(number) || !passesLuhn(number)) return undefined;
  return card(number, 'Succeeds', { kind: 'succeeds' }, brandOf(number));
}

export function isDebit(from: TestCard): boolean {
  return from.brand === 'sepa_debit';
}

function card(number: string, label: string, conduct: Conduct, brand = 'visa', country = 'US'): TestCard {
  return { number, label, conduct, brand, country };
}

/** Cards of other countries (https://docs.stripe.com/testing#international-cards); some of them. */
function internationalCards(): TestCard[] {
  const numbers: Record<string, string> = {
    CA: '4000001240000000',
    CH: '4000007560000009',
    DE: '4000002760000016',
    ES: '4000007240000007',
    FR: '4000002500000003',
    GB: '4000008260000000',
    JP: '4000003920000003',
    LV: '4000004280000005',
    NL: '4000005280000002',
    PL: '4000006160000005',
    SE: '4000007520000008',
  };
  return Object.entries(numbers).map(([country, number]) =>
    card(number, 'Succeeds', { kind: 'succeeds' }, 'visa', country),
  );
}

function iban(number: string, label: string, conduct: Conduct): TestCard {
  return { number, label, conduct, brand: 'sepa_debit', country: number.slice(0, 2) };
}

function brandOf(number: string): string {
  if (/^4/.test(number)) return 'visa';
  if (/^(5[1-5]|2[2-7])/.test(number)) return 'mastercard';
  if (/^3[47]/.test(number)) return 'amex';
  if (/^35/.test(number)) return 'jcb';
  if (/^62/.test(number)) return 'unionpay';
  return /^6/.test(number) ? 'discover' : 'unknown';
}

function passesLuhn(number: string): boolean {
  let sum = 0;
  for (const [index, digit] of [...number].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}
