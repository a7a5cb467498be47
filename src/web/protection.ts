// What every answer carries against abuse, and the guard of forms: strict headers, no framing, no posting from elsewhere.
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';
import type { Config } from '../outside/config.ts';
import { hostedOrigins } from '../outside/stripe.ts';
import { fault, Refusal } from '../values/refusal.ts';

type Guarded = Pick<Config, 'baseUrl' | 'secure' | 'production' | 'embedOrigins' | 'stripe'>;

/** For every answer, errors included: put it before all else. No inline script or style, no framing. */
export function protection(config: Guarded): RequestHandler {
  return headers(config, []);
}

/** Over `protection`, for the appeal's page alone: the publisher's sites may frame it. */
export function frameable(config: Guarded): RequestHandler {
  return headers(config, embedders(config));
}

/** For pages that are someone's own: kept by no cache, and not shown again from the browser's. */
export function personal(res: Response): void {
  res.set('Cache-Control', 'no-store');
}

/** Over `protection`, for a page that shows a page of ours in a frame. */
export function framesOwn(res: Response): void {
  res.set('Content-Security-Policy', `${res.get('Content-Security-Policy') ?? ''};frame-src 'self'`);
}

/** Over `protection`, for a letter shown as a mail program shows it: its own styles, nothing else, and only in our own frame. */
export function showsLetter(res: Response): void {
  res.set(
    'Content-Security-Policy',
    "default-src 'none';style-src 'unsafe-inline';form-action 'none';base-uri 'none';frame-ancestors 'self';sandbox",
  );
  res.removeHeader('X-Frame-Options');
  // In its sandbox the letter has no origin that could have processes of its own; asking for them warns in the console.
  res.removeHeader('Origin-Agent-Cluster');
}

/**
 * Refuses a form that another site's page sent. Browsers name where a post came from: Sec-Fetch-Site where the connection is
 * trusted, Origin everywhere. Neither means that no browser of the last years sent it, so no reader's cookies came along.
 */
export function sameSite(config: Pick<Config, 'baseUrl'>): RequestHandler {
  const ownOrigin = new URL(config.baseUrl).origin;
  return (req, _res, next) => {
    if (req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS') return next();
    const site = req.get('sec-fetch-site');
    const origin = req.get('origin');
    // "none" is the reader's own doing, as when a page that was posted is loaded anew.
    if (site === 'same-origin' || site === 'none') return next();
    if (origin !== undefined ? origin === ownOrigin : site === undefined) return next();
    next(new Refusal(fault('form-from-elsewhere')));
  };
}

function headers(config: Guarded, frameAncestors: string[]): RequestHandler {
  const framed = frameAncestors.length > 0;
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        // A form's answer may lead on to Stripe's pages; browsers hold the policy against that step too.
        formAction: ["'self'", ...hostedOrigins(config)],
        frameAncestors: framed ? frameAncestors : ["'none'"],
        baseUri: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: { policy: framed ? 'cross-origin' : 'same-origin' },
    // Not "no-referrer": a form's own post would then say "Origin: null". Nothing is told to other origins.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: config.secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    xFrameOptions: framed ? false : { action: 'deny' },
  });
  return (req, res, next) => {
    // helmet leaves what an earlier, stricter pass has set.
    if (framed) res.removeHeader('X-Frame-Options');
    res.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), browsing-topics=()');
    protect(req, res, next);
  };
}

function embedders({ baseUrl, production, embedOrigins }: Guarded): string[] {
  if (production) return embedOrigins.length > 0 ? embedOrigins : ["'self'"];
  // The sample article stands at the machine's other name, so that its frame is truly another site's.
  return ["'self'", ...embedOrigins, ...[otherLoopback(baseUrl)].filter((origin) => origin !== null)];
}

/** `http://127.0.0.1:3000` for `http://localhost:3000` and the other way round; null for any other address. */
export function otherLoopback(baseUrl: string): string | null {
  const url = new URL(baseUrl);
  if (url.hostname === 'localhost') url.hostname = '127.0.0.1';
  else if (url.hostname === '127.0.0.1') url.hostname = 'localhost';
  else return null;
  return url.origin;
}
