// Readers for whom it may be dangerous: nothing that shows from the outside of a letter names the publication.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Letter } from '../../src/sandbox/mailbox.ts';
import { askForReminder, linkIn, press, startService, type TestService } from '../harness/service.ts';

const outsideOf = ({ from, subject }: Letter) => `${from} ${subject}`;
const named = /gazette/i;
const world = {
  PUBLICATION_NAME: 'The River Gazette',
  MAIL_FROM: 'The River Gazette <letters@nb.example.org>',
};

describe('by a reader’s own wish', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService('2026-03-10T12:00:00Z', world);
  });
  afterAll(() => service.close());

  test('letters after it are discreet, and as usual again once that is wished', async () => {
    const { sessionId } = await service.give({
      frequency: 'once',
      amountMinor: 2500,
      email: 'ann@example.org',
    });
    const [thanks] = await service.letters('ann@example.org');
    expect(thanks && outsideOf(thanks)).toMatch(named);
    const link = linkIn(thanks, /account\/manage/);
    expect((await press(`${link}/letters`, { discreet: 'yes' })).status).toBe(303);

    const { stripe } = service.services;
    const { payment_intent: intent } = await stripe.checkout.sessions.retrieve(sessionId);
    const sendBack = async (amount: number) => {
      await stripe.refunds.create({ payment_intent: String(intent), amount });
      await service.settled();
      return (await service.letters('ann@example.org'))[0];
    };
    const discreet = await sendBack(500);
    expect(discreet?.from).toContain('Notifications');
    expect(discreet && outsideOf(discreet)).not.toMatch(named);
    expect(discreet?.text.startsWith('The details are inside.')).toBe(true);
    expect(discreet?.text).toContain('The editors of The River Gazette');

    await press(`${link}/letters`, { discreet: 'no' });
    const plain = await sendBack(600);
    expect(plain?.from).toContain('The River Gazette');
  });

  test('a reminder that was asked for so is confirmed and sent so, and nobody else’s is', async () => {
    const wish = { email: 'bea@example.org', discreet: true };
    await askForReminder(service, wish);
    await askForReminder(service, { email: 'cy@example.org' });
    const [asked] = await service.letters('bea@example.org');
    const [other] = await service.letters('cy@example.org');
    expect(other && outsideOf(other)).toMatch(named);
    expect(asked && outsideOf(asked)).not.toMatch(named);
    await press(linkIn(asked, /\/reminders\/[^/]+$/), { act: 'confirm' });
    await service.advance('P1M');
    const [reminder] = await service.letters('bea@example.org');
    expect(reminder?.subject).toBe('You asked us to remind you');
    expect(reminder?.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click');
    expect(reminder && outsideOf(reminder)).not.toMatch(named);
    expect(reminder?.text.split('The River Gazette')).toHaveLength(2);
  }, 30_000);
});

describe('by the publication’s', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService('2026-03-10T12:00:00Z', { ...world, PUBLICATION_DISCREET: 'on' });
  });
  afterAll(() => service.close());

  test('every letter is, and there is nothing to choose', async () => {
    const { sessionId } = await service.give({
      frequency: 'month',
      amountMinor: 500,
      email: 'ann@example.org',
    });
    const [thanks] = await service.letters('ann@example.org');
    expect(thanks && outsideOf(thanks)).not.toMatch(named);
    expect(thanks?.subject).toBe('Your receipt');
    const page = await (await fetch(linkIn(thanks, /account\/manage/))).text();
    expect(page).not.toContain('Write to me');
    const { stripe } = service.services;
    const session = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['line_items'] });
    expect(session.line_items?.data[0]?.description).toBe('Monthly payment');
    expect(JSON.stringify(session)).not.toMatch(named);
  });
});
