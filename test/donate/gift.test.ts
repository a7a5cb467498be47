// What a reader chose: read from a request, a form or an address.
import { describe, expect, test } from 'vitest';
import { choiceFromQuery, giftFromForm, giftFromRequest, queryOf } from '../../src/donate/gift.ts';
import { Refusal } from '../../src/values/refusal.ts';

const request = { frequency: 'month', currency: 'USD', amount_minor: 500 };

describe('a request', () => {
  test('says a gift', () => {
    expect(giftFromRequest(request)).toEqual({
      frequency: 'month',
      amount: { amountMinor: 500n, currency: 'USD' },
      cover: { amountMinor: 0n, currency: 'USD' },
      locale: undefined,
      address: null,
      source: {},
      reminderToken: null,
    });
  });

  test('says all that can be said', () => {
    const gift = giftFromRequest({
      ...request,
      currency: 'eur',
      cover_fees: true,
      email: ' Reader@Example.org ',
      locale: 'ru',
      reminder: 'a-token',
      source: {
        article: 'https://gazette.example.org/river?mail=reader@example.org#end',
        campaign: 'spring',
        component: 'appeal',
        referrer: 'https://search.example.com/?q=river',
      },
    });
    expect(gift).toEqual({
      frequency: 'month',
      amount: { amountMinor: 500n, currency: 'EUR' },
      // (500 + 30) / 0.971 is 545.8: the first whole cent that leaves 500 after 2.9 % and 30.
      cover: { amountMinor: 46n, currency: 'EUR' },
      locale: 'ru',
      address: 'Reader@example.org',
      source: {
        article: 'https://gazette.example.org/river',
        campaign: 'spring',
        component: 'appeal',
        referrer: 'search.example.com',
      },
      reminderToken: 'a-token',
    });
  });

  test.each([
    ['no frequency', { frequency: undefined }, 'frequency', 'frequency-unknown'],
    ['a frequency nobody has', { frequency: 'week' }, 'frequency', 'frequency-unknown'],
    ['no currency', { currency: undefined }, 'currency', 'currency-unknown'],
    ['a currency not offered', { currency: 'XAU' }, 'currency', 'currency-unknown'],
    ['no amount', { amount_minor: undefined }, 'amount_minor', 'amount-not-minor'],
    ['half a cent', { amount_minor: 500.5 }, 'amount_minor', 'amount-not-minor'],
    ['an amount in words', { amount_minor: '500' }, 'amount_minor', 'amount-not-minor'],
    ['an amount beyond numbers', { amount_minor: 1e300 }, 'amount_minor', 'amount-too-large'],
    [
      'no step of its currency',
      { currency: 'KWD', amount_minor: 1005 },
      'amount_minor',
      'amount-not-in-steps',
    ],
    ['a negative amount', { amount_minor: -500 }, 'amount_minor', 'amount-too-small'],
    ['nothing', { amount_minor: 0 }, 'amount_minor', 'amount-too-small'],
    ['a cent less than the smallest', { amount_minor: 199 }, 'amount_minor', 'amount-too-small'],
    ['a cent more than the largest', { amount_minor: 100_001 }, 'amount_minor', 'amount-too-large'],
    ['fees covered in words', { cover_fees: 'yes' }, 'cover_fees', 'value-malformed'],
    ['no address', { email: 'nobody' }, 'email', 'address-malformed'],
    ['an unknown field', { admin: true }, 'admin', 'field-unknown'],
    ['an unknown source', { source: { from: 'here' } }, 'source.from', 'field-unknown'],
    ['a long campaign', { source: { campaign: 'a'.repeat(101) } }, 'source.campaign', 'text-too-long'],
  ])('with %s is refused', (_name, change, field, code) => {
    try {
      giftFromRequest({ ...request, ...change });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
      expect((error as Refusal).faults).toMatchObject([{ field, code }]);
      expect((error as Refusal).status).toBe(422);
    }
  });

  test('names every bad field at once', () => {
    try {
      giftFromRequest({ frequency: 'week', currency: 'XAU', email: 'nobody' });
      expect.unreachable();
    } catch (error) {
      expect((error as Refusal).faults.map(({ field }) => field)).toEqual([
        'frequency',
        'currency',
        'amount_minor',
        'email',
      ]);
    }
  });
});

describe('a form', () => {
  test.each([
    ['the card of the chosen frequency', { amount_once: '25', amount_month: '10', amount_year: '60' }, 1000n],
    ['the own amount where "other" is chosen', { amount_month: 'other', amount: '7,50' }, 750n],
    ['the card, though something was typed before', { amount_month: '10', amount: '7.50' }, 1000n],
    ['the own amount where there are no cards', { amount: '$3' }, 300n],
  ])('gives %s', (_name, fields, amountMinor) => {
    const { gift, faults } = giftFromForm({ frequency: 'month', currency: 'USD', ...fields }, 'USD');
    expect(faults).toEqual([]);
    expect(gift?.amount).toEqual({ amountMinor, currency: 'USD' });
  });

  test.each([
    ['nothing typed', { amount_month: 'other', amount: '' }, 'amount', 'amount-missing'],
    ['words typed', { amount_month: 'other', amount: 'five' }, 'amount', 'amount-not-a-number'],
    ['too little', { amount_month: 'other', amount: '1.99' }, 'amount', 'amount-too-small'],
    ['far too much', { amount_month: 'other', amount: '99999999999999999999' }, 'amount', 'amount-too-large'],
    ['no frequency', { frequency: '', amount: '5' }, 'frequency', 'frequency-unknown'],
    ['a currency not offered', { currency: 'XAU', amount: '5' }, 'currency', 'currency-unknown'],
    ['no address', { amount: '5', email: 'nobody' }, 'email', 'address-malformed'],
  ])('with %s comes back as it was, with what is wrong', (_name, fields, field, code) => {
    const { gift, faults, choice } = giftFromForm({ frequency: 'month', currency: 'USD', ...fields }, 'USD');
    expect(gift).toBeNull();
    expect(faults).toMatchObject([{ field, code }]);
    if ('amount_month' in fields)
      expect(choice).toMatchObject({ cards: { month: 'other' }, ownAmount: fields.amount });
  });

  test('a source that is too long is cut, since no reader wrote it', () => {
    const { gift } = giftFromForm(
      { frequency: 'once', currency: 'USD', amount: '5', campaign: 'a'.repeat(300) },
      'USD',
    );
    expect(gift?.source.campaign).toHaveLength(100);
  });
});

describe('an address fills the page in', () => {
  test.each([
    [
      'amount=10&frequency=month&currency=USD',
      { frequency: 'month', currency: 'USD', card: '10.00', own: '' },
    ],
    [
      'amount=7.5&frequency=year&currency=EUR',
      { frequency: 'year', currency: 'EUR', card: 'other', own: '7.5' },
    ],
    [
      'amount=1000&currency=JPY&frequency=once',
      { frequency: 'once', currency: 'JPY', card: '1000', own: '' },
    ],
    ['', { frequency: 'month', currency: 'USD', card: '5.00', own: '' }],
    [
      'frequency=never&currency=XAU&amount=lots',
      { frequency: 'month', currency: 'USD', card: 'other', own: 'lots' },
    ],
  ])('%s', (query, { frequency, currency, card, own }) => {
    const choice = choiceFromQuery(Object.fromEntries(new URLSearchParams(query)), 'USD');
    expect(choice).toMatchObject({ frequency, currency, ownAmount: own });
    expect(choice.cards[choice.frequency]).toBe(card);
  });

  test('back from the payment page all is as it was chosen', () => {
    const { gift, choice } = giftFromForm(
      {
        frequency: 'year',
        currency: 'EUR',
        amount_year: 'other',
        amount: '75',
        cover_fees: 'yes',
        campaign: 'spring',
      },
      'USD',
    );
    if (!gift) return expect.unreachable();
    expect(choiceFromQuery(Object.fromEntries(queryOf(gift)), 'USD')).toEqual({
      ...choice,
      ownAmount: '75.00',
    });
  });
});
