// The reports' door: the desk, each report's page, its file and its JSON, and how everything is counted. Nothing here writes but which ranges are asked for.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { VNode } from 'preact';
import { z } from 'zod';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { isCurrency } from '../values/money.ts';
import { type Fault, fault, inField, Refusal } from '../values/refusal.ts';
import { optionalLine, readInput } from '../web/input.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { sendPage } from '../web/respond.ts';
import { type Words, wordsFor } from '../words/words.ts';
import {
  type Answer,
  answerReport,
  isList,
  isReportName,
  jsonOf,
  type ReportName,
  rangesOf,
} from './answer.ts';
import { type Drawn, drawBars, drawWaterfall } from './chart.ts';
import { csvHead, csvLines, csvOf } from './csv.ts';
import { Definitions } from './definitions-page.tsx';
import { currenciesUsed, type Desk, readDesk } from './desk.ts';
import { DeskFigures } from './desk-page.tsx';
import { readInbox } from './events.ts';
import { EventsContent } from './events-page.tsx';
import { goalJson, readGoals } from './goals.ts';
import { noteAsked } from './kept-ranges.ts';
import { readLettersDesk } from './letters-desk.ts';
import { LettersContent } from './letters-page.tsx';
import { CopyBehind, Framed, type Place, placeOfReport } from './pages.tsx';
import { partsOfGiving, pictureOf, stepsOf } from './pictures.ts';
import { type Asked, type Question, readQuestion } from './question.ts';
import { reckoningOf } from './reckoning.ts';
import { askPatiently, type Told, toldMoment } from './replica.ts';
import type { Row } from './report.ts';
import { ReportContent } from './report-page.tsx';
import { everyRow } from './rows.ts';
import { nextOf, type Seen } from './table.tsx';

export interface ReportsDoor {
  guard: {
    /** Lets in staff of this role or a higher one. */
    require(role: 'viewer'): RequestHandler;
    /** The same, and programs that carry a token of such a role. */
    requireOrToken(role: 'viewer'): RequestHandler;
    /** Who is signed in, and the way out: the end of each page's head. */
    end(res: Response, words: Words): VNode;
    /** What a form must carry by which staff of this role act; null for whom the role does not reach. */
    formToken(res: Response, role: 'finance'): string | null;
    /** Whether who is signed in has this role or a higher one. */
    reaches(res: Response, role: 'support'): boolean;
  };
}

const short = optionalLine(40);
const asked = z.object({
  from: short,
  to: short,
  by: short,
  currency: short,
  of: short,
  state: short,
  movement: short,
  year: short,
  type: short,
  standing: short,
  country: short,
  campaign: optionalLine(200),
  since: short,
  amount: short,
  most: short,
  before: optionalLine(100),
});
const askedOfLetters = z.object({ from: short, to: short });
const askedOfEvents = z.object({ state: short, replayed: short });

export function reportRoutes(services: Services, { guard }: ReportsDoor): Router {
  const { config } = services;
  const reckoning = reckoningOf(config);
  const routes = Router();
  const mayRead = guard.require('viewer');

  routes.get(
    '/staff',
    mayRead,
    patiently(async (req, res) => {
      const { currency } = readInput(asked, req.query);
      const told = await toldMoment(services);
      const desk = await readDesk(services.reportsDatabase, reckoning, told.asOf, deskCurrency(currency));
      const seen = seenBy(req, res);
      const charts = {
        giving: await drawnOrNot(drawGiving(seen, desk)),
        movements: await drawnOrNot(drawMovements(seen, desk)),
      };
      show(req, res, {
        seen,
        told,
        place: 'desk',
        title: seen.words.reports.desk,
        content: DeskFigures({ seen, desk, charts }),
      });
    }),
  );

  routes.get(
    '/staff/events',
    mayRead,
    patiently(async (req, res) => {
      const given = readInput(askedOfEvents, req.query);
      const told = await toldMoment(services);
      const inbox = await readInbox(services.reportsDatabase, told.asOf);
      // What needs a person comes first, where nothing else was asked for.
      const state = given.state ?? (inbox.counts.dead > 0 ? 'dead' : 'waiting');
      const question = readQuestion({ state, most: String(eventsShown) }, reckoning, told.asOf);
      if (Array.isArray(question)) throw new Refusal(question[0] ?? fault('choice-unknown'));
      const seen = seenBy(req, res);
      const content = EventsContent({
        seen,
        inbox,
        state: question.state ?? 'waiting',
        answer: await answerReport(services.reportsDatabase, 'events', question),
        formToken: guard.formToken(res, 'finance'),
        replayed:
          given.replayed !== undefined && /^\d{1,4}$/.test(given.replayed) ? Number(given.replayed) : null,
      });
      show(req, res, { seen, told, place: 'events', title: seen.words.reports.names.events, content });
    }),
  );

  routes.get(
    '/staff/letters',
    mayRead,
    patiently(async (req, res) => {
      const given = readInput(askedOfLetters, req.query);
      // The last month, where nothing else was asked for: what stood in the way last year helps nobody.
      const told = await toldMoment(services);
      const question = readQuestion({ ...given, by: 'day' }, reckoning, told.asOf);
      const seen = seenBy(req, res);
      const isAsked = !Array.isArray(question);
      const content = LettersContent({
        seen,
        asked: given,
        faults: isAsked ? [] : question,
        found: isAsked ? await readLettersDesk(services.reportsDatabase, question) : null,
      });
      const status = isAsked ? 200 : refusalOf(question).status;
      show(req, res, {
        seen,
        told,
        place: 'letters',
        title: seen.words.reports.names.letters,
        content,
        status,
      });
    }),
  );

  routes.get('/staff/definitions', mayRead, (req, res) => {
    const seen = seenBy(req, res);
    const { definitionsTitle: title } = seen.words.reports;
    show(req, res, { seen, place: 'definitions', title, content: Definitions({ words: seen.words }) });
  });

  routes.get('/staff/reports', mayRead, (_req, res) => res.redirect(302, '/staff/reports/income'));

  routes.get(
    '/staff/reports/:name',
    mayRead,
    patiently(async (req, res) => {
      const name = reportNamed(String(req.params.name));
      const given = readInput(asked, req.query);
      const told = await toldMoment(services);
      const question = readQuestion(pageDefaults(name, given, req), reckoning, told.asOf);
      const isAsked = !Array.isArray(question);
      const seen = seenBy(req, res);
      const { reportsDatabase } = services;
      if (isAsked) await keepRanges(name, question);
      const answer = isAsked ? await answerReport(reportsDatabase, name, question) : null;
      const times =
        name === 'recovery' && isAsked
          ? await answerReport(reportsDatabase, 'recovery-times', question)
          : null;
      const content = ReportContent({
        seen,
        name,
        asked: given,
        answer,
        times,
        picture: answer && (await drawnOrNot(pictureOf(seen, answer))),
        faults: isAsked ? [] : question,
        currencies: await currenciesUsed(reportsDatabase),
        reportingCurrency: reckoning.reportingCurrency,
      });
      const status = isAsked ? 200 : refusalOf(question).status;
      show(req, res, {
        seen,
        told,
        place: placeOfReport(name),
        title: seen.words.reports.names[name],
        content,
        status,
      });
    }),
  );

  routes.get(
    '/api/v1/reports/:name',
    guard.requireOrToken('viewer'),
    patiently(async (req, res) => {
      const wanted = String(req.params.name);
      const isFile = wanted.endsWith('.csv');
      const name = reportNamed(isFile ? wanted.slice(0, -4) : wanted);
      const given = readInput(asked, req.query);
      const question = wellAsked(given, (await toldMoment(services)).asOf);
      await keepRanges(name, question);
      const answer = await answerReport(services.reportsDatabase, name, question);
      const isWhole = isList(name) && given.most === undefined && given.before === undefined;
      const next = isWhole ? null : nextOf(answer);
      if (next !== null) res.links({ next });
      res.type(isFile ? 'text/csv; charset=utf-8; header=present' : 'json');
      if (isFile)
        res.setHeader(
          'content-disposition',
          `attachment; filename=${name}-${question.from}-${question.to}.csv`,
        );
      if (isWhole) await sendEvery(res, isFile ? csvParts : jsonParts, answer);
      else if (isFile) res.send(csvOf(answer.columns, answer.rows));
      else res.json({ ...jsonOf(answer), ...(next !== null && { next }) });
    }),
  );

  routes.get(
    '/api/v1/goals',
    guard.requireOrToken('viewer'),
    patiently(async (_req, res) => {
      const { asOf } = await toldMoment(services);
      const goals = await readGoals(services.reportsDatabase, reckoning, asOf);
      res.json({ time_zone: reckoning.timeZone, as_of: asOf.toISOString(), goals: goals.map(goalJson) });
    }),
  );

  return routes;

  /** A copy may break a question off; it is asked once more, unless a part of the answer has gone out. */
  function patiently(answer: (req: Request, res: Response) => Promise<void>): RequestHandler {
    return (req, res) =>
      askPatiently(
        () => answer(req, res),
        () => !res.headersSent,
      );
  }

  /** What is asked for is counted ahead from now on; the answer is right without it. */
  async function keepRanges(name: ReportName, question: Question): Promise<void> {
    try {
      await noteAsked(services, rangesOf(name, question));
    } catch (error) {
      services.log.error(describeError(error), 'What was asked for could not be noted');
    }
  }

  /** Rows are read as fast as they are taken; who goes away in the middle is no fault. */
  async function sendEvery(
    res: Response,
    parts: (answer: Answer, every: AsyncIterable<readonly Row[]>) => AsyncIterable<string>,
    answer: Answer,
  ): Promise<void> {
    const every = everyRow(services.reportsDatabase, answer.name, answer.question);
    try {
      await pipeline(Readable.from(parts(answer, every)), res);
    } catch (error) {
      if (!isLeft(error)) throw error;
    }
  }

  function wellAsked(given: Asked, asOf: Date): Question {
    const question = readQuestion(given, reckoning, asOf);
    if (Array.isArray(question)) throw refusalOf(question);
    return question;
  }

  function seenBy(req: Request, res: Response): Seen {
    const words = wordsFor(localeOf(req, config));
    return {
      words,
      config,
      locale: req.query.locale === words.locale ? words.locale : null,
      opensReaders: guard.reaches(res, 'support'),
    };
  }

  function deskCurrency(given: string | undefined): Desk['currency'] {
    if (given === undefined || given === 'reporting') return 'reporting';
    if (isCurrency(given)) return given;
    throw new Refusal(inField('currency', fault('currency-unknown')));
  }

  async function drawGiving(seen: Seen, desk: Desk): Promise<Drawn | null> {
    if (desk.giving.totals?.gross_minor === 0) return null;
    const drawing = { words: seen.words, id: 'giving', rows: desk.giving.rows, by: 'month' as const };
    return drawBars(drawing, partsOfGiving(seen, desk.giving), desk.moneyIn, true);
  }

  async function drawMovements(seen: Seen, desk: Desk): Promise<Drawn | null> {
    const steps = stepsOf(seen, desk);
    const drawing = { words: seen.words, id: 'movements' };
    return steps.length < 3 ? null : drawWaterfall(drawing, steps, desk.moneyIn);
  }

  /** With nothing to draw, or no drawing, a page still has its figures: the table stands open instead. */
  async function drawnOrNot<T>(draw: Promise<T | null>): Promise<T | null> {
    try {
      return await draw;
    } catch (error) {
      services.log.error(describeError(error), 'A chart could not be drawn');
      return null;
    }
  }

  function show(
    req: Request,
    res: Response,
    {
      seen,
      told,
      place,
      title,
      content,
      status = 200,
    }: { seen: Seen; told?: Told; place: Place; title: string; content: VNode; status?: number },
  ): void {
    sendPage(
      res,
      Framed({
        seen,
        place,
        title,
        publication: config.publication.name,
        end: guard.end(res, seen.words),
        languages: languageLinks(req, config),
        children: [told && CopyBehind({ words: seen.words, behindMs: told.behindMs }), content],
      }),
      status,
    );
  }
}

function refusalOf([first = fault('period-malformed'), ...others]: readonly Fault[]): Refusal {
  return new Refusal(first, ...others);
}

async function* csvParts({ columns }: Answer, every: AsyncIterable<readonly Row[]>): AsyncGenerator<string> {
  yield csvHead(columns);
  for await (const rows of every) if (rows.length > 0) yield csvLines(columns, rows);
}

/** The answer as it would be in one piece, its rows last. */
async function* jsonParts(answer: Answer, every: AsyncIterable<readonly Row[]>): AsyncGenerator<string> {
  const { rows: _newest, ...rest } = jsonOf(answer);
  yield `${JSON.stringify(rest).slice(0, -1)},"rows":[`;
  let between = '';
  for await (const rows of every) {
    if (rows.length === 0) continue;
    yield between + rows.map((row) => JSON.stringify(row)).join(',');
    between = ',';
  }
  yield ']}';
}

function isLeft(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** As many as one form can carry the numbers of. */
const eventsShown = 100;

function reportNamed(name: string): ReportName {
  if (isReportName(name)) return name;
  throw new Refusal(fault('not-found'));
}

/** A page shows everything in the reporting currency unless its address says otherwise; an empty choice says: each by itself. */
function pageDefaults(name: ReportName, asked: Asked, req: Request): Asked {
  // Movements one by one: a month of them is much.
  const given = name === 'movements' && !asked.from && !asked.to ? { ...asked, by: 'day' } : asked;
  return name === 'gifts' || 'currency' in req.query ? given : { ...given, currency: 'reporting' };
}
