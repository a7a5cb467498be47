// The ask: the publisher's script, and the appeal that it frames.
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Router } from 'express';
import { z } from 'zod';
import type { Services } from '../outside/services.ts';
import { isOffered } from '../values/limits.ts';
import { bundleScript, encodings, lazily, sendEncoded } from '../web/assets.ts';
import { usualChoice, usualCurrency } from '../web/giving.tsx';
import { optionalLine } from '../web/input.ts';
import { localeOf } from '../web/locale.ts';
import { frameable } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import { AppealPage } from './appeal.tsx';

export function askRoutes({ config }: Pick<Services, 'config'>): Router {
  const routes = Router();
  const embed = lazily(() => {
    const script = bundleScript(join(import.meta.dirname, 'embed.browser.ts'));
    return {
      bodies: encodings(script),
      etag: `"${createHash('sha256').update(script).digest('hex').slice(0, 16)}"`,
    };
  });

  // Its name is a promise to publishers, so it cannot carry its contents; it is asked for anew every few minutes.
  routes.get('/embed.js', (req, res) => {
    const { bodies, etag } = embed();
    res.set({
      'Content-Type': 'text/javascript; charset=utf-8',
      'Cache-Control': 'public, max-age=300, stale-while-revalidate=86400',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      ETag: etag,
    });
    if (req.fresh) res.status(304).end();
    else sendEncoded(res, bodies);
  });

  routes.get('/embed/appeal', frameable(config), (req, res) => {
    const read = appealQuery.safeParse(req.query);
    const query: z.output<typeof appealQuery> = read.success ? read.data : {};
    const wanted = query.currency?.toUpperCase();
    const { currency: _currency, scheme, ...source } = query;
    const locale = localeOf(req, config);
    sendPage(
      res,
      AppealPage({
        words: wordsFor(locale),
        locale,
        publication: config.publication.name,
        ownWords: config.publication.appeal,
        baseUrl: config.baseUrl,
        choice: usualChoice(isOffered(wanted) ? wanted : usualCurrency(config), {
          component: 'appeal',
          ...definedParts(source),
        }),
        formKey: randomUUID(),
        light: scheme === 'light',
      }),
    );
  });

  return routes;
}

const appealQuery = z.object({
  article: optionalLine(2000),
  campaign: optionalLine(200),
  component: optionalLine(100),
  referrer: optionalLine(500),
  currency: optionalLine(10),
  scheme: optionalLine(10),
});

function definedParts(parts: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).filter((part): part is [string, string] => part[1] !== undefined),
  );
}
