// Where reminders are asked for in tests: the doors on a small site, with a post office behind them.
import express from 'express';
import supertest from 'supertest';
import { deliverLetters } from '../../src/letters/deliver.ts';
import { type ReminderDoor, reminderRoutes, unsubscribeRoutes } from '../../src/reminders/routes.ts';
import { satisfyReminders, sendDueReminders } from '../../src/reminders/send-due.ts';
import type { Letter } from '../../src/sandbox/mailbox.ts';
import { reminders } from '../../src/schema.ts';
import { notFound, sayErrors } from '../../src/web/errors.tsx';
import { protection } from '../../src/web/protection.ts';
import { openPostOffice, type PostOffice } from '../letters/post-office.ts';

export interface ReminderDesk {
  post: PostOffice;
  site: ReturnType<typeof supertest.agent>;
  ask(wish: Record<string, unknown>): supertest.Test;
  /** Does what is due and answers the letters that have arrived for someone, newest first. */
  lettersTo(address: string): Promise<Letter[]>;
  /** The path of a link in a letter's text, by what it leads to. */
  linkIn(letter: Letter | undefined, to: 'reminder' | 'give' | 'unsubscribe'): string;
  /** Asks, and confirms by the letter. Answers the path of the reminder's page. */
  askAndConfirm(wish: Record<string, unknown> & { email: string }): Promise<string>;
  rows(): Promise<(typeof reminders.$inferSelect)[]>;
  round(): Promise<void>;
}

export async function openReminderDesk(
  env: Record<string, string> = {},
  door: ReminderDoor = { asksPerNetwork: 1000 },
): Promise<ReminderDesk> {
  const post = await openPostOffice({ env: { BASE_URL: 'http://localhost:3000', ...env } });
  const { services } = post;
  const app = express();
  app.set('query parser', 'simple');
  app.use(
    protection(services.config),
    reminderRoutes(services, door),
    unsubscribeRoutes(services),
    notFound(),
    sayErrors(services),
  );
  const site = supertest.agent(app);
  const ask = (wish: Record<string, unknown>) => site.post('/api/v1/reminders').send(wish);
  const round = async () => {
    await satisfyReminders(services);
    await sendDueReminders(services);
    await deliverLetters(services);
  };
  const lettersTo = async (address: string) => {
    await round();
    return post.mailbox.letters({ to: address });
  };
  const linkIn = (letter: Letter | undefined, to: 'reminder' | 'give' | 'unsubscribe') => {
    const pattern = {
      reminder: /\/reminders\/[\w-]{59}(?![\w/-])/,
      give: /\/reminders\/[\w-]{59}\/give/,
      unsubscribe: /\/unsubscribe\/[\w-]{59}/,
    }[to];
    const found = pattern.exec(letter?.text ?? '');
    if (!found) throw new Error(`No link to ${to} in the letter`);
    return found[0];
  };
  return {
    post,
    site,
    ask,
    round,
    lettersTo,
    linkIn,
    async askAndConfirm(wish) {
      await ask(wish).expect(202);
      const [letter] = await lettersTo(wish.email);
      const page = linkIn(letter, 'reminder');
      await site.post(page).type('form').send({ act: 'confirm' }).expect(303);
      return page;
    },
    rows: () => services.database.select().from(reminders).orderBy(reminders.createdAt, reminders.id),
  };
}
