// Goals at the desk: seen by all staff, set, changed and ended by finance; pages, forms, and the same for programs.
import { randomUUID } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { addMonths, localDate } from '../values/calendar.ts';
import { offeredCurrencies } from '../values/limits.ts';
import { decimalString, isCurrency } from '../values/money.ts';
import { type Fault, fault, Refusal } from '../values/refusal.ts';
import { answerOnce, answerOnceWaiting, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody, readInput } from '../web/input.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { sameSite } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import {
  type GoalTyped,
  goalAct,
  goalFromForm,
  goalFromRequest,
  goalRequest,
  goalTyped,
} from './goal-request.ts';
import { changeGoal, endGoal, type Goal, type GoalFacts, goalNamed, listGoals, setGoal } from './goals.ts';
import { type GoalForm, GoalPage, GoalsPage } from './goals-page.tsx';
import { formToken, requireStaff, sessionBound, signedInFrom } from './guard.ts';
import { DeskEnd } from './pages.tsx';
import { includes } from './roles.ts';

const formKey = z.object({ key: z.uuid().optional(), locale: z.string().max(20).optional() });

export function addGoalRoutes(routes: Router, services: Services): void {
  const { config, database } = services;
  const mayRead = requireStaff(services, 'viewer');
  const maySet = requireStaff(services, 'finance');
  const form = [sameSite(config), formBody(), maySet, sessionBound(services)];

  routes.get('/staff/goals', mayRead, async (req, res) => {
    await showGoals(req, res, newGoal());
  });

  routes.post('/staff/goals', ...form, async (req, res) => {
    const typed = goalTyped(req.body);
    const { key } = readInput(formKey, req.body);
    await orSaid(
      async () => {
        const facts = goalFromForm(typed);
        const once = { scope: `goals:${signedInFrom(res).staffId}`, key: key ?? null, body: typed };
        await answerOnceWaiting(services, once, async () => ({ status: 303, body: await set(facts) }));
        back(req, res);
      },
      (faults, status) => showGoals(req, res, typed, faults, status),
    );
  });

  routes.get('/staff/goals/:id', maySet, async (req, res) => {
    const goal = await goalNamed(database, idIn(req));
    if (goal.endedAt !== null) throw new Refusal(fault('already-done'));
    showGoal(req, res, goal, typedOf(goal));
  });

  routes.post('/staff/goals/:id', ...form, async (req, res) => {
    const goal = await goalNamed(database, idIn(req));
    const typed = goalTyped(req.body);
    await orSaid(
      async () => {
        const facts = goalFromForm(typed);
        await transact(services, (tx) => changeGoal(tx, goal.id, facts));
        back(req, res);
      },
      async (faults, status) => showGoal(req, res, goal, typed, faults, status),
    );
  });

  routes.post('/staff/goals/:id/end', ...form, async (req, res) => {
    await transact(services, (tx) => endGoal(tx, services.now(), idIn(req)));
    back(req, res);
  });

  // A program on another site could not send JSON here, but its page could try: both are refused before the body is read.
  routes.post('/api/v1/goals', sameSite(config), maySet, jsonBody(), async (req, res) => {
    const facts = goalFromRequest(readInput(goalRequest, req.body));
    const once = {
      scope: `goals:${signedInFrom(res).staffId}`,
      key: idempotencyKeyOf(req),
      body: req.body as unknown,
    };
    const { status, body } = await answerOnce(services, once, async () => ({
      status: 201,
      body: await set(facts),
    }));
    res.status(status).json(body);
  });

  routes.post('/api/v1/goals/:id', sameSite(config), maySet, jsonBody(), async (req, res) => {
    const id = idIn(req);
    const given = readInput(goalAct, req.body);
    const facts = given.act === 'change' ? goalFromRequest(given) : null;
    const goal = await transact(services, (tx) =>
      facts === null ? endGoal(tx, services.now(), id) : changeGoal(tx, id, facts),
    );
    res.json(answerOf(goal));
  });

  async function set(facts: GoalFacts): Promise<ReturnType<typeof answerOf>> {
    return answerOf(await transact(services, (tx) => setGoal(tx, services.now(), facts)));
  }

  /** What was wrong is said on the page of the form. */
  async function orSaid(
    act: () => Promise<void>,
    say: (faults: readonly Fault[], status: number) => Promise<void>,
  ): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refusal) || error.faults.every((each) => each.field === undefined)) throw error;
      await say(error.faults, error.status);
    }
  }

  async function showGoals(
    req: Request,
    res: Response,
    typed: GoalTyped,
    faults: readonly Fault[] = [],
    status = 200,
  ): Promise<void> {
    const maySetThem = includes(signedInFrom(res).role, 'finance');
    const page = GoalsPage({
      ...own(req, res),
      languages: req.method === 'GET' ? languageLinks(req, config) : [],
      goals: await listGoals(database),
      today: today(),
      form: maySetThem ? formOf(res, typed, faults) : null,
    });
    sendPage(res, page, status);
  }

  function showGoal(
    req: Request,
    res: Response,
    goal: Goal,
    typed: GoalTyped,
    faults: readonly Fault[] = [],
    status = 200,
  ): void {
    sendPage(res, GoalPage({ ...own(req, res), goal, form: formOf(res, typed, faults) }), status);
  }

  function formOf(res: Response, typed: GoalTyped, faults: readonly Fault[]): GoalForm {
    const token = formToken(services.keys, signedInFrom(res).sessionId);
    const currencies = [...new Set([...offeredCurrencies, typed.currency].filter(isCurrency))];
    return { typed, faults, token, currencies, key: randomUUID() };
  }

  function own(req: Request, res: Response) {
    const { role, sessionId } = signedInFrom(res);
    const { locale: inForm } = readInput(formKey.pick({ locale: true }), req.body);
    const locale = localeOf(req, config, inForm);
    const words = wordsFor(locale);
    const end = DeskEnd({ words, role, formToken: formToken(services.keys, sessionId) });
    return { words, locale, publication: config.publication, end };
  }

  function back(req: Request, res: Response): void {
    const { locale: inForm } = readInput(formKey.pick({ locale: true }), req.body);
    res.redirect(303, `/staff/goals?locale=${localeOf(req, config, inForm)}`);
  }

  function newGoal(): GoalTyped {
    const from = today();
    const { reportingCurrency } = config.publication;
    return {
      title: '',
      campaign: '',
      amount: '',
      currency: reportingCurrency,
      first_on: from,
      last_on: addMonths(from, 1),
    };
  }

  function today(): string {
    return localDate(services.now(), config.publication.timeZone);
  }
}

function typedOf({ title, campaign, targetMinor, currency, firstOn, lastOn }: Goal): GoalTyped {
  if (!isCurrency(currency)) throw new Error('A goal names a currency that is none');
  return {
    title,
    campaign: campaign ?? '',
    amount: decimalString({ amountMinor: targetMinor, currency }),
    currency,
    first_on: firstOn,
    last_on: lastOn,
  };
}

function answerOf(goal: Goal) {
  return {
    id: goal.id,
    title: goal.title,
    campaign: goal.campaign,
    target_minor: Number(goal.targetMinor),
    currency: goal.currency,
    first_on: goal.firstOn,
    last_on: goal.lastOn,
    ended_at: goal.endedAt?.toISOString() ?? null,
  };
}

function idIn(req: Request): string {
  const id = String(req.params.id);
  if (!z.uuid().safeParse(id).success) throw new Refusal(fault('not-found'));
  return id;
}
