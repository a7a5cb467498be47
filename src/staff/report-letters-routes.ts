// Where staff choose whether the figures come by letter: the page, its form, and the same for programs.
import type { Response, Router } from 'express';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import type { Locale } from '../values/locale.ts';
import { formBody, jsonBody, readInput } from '../web/input.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { sameSite } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import { formToken, requireStaff, sessionBound, signedInFrom } from './guard.ts';
import { DeskEnd } from './pages.tsx';
import { chooseReportLetter, type Every, reportLetterOf } from './report-letters.ts';
import { ReportLettersPage } from './report-letters-page.tsx';
import { reportLettersForm, reportLettersRequest } from './report-letters-request.ts';

export function addReportLetterRoutes(routes: Router, services: Services): void {
  const { config } = services;
  const { timeZone } = config.publication;
  const anyStaff = requireStaff(services, 'viewer');

  routes.get('/staff/report-letters', anyStaff, async (req, res) => {
    const { staffId, role, sessionId } = signedInFrom(res);
    const locale = localeOf(req, config);
    const words = wordsFor(locale);
    const token = formToken(services.keys, sessionId);
    const page = ReportLettersPage({
      words,
      locale,
      publication: config.publication,
      end: DeskEnd({ words, role, formToken: token }),
      languages: languageLinks(req, config),
      kept: await reportLetterOf(services.database, staffId),
      formToken: token,
      now: services.now(),
    });
    sendPage(res, page);
  });

  routes.post(
    '/staff/report-letters',
    sameSite(config),
    formBody(),
    anyStaff,
    sessionBound(services),
    async (req, res) => {
      const given = readInput(reportLettersForm, req.body);
      const locale = localeOf(req, config, given.locale);
      await choose(res, given.every, locale);
      res.redirect(303, `/staff/report-letters?locale=${locale}`);
    },
  );

  // A program on another site could not send JSON here, but its page could try: both are refused before the body is read.
  routes.post('/api/v1/report-letters', sameSite(config), anyStaff, jsonBody(), async (req, res) => {
    const given = readInput(reportLettersRequest, req.body);
    const dueAt = await choose(res, given.every, localeOf(req, config, given.locale));
    res.json({ every: given.every, next_at: dueAt?.toISOString() ?? null });
  });

  function choose(res: Response, every: Every | 'none', locale: Locale): Promise<Date | null> {
    const { staffId } = signedInFrom(res);
    return transact(services, (tx) =>
      chooseReportLetter(tx, services.now(), timeZone, { staffId, every, locale }),
    );
  }
}
