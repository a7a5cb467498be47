// How answers leave: whole pages, compressed, and problem documents for machines.
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Response } from 'express';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** RFC 9457; `errors` names each bad field. */
export interface Problem {
  status: number;
  type: string;
  title: string;
  detail: string;
  errors?: { field?: string; code: string; detail: string }[];
}

/** Sends a whole document. */
export function sendPage(res: Response, page: VNode, status = 200): void {
  sendText(res, status, 'text/html; charset=utf-8', `<!doctype html>${renderToString(page)}`);
}

export function sendProblem(res: Response, problem: Problem): void {
  res.set('Cache-Control', 'no-store');
  sendText(res, problem.status, 'application/problem+json', JSON.stringify(problem));
}

function sendText(res: Response, status: number, type: string, text: string): void {
  const bytes = Buffer.from(text);
  const encoding = bytes.length < 1024 ? false : res.req.acceptsEncodings('br', 'gzip', 'identity');
  res.status(status).set('Content-Type', type).vary('Accept-Encoding');
  if (!res.hasHeader('Cache-Control')) res.set('Cache-Control', 'private, no-cache');
  let body: Buffer = bytes;
  if (encoding === 'br') {
    // Quality 4 takes a fraction of a millisecond for a page; the rest is for what is compressed once.
    body = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
  } else if (encoding === 'gzip') {
    body = gzipSync(bytes);
  }
  if (body !== bytes && encoding) res.set('Content-Encoding', encoding);
  res.set('Content-Length', String(body.length));
  res.end(res.req.method === 'HEAD' ? undefined : body);
}
