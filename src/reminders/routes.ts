// The reminders door: asking to be reminded, by letter or by one's own calendar, a reminder's own page, the way from it to the donate page, and unsubscribing.
import { randomUUID } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Services } from '../outside/services.ts';
import { linkToken, readLinkToken } from '../outside/tokens.ts';
import { isKnownZone, localDate, type ReminderChoice } from '../values/calendar.ts';
import { isLocale, type Locale } from '../values/locale.ts';
import { type Fault, fault, inField, Refusal } from '../values/refusal.ts';
import { answerOnce, answerOnceWaiting, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody, optionalLine, readInput } from '../web/input.ts';
import { limitNetwork, spendNetwork } from '../web/limits.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { rememberedCheckout } from '../web/own-checkout.ts';
import { personal, sameSite } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { isBound, signedInReader } from '../web/session.ts';
import { wordsFor } from '../words/words.ts';
import { calendarFile } from './calendar-file.ts';
import { AskedPage, CalendarPage, ReminderPage, RemindMePage, UnsubscribePage } from './pages.tsx';
import {
  actFromForm,
  actFromRequest,
  calendarFromQuery,
  daysAfter,
  dueDay,
  offeredDays,
  offerFor,
  provenFromForm,
  provenFromRequest,
  queryOfShown,
  type ReminderShown,
  reminderFromForm,
  reminderFromRequest,
  repeatWithinDays,
  shownFromQuery,
  unsubscribeAct,
  type Wish,
  zoneFor,
} from './reminder.ts';
import {
  actOnReminder,
  askAgain,
  askForReminder,
  findReminder,
  type Reminder,
  undoable,
  undoUnsubscribe,
  unsubscribe,
  unsubscribeStanding,
} from './schedule.ts';

export interface ReminderDoor {
  /** How many reminders one network may be granted in an hour; mistakes are counted apart, and ten times as many are borne. */
  asksPerNetwork?: number;
}

export function reminderRoutes(services: Services, door: ReminderDoor = {}): Router {
  const { config, keys } = services;
  const publication = config.publication.name;
  const routes = Router();
  const mostAsks = door.asksPerNetwork ?? 30;
  const limited = limitNetwork(services, 'reminder-try', 10 * mostAsks, 3600);
  const granted = (req: Request, res: Response) =>
    spendNetwork(services, { req, res }, 'reminder', mostAsks, 3600);
  const looked = limitNetwork(services, 'reminder-page', 300, 600);

  routes.get('/remind-me', (req, res) => {
    showForm(req, res, { shown: shownFromQuery(req.query) });
  });

  routes.post('/remind-me', limited, sameSite(config), formBody(), async (req, res) => {
    const { asked, faults, shown, key } = readForm(req);
    const locale = localeOf(req, config, localeIn(req.body));
    if (!asked) return showForm(req, res, { shown, faults, status: 422, locale });
    let noted: { sendOn: string; ownId: string | null };
    try {
      const signedIn = await signedInReader(services, req, res);
      // What was asked is part of the key: the same form with another day is another wish, not a mistake.
      const request = { scope: 'remind-me', key: key && `${key} ${JSON.stringify(asked)}`, body: null };
      const { body } = await answerOnceWaiting(services, request, async () => {
        await granted(req, res);
        return {
          status: 202,
          body: await askForReminder(services, { ...asked, locale }, signedIn?.readerId),
        };
      });
      noted = body;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return showForm(req, res, { shown, faults: error.faults, status: error.status, locale });
    }
    const { sendOn, ownId } = noted;
    const unproven = config.reminderConfirmation === 'required' ? 'confirmation' : 'address';
    const by = ownId === null ? unproven : 'proof';
    showAsked(res, asked, { locale, sendOn, by, reminderPath: ownId && reminderPath(ownId, locale) });
  });

  // A reader who is known by what they have just paid here, by their own letter or by being signed in: nothing to type, nothing to confirm.
  routes.post('/remind-me/again', limited, sameSite(config), formBody(), async (req, res) => {
    const { asked, shown, key } = provenFromForm(req.body);
    const locale = localeOf(req, config, localeIn(req.body));
    const browser = await browserOf(req, res);
    // Only a page that was given to this very session asks by it.
    if (asked.proof === 'session' && !browser.bound) browser.readerId = null;
    const request = { scope: 'remind-again', key: key && `${key} ${JSON.stringify(asked)}`, body: null };
    const { body } = await answerOnceWaiting(services, request, async () => {
      await granted(req, res);
      const known = await askAgain(services, { ...asked, locale }, browser);
      return { status: 202, body: known };
    });
    if (body === null) {
      const faults = [inField('email', fault('address-missing'))];
      return showForm(req, res, { shown, faults, status: 422, locale });
    }
    const path = reminderPath(body.id, locale);
    showAsked(res, asked, { locale, sendOn: body.sendOn, by: 'proof', reminderPath: path });
  });

  routes.get('/remind-me/calendar', (req, res) => {
    showCalendar(req, res, { shown: shownFromQuery(req.query) });
  });

  // Takes no address, keeps nothing and sets no cookie: what is in the file is what the address says.
  routes.get('/remind-me/calendar.ics', (req, res) => {
    const now = services.now();
    const { when, faults, shown } = calendarFromQuery(req.query, now, config.publication.timeZone);
    const locale = localeOf(req, config);
    if (when === null) return showCalendar(req, res, { shown, faults, status: 422 });
    const { calendar } = wordsFor(locale).reminders;
    const discreet = shown.discreet || config.publication.discreet;
    const donate = new URLSearchParams({ component: 'calendar' });
    // An article's address names the publication, and what was read there.
    const { article, campaign } = discreet ? {} : shown.source;
    if (article) donate.set('article', article);
    if (campaign) donate.set('campaign', campaign);
    donate.set('locale', locale);
    personal(res);
    res
      .type('text/calendar; charset=utf-8')
      .set('Content-Disposition', 'attachment; filename="reminder.ics"')
      .send(
        calendarFile({
          sendOn: dueDay(when, now, zoneFor(shown.timeZone, config.publication.timeZone)),
          url: `${config.baseUrl}/donate?${donate}`,
          title: discreet ? calendar.entryDiscreet : calendar.entry(publication),
          text: calendar.entryText,
          language: locale,
          writtenAt: now,
        }),
      );
  });

  routes.post('/api/v1/reminders', limited, jsonBody(), async (req, res) => {
    const asked = reminderFromRequest(req.body);
    const locale = asked.locale ?? localeOf(req, config);
    const request = { scope: 'reminders', key: idempotencyKeyOf(req), body: req.body as unknown };
    const zone = zoneFor(asked.timeZone, config.publication.timeZone);
    const { status, body } = await answerOnce(services, request, () =>
      aboutWhen(async () => {
        // Whatever is wrong with the day is said before it counts.
        dueDay(asked.when, services.now(), zone);
        await granted(req, res);
        const signedIn = await signedInReader(services, req, res);
        const { sendOn } = await askForReminder(services, { ...asked, locale }, signedIn?.readerId);
        return { status: 202, body: { send_on: sendOn } };
      }),
    );
    personal(res);
    res.status(status).json(body);
  });

  // Before '/api/v1/reminders/:token': no link's token is as short.
  routes.post('/api/v1/reminders/again', limited, jsonBody(), async (req, res) => {
    const asked = provenFromRequest(req.body);
    const locale = asked.locale ?? localeOf(req, config);
    const request = { scope: 'reminders-again', key: idempotencyKeyOf(req), body: req.body as unknown };
    const zone = zoneFor(asked.timeZone, config.publication.timeZone);
    const { status, body } = await answerOnce(services, request, () =>
      aboutWhen(async () => {
        dueDay(asked.when, services.now(), zone);
        await granted(req, res);
        const known = await askAgain(services, { ...asked, locale }, await browserOf(req, res));
        if (known === null) throw new Refusal(inField('proof', fault('link-expired')));
        return { status: 202, body: { send_on: known.sendOn } };
      }),
    );
    personal(res);
    res.status(status).json(body);
  });

  routes.get('/remind-me/when', (req, res) => {
    const { timeZone, date, by } = readInput(whenQuery, req.query);
    const locale = localeOf(req, config);
    const { common, reminders } = wordsFor(locale);
    const now = services.now();
    const offered = offeredDays(now, zoneFor(timeZone, config.publication.timeZone));
    const promise = by === 'calendar' ? reminders.calendar.preview : reminders.preview;
    const told = (choice: ReminderChoice, sendOn: string) => ({
      when: choice,
      send_on: sendOn,
      day: common.day(sendOn, offered.today),
      promise: promise(common.onDay(sendOn, offered.today)),
    });
    const own = date === undefined ? [] : [dueDay({ choice: 'date', chosenOn: date }, now, offered.timeZone)];
    personal(res);
    res.json({
      time_zone: offered.timeZone,
      earliest_on: offered.earliestOn,
      latest_on: offered.latestOn,
      choices: [
        ...offered.days.map(({ choice, sendOn }) => told(choice, sendOn)),
        ...own.map((sendOn) => told('date', sendOn)),
      ],
    });
  });

  routes.get('/reminders/:token', looked, async (req, res) => {
    await showReminder(req, res, await named(req));
  });

  routes.post('/reminders/:token', looked, sameSite(config), formBody(), async (req, res) => {
    const reminder = await named(req);
    try {
      await actOnReminder(services, reminder.id, actFromForm(req.body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Said where the form was, beside how the reminder stands now.
      const { shown } = readForm(req);
      return showReminder(req, res, await named(req), { faults: error.faults, status: error.status, shown });
    }
    const locale = askedFor(req);
    res.redirect(303, `/reminders/${req.params.token}${locale === undefined ? '' : `?locale=${locale}`}`);
  });

  routes.post('/api/v1/reminders/:token', looked, jsonBody(), async (req, res) => {
    const { id } = await named(req);
    const acted = await aboutWhen(() => actOnReminder(services, id, actFromRequest(req.body)));
    personal(res);
    res.json({ state: acted.state, send_on: acted.sendOn });
  });

  // Changes nothing: that it was opened counts when a gift is begun.
  routes.get('/reminders/:token/give', async (req, res) => {
    const query = new URLSearchParams();
    const read = readLinkToken(keys, 'reminder', String(req.params.token), services.now());
    const reminder = 'id' in read ? await findReminder(services.database, read.id) : null;
    if (reminder) {
      const until = daysAfter(services.now(), repeatWithinDays);
      query.set('reminder', linkToken(keys, 'reminder-give', reminder.id, until));
      query.set('component', 'reminder');
      if (reminder.article) query.set('article', reminder.article);
      if (reminder.campaign) query.set('campaign', reminder.campaign);
      query.set('locale', askedFor(req) ?? reminder.locale);
    }
    personal(res);
    // A link that is cut off takes nothing from someone who came to give.
    res.redirect(303, `/donate${query.size > 0 ? `?${query}` : ''}`);
  });

  return routes;

  async function browserOf(req: Request, res: Response) {
    const signedIn = await signedInReader(services, req, res);
    return {
      checkoutId: rememberedCheckout(services, req),
      readerId: signedIn?.readerId ?? null,
      bound: signedIn !== null && isBound(keys, 'reader', signedIn.sessionId, req.body),
    };
  }

  function reminderPath(id: string, locale: Locale): string {
    return `/reminders/${linkToken(keys, 'reminder', id, null)}?locale=${locale}`;
  }

  function readForm(req: Request) {
    return reminderFromForm(req.body, services.now(), config.publication.timeZone);
  }

  function about(locale: Locale) {
    return { words: wordsFor(locale), locale, publication };
  }

  function showForm(req: Request, res: Response, form: FormShown): void {
    sendPage(
      res,
      RemindMePage({ ...formPage(req, form, '/remind-me'), formKey: randomUUID() }),
      form.status ?? 200,
    );
  }

  function showCalendar(req: Request, res: Response, form: FormShown): void {
    sendPage(res, CalendarPage(formPage(req, form, '/remind-me/calendar')), form.status ?? 200);
  }

  function formPage(req: Request, { shown, faults = [], status, locale }: FormShown, path: string) {
    const zone = zoneFor(shown.timeZone, config.publication.timeZone);
    // A form that was refused stands at an address that cannot show it again.
    const languages =
      status === undefined
        ? languageLinks(req, config)
        : languageLinks(req, config, `${path}?${queryOfShown(shown)}`);
    return {
      ...about(locale ?? localeOf(req, config)),
      languages,
      shown,
      faults,
      offered: offeredDays(services.now(), zone),
      asksDiscretion: !config.publication.discreet,
    };
  }

  function showAsked(
    res: Response,
    asked: Wish,
    answer: {
      locale: Locale;
      sendOn: string;
      by: 'confirmation' | 'address' | 'proof';
      reminderPath: string | null;
    },
  ): void {
    const { locale, ...told } = answer;
    const today = localDate(services.now(), zoneFor(asked.timeZone, config.publication.timeZone));
    personal(res);
    sendPage(res, AskedPage({ ...about(locale), languages: [], today, ...told }), 202);
  }

  async function named(req: Request): Promise<Reminder> {
    const read = readLinkToken(keys, 'reminder', String(req.params.token), services.now());
    if ('fault' in read) throw new Refusal(fault(`link-${read.fault}`));
    const reminder = await findReminder(services.database, read.id);
    if (!reminder) throw new Refusal(fault('link-expired'));
    return reminder;
  }

  async function showReminder(
    req: Request,
    res: Response,
    reminder: Reminder,
    again: { faults?: readonly Fault[]; status?: number; shown?: ReminderShown } = {},
  ): Promise<void> {
    const now = services.now();
    const locale = localeOf(req, config, askedFor(req) ?? reminder.locale);
    const zone = isKnownZone(reminder.timeZone) ? reminder.timeZone : config.publication.timeZone;
    personal(res);
    sendPage(
      res,
      ReminderPage({
        ...about(locale),
        languages: languageLinks(req, config),
        token: String(req.params.token),
        blockToken: linkToken(keys, 'block', reminder.id, null),
        offer: offerFor(reminder, now),
        former: await undoable(services.database, reminder, now),
        sendOn: reminder.sendOn,
        discreet: reminder.discreet,
        dueNow: reminder.dueAt <= now,
        offered: offeredDays(now, zone),
        faults: again.faults ?? [],
        chosen: { choice: again.shown?.choice ?? 'month', date: again.shown?.date ?? '' },
      }),
      again.status ?? 200,
    );
  }
}

export function unsubscribeRoutes(services: Services): Router {
  const { config, keys } = services;
  const routes = Router();

  routes.get('/unsubscribe/:token', async (req, res) => {
    await show(req, res, readToken(req), req.query.undone === 'yes');
  });

  // RFC 8058: pressed by a mail program, without cookie, session or form token; whatever its body, it takes effect at once.
  routes.post('/unsubscribe/:token', async (req, res) => {
    const named = readToken(req);
    await unsubscribe(services, named.id, named.reason);
    await show(req, res, named);
  });

  routes.post('/unsubscribe/:token/undo', sameSite(config), async (req, res) => {
    const { id, reason } = readToken(req);
    await undoUnsubscribe(services, id, reason);
    personal(res);
    const locale = askedFor(req);
    const language = locale === undefined ? '' : `&locale=${locale}`;
    res.redirect(303, `/unsubscribe/${req.params.token}?undone=yes${language}`);
  });

  routes.post('/api/v1/unsubscribes/:token', jsonBody(), async (req, res) => {
    const { act } = readInput(unsubscribeAct, req.body);
    const { id, reason } = readToken(req);
    await (act === 'stop' ? unsubscribe : undoUnsubscribe)(services, id, reason);
    const { done } = await unsubscribeStanding(services.database, id, reason);
    personal(res);
    res.json({ stopped: done });
  });

  return routes;

  function readToken(req: Request): { id: string; reason: 'unsubscribed' | 'blocked' } {
    const token = String(req.params.token);
    for (const [purpose, reason] of [
      ['unsubscribe', 'unsubscribed'],
      ['block', 'blocked'],
    ] as const) {
      const read = readLinkToken(keys, purpose, token, services.now());
      if ('id' in read) return { id: read.id, reason };
    }
    throw new Refusal(fault('link-broken'));
  }

  async function show(
    req: Request,
    res: Response,
    { id, reason }: { id: string; reason: 'unsubscribed' | 'blocked' },
    undone = false,
  ): Promise<void> {
    const { locale: lettersLocale, ...standing } = await unsubscribeStanding(services.database, id, reason);
    const locale = localeOf(req, config, askedFor(req) ?? lettersLocale);
    personal(res);
    sendPage(
      res,
      UnsubscribePage({
        words: wordsFor(locale),
        locale,
        publication: config.publication.name,
        languages: languageLinks(req, config),
        token: String(req.params.token),
        reason,
        ...standing,
        undone,
      }),
    );
  }
}

interface FormShown {
  shown: ReminderShown;
  faults?: readonly Fault[];
  /** Only where the form was refused. */
  status?: number;
  locale?: Locale;
}

const whenQuery = z
  .object({
    time_zone: z.string({ error: 'zone-unknown' }).optional(),
    date: optionalLine(20),
    by: z.enum(['letter', 'calendar']).optional().catch(undefined),
  })
  .transform(({ time_zone: timeZone, ...rest }) => ({ timeZone, ...rest }));

/** A form has a field for the day; a request names it in `when`. */
async function aboutWhen<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const [first, ...others] = error.faults;
    const named = (each: Fault) => (each.field === 'date' ? inField('when', each) : each);
    throw new Refusal(named(first), ...others.map(named));
  }
}

/** The language a reader chose at the foot of the page: it goes before the one of their letters. */
function askedFor(req: Request): Locale | undefined {
  const { locale } = req.query;
  return isLocale(locale) ? locale : undefined;
}

/** A form says in which language it was shown, so that it is answered in the same. */
function localeIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('locale' in body)) return undefined;
  return typeof body.locale === 'string' ? body.locale : undefined;
}
