// Whatever is sent, the answer is a page or a problem document that names the field, never a 500.
import { Router } from 'express';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { completeConfig, readSettings } from '../../src/outside/config.ts';
import { openLog } from '../../src/outside/log.ts';
import { parseAddress } from '../../src/values/address.ts';
import { asking, formBody, jsonBody, line, optionalLine, readInput } from '../../src/web/input.ts';
import { siteWith } from './site.ts';

const schema = z.strictObject({
  name: line(10),
  email: line(254).transform(asking(parseAddress)).optional(),
  note: optionalLine(20),
});

function site() {
  const read = readSettings({ LOG_LEVEL: 'silent' });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const config = completeConfig(read.settings, {
    databaseUrl: 'postgres://nowhere',
    appKeys: ['for tests'],
    stripe: { secretKey: 'sk_test_00000000', webhookSecrets: [], apiUrl: 'http://localhost:3001' },
    smtpUrl: 'smtp://nowhere',
  });
  const routes = Router();
  routes.post('/api/v1/things', jsonBody(), (req, res) => res.json(readInput(schema, req.body)));
  routes.post('/things', formBody(), (req, res) => res.json(readInput(schema, req.body)));
  return siteWith({ config, log: openLog('silent') }, routes);
}

const json = (body: string, type = 'application/json') =>
  request(site()).post('/api/v1/things').set('Content-Type', type).send(body);

describe('a request in JSON', () => {
  test('is read', async () => {
    const answer = await json('{"name":"Reader","email":"Reader@Example.org"}');
    expect(answer.body).toEqual({
      name: 'Reader',
      email: { address: 'Reader@example.org', lookUp: 'reader@example.org' },
    });
  });

  test.each([
    ['half a document', '{"name":', 400, 'body-malformed'],
    ['no object', '"name"', 400, 'body-malformed'],
    ['a list', '[1,2]', 400, 'body-malformed'],
    ['nothing', '', 422, 'value-malformed'],
    ['a very deep document', `{"name":${'['.repeat(6000)}${']'.repeat(6000)}}`, 422, 'value-malformed'],
    ['a number for a name', '{"name":1}', 422, 'value-malformed'],
    ['a list for a name', '{"name":["a"]}', 422, 'value-malformed'],
    ['an object for a name', '{"name":{"toString":1}}', 422, 'value-malformed'],
    ['a name with a null character', '{"name":"a\\u0000b"}', 422, 'value-malformed'],
    ['a name with a line break', '{"name":"a\\nb"}', 422, 'value-malformed'],
    ['a name with half a character', '{"name":"\\ud800"}', 422, 'value-malformed'],
    ['a name too long', '{"name":"01234567890"}', 422, 'text-too-long'],
    ['a field that is not known', '{"name":"a","admin":true}', 422, 'field-unknown'],
    ['an own prototype', '{"name":"a","__proto__":{"admin":true}}', 422, 'field-unknown'],
    ['no address', '{"name":"a","email":"nobody"}', 422, 'address-malformed'],
    ['too much', `{"name":"${'a'.repeat(20_000)}"}`, 413, 'body-too-large'],
  ])('with %s is refused as a problem', async (_name, body, status, code) => {
    const answer = await json(body);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body.type).toBe(`tag:small-favor,2026:${code}`);
    expect(answer.body.detail).not.toBe('');
    expect(answer.body.status).toBe(status);
  });

  test.each([['text/plain'], ['application/x-www-form-urlencoded'], ['application/json; charset=utf-7']])(
    'sent as %s is refused: no other site can send JSON without asking',
    async (type) => {
      expect((await json('{"name":"a"}', type)).status).toBe(415);
    },
  );

  test.each([
    ['compressed', { 'Content-Encoding': 'gzip' }],
    ['in another character set', { 'Content-Type': 'application/json; charset=utf-16' }],
  ])('%s is refused, in words that say why', async (_name, headers) => {
    const answer = await json('{"name":"a"}').set(headers);
    expect([answer.status, answer.body.detail]).toEqual([415, 'Please send this uncompressed and in UTF-8.']);
  });

  test('names each bad field, in the words of the language asked for', async () => {
    const answer = await json('{"name":"01234567890","email":"nobody"}').set('Accept-Language', 'ru');
    expect(answer.body.errors).toEqual([
      { field: 'name', code: 'text-too-long', detail: expect.stringContaining('Слишком длинно') },
      { field: 'email', code: 'address-malformed', detail: expect.stringContaining('ошибка') },
    ]);
  });
});

describe('a form', () => {
  test('is read, and an empty field says nothing', async () => {
    const answer = await request(site()).post('/things').type('form').send('name=Reader&note=');
    expect(answer.body).toEqual({ name: 'Reader' });
  });

  test.each([['text/plain'], ['application/json'], ['multipart/form-data; boundary=a']])(
    'sent as %s is refused',
    async (type) => {
      const answer = await request(site())
        .post('/things')
        .set('Content-Type', type)
        .send('{"name":"Reader"}');
      expect(answer.status).toBe(415);
      expect(answer.text).toContain('application/x-www-form-urlencoded');
    },
  );

  test('without any field may come without a body', async () => {
    expect((await request(site()).post('/things')).status).toBe(422);
  });

  test('that is refused leads to the same page in the other language', async () => {
    const answer = await request(site())
      .post('/things')
      .type('form')
      .set('Accept', 'text/html')
      .send('name=%00');
    expect(answer.text).toContain('href="/things?locale=ru"');
  });

  test.each([
    ['the same field twice', 'name=a&name=b', 422],
    ['fields by the hundred', Array.from({ length: 300 }, (_, at) => `f${at}=1`).join('&'), 413],
    ['too much', `name=${'a'.repeat(20_000)}`, 413],
    ['a null character', 'name=%00', 422],
  ])('with %s is refused as a page', async (_name, body, status) => {
    const answer = await request(site()).post('/things').type('form').set('Accept', 'text/html').send(body);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain('<h1>');
  });
});

test.each(['/webhooks/nobody', '/metrics/of-nothing', '/api'])(
  'machines hear a problem at %s',
  async (path) => {
    const answer = await request(site()).post(path).set('Accept', 'text/html');
    expect(answer.headers['content-type']).toBe('application/problem+json');
  },
);
