// The description of the API: whole, in step with the routes, and true of what they answer.
import { DatabaseSync } from 'node:sqlite';
import type { Express } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../src/app.ts';
import { openapiDocument } from '../src/openapi.ts';
import { type StripeStandIn, startStripeStandIn } from '../src/sandbox/stripe/stand-in.ts';
import { inviteStaff } from '../src/staff/invite.ts';
import { type FreshDatabase, freshDatabase } from './harness/fresh-database.ts';
import { type TestServices, testServices } from './harness/services.ts';

const now = new Date('2026-03-02T10:00:00Z');
const token = 'a token of these tests';

let database: FreshDatabase;
let stripe: StripeStandIn;
let services: TestServices;
let app: Express;
beforeAll(async () => {
  database = await freshDatabase();
  const clock = () => now;
  stripe = await startStripeStandIn({
    store: new DatabaseSync(':memory:'),
    now: clock,
    machineNow: clock,
    port: 0,
  });
  services = await testServices({
    databaseUrl: database.url,
    stripeUrl: stripe.url,
    now,
    env: {
      METRICS_TOKEN: token,
      MAIL_EVENTS_SES_TOPICS: 'arn:aws:sns:eu-west-1:123456789012:mail-events',
    },
  });
  app = buildApp(services, {
    nudge: () => {},
    nextDueAt: async () => null,
    runDue: async () => {},
    settled: async () => {},
    lastBeatAt: () => null,
    stop: async () => {},
  });
});
afterAll(async () => {
  await services.close();
  await stripe.close();
  await database.drop();
});

interface Described {
  method: 'get' | 'post';
  path: string;
  operation: Operation;
}

interface Operation {
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema?: unknown }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: unknown }> }>;
}

interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  schema?: { enum?: string[] };
}

const document = openapiDocument({ baseUrl: 'http://localhost:3000', publication: { name: 'The Gazette' } });
const plain = JSON.parse(JSON.stringify(document));
const described: Described[] = Object.entries<Record<string, Operation>>(plain.paths).flatMap(
  ([path, item]) =>
    Object.entries(item).map(([method, operation]) => {
      if (method !== 'get' && method !== 'post') throw new Error(`${method} is not tried here`);
      return { method, path, operation };
    }),
);

describe('the document', () => {
  test('is served, and says where it is served from', async () => {
    const answer = await request(app).get('/api/openapi.json').expect(200);
    expect(answer.type).toBe('application/json');
    expect(answer.body.openapi).toBe('3.1.0');
    expect(answer.body.servers).toEqual([{ url: services.config.baseUrl }]);
    expect(answer.body.info.title).toContain(services.config.publication.name);
  });

  test('has every part it refers to', () => {
    const referred = [...JSON.stringify(plain).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    expect(referred.length).toBeGreaterThan(10);
    for (const ref of new Set(referred)) {
      const found = ref
        .replace('#/', '')
        .split('/')
        .reduce((part, name) => part?.[name], plain);
      expect([ref, typeof found]).toEqual([ref, 'object']);
    }
    const schemes = Object.keys(plain.components.securitySchemes);
    const used = described.flatMap(({ operation }) =>
      'security' in operation && Array.isArray(operation.security)
        ? operation.security.flatMap(Object.keys)
        : [],
    );
    expect(used.every((name) => schemes.includes(name))).toBe(true);
  });

  test('names every operation once, and says what each answer means', () => {
    const names = described.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, operation } of described) {
      const responses = Object.entries(operation.responses ?? {});
      expect([path, responses.some(([status]) => status.startsWith('2'))]).toEqual([path, true]);
      for (const [status, { description }] of responses) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(description).toMatch(/\S/);
      }
    }
  });

  test('declares the parts of its paths, and takes no body where none is read', () => {
    for (const { method, path, operation } of described) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((each) => each.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
      expect([path, operation.requestBody !== undefined]).toEqual([path, method === 'post']);
    }
  });

  test('says of every field what kind it is', () => {
    const empty: string[] = [];
    walk(plain.components.schemas, 'schemas', (schema, at) => {
      const known = ['type', '$ref', 'anyOf', 'allOf', 'oneOf', 'enum', 'const'];
      if (!known.some((word) => word in schema)) empty.push(at);
    });
    expect(empty).toEqual([]);
  });
});

describe('the routes', () => {
  test('under /api/v1 are all described, and nothing else is described there', () => {
    const routed = routesOf(app)
      .filter(({ path }) => path.startsWith('/api/'))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const told = described
      .filter(({ path }) => path.startsWith('/api/') && !path.endsWith('.csv'))
      .map(({ method, path }) => `${method} ${path}`);
    expect(routed.length).toBeGreaterThan(5);
    expect(told.sort()).toEqual(routed.sort());
  });

  test.each(described)(
    '$method $path answers as it is described, also to a stranger with nothing',
    async (each) => {
      const answer = await ask(each);
      const said = each.operation.responses?.[answer.status];
      expect([each.path, answer.status, Object.keys(each.operation.responses ?? {})]).toEqual([
        each.path,
        answer.status,
        expect.arrayContaining([String(answer.status)]),
      ]);
      // A route that is missing would say so.
      expect(answer.body?.type ?? '').not.toMatch(/:not-found$/);
      const types = Object.keys(said?.content ?? {});
      if (types.length > 0) expect(types).toContain(answer.type);
    },
  );

  test.each(['/api/v1/checkouts', '/api/v1/reminders', '/api/v1/account/sign-ins'])(
    '%s takes what its description gives as an example',
    async (path) => {
      const schema = resolve(bodySchema(described.find((each) => each.path === path)));
      const body = exampleOf(schema);
      expect(Object.keys(body).length).toBeGreaterThan(0);
      const answer = await request(app).post(path).send(body);
      expect([answer.status, answer.body]).toEqual([
        expect.toSatisfy((status) => status < 300),
        expect.anything(),
      ]);
      const expected = described.find((each) => each.path === path)?.operation.responses?.[answer.status];
      const told = resolve(expected?.content?.['application/json']?.schema);
      expect(Object.keys(told.properties ?? {}).sort()).toEqual(Object.keys(answer.body).sort());
    },
  );

  test('a field that is not described is refused', async () => {
    for (const path of ['/api/v1/checkouts', '/api/v1/reminders', '/api/v1/account/sign-ins']) {
      const schema = resolve(bodySchema(described.find((each) => each.path === path)));
      expect([path, schema.additionalProperties]).toEqual([path, false]);
      const answer = await request(app)
        .post(path)
        .send({ ...exampleOf(schema), unheard_of: 1 });
      expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'unheard_of']);
    }
  });

  test.each([
    ['/api/v1/account/portals', '/api/v1/account/portals', { token: 'nothing' }],
    ['/api/v1/reminders/{token}', '/api/v1/reminders/nothing', { act: 'confirm' }],
    ['/unsubscribe/{token}', '/unsubscribe/nothing', {}],
  ])('%s tells a link that is not ours as it is described', async (path, address, body) => {
    const { status } = await request(app).post(address).set('Accept', 'application/json').send(body);
    expect(status).toBe(404);
    expect(described.find((each) => each.path === path)?.operation.responses).toHaveProperty('404');
  });

  test('a report is what its description says, and its file as well', async () => {
    const cookie = await signIn();
    const answer = await request(app)
      .get('/api/v1/reports/income?from=2026-01-01&to=2026-03-01')
      .set('Cookie', cookie);
    expect(answer.status).toBe(200);
    const told = resolve({ $ref: '#/components/schemas/Report' });
    expect(Object.keys(told.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(answer.body)));
    expect(Object.keys(answer.body)).toEqual(
      expect.arrayContaining((told.required ?? []).filter((name) => name !== 'totals_by_currency')),
    );
    const file = await request(app).get('/api/v1/reports/income.csv').set('Cookie', cookie).expect(200);
    expect(file.type).toBe('text/csv');
    const figures = await request(app).get('/metrics').set('Authorization', `Bearer ${token}`).expect(200);
    expect(figures.type).toBe('text/plain');
  });
});

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  example?: unknown;
  items?: Schema;
  anyOf?: Schema[];
}

function ask({ method, path, operation }: Described) {
  const parts = Object.fromEntries(
    (operation.parameters ?? [])
      .filter((each) => each.in === 'path')
      .map(({ name, schema }) => [name, schema?.enum?.[0] ?? 'nothing']),
  );
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => parts[name] ?? '');
  const asked = request(app)[method](address).set('Accept', 'application/json');
  if (method === 'get') return asked;
  const [type = 'application/json'] = Object.keys(operation.requestBody?.content ?? {});
  return asked.type(type).send(type === 'application/json' ? {} : '');
}

function bodySchema(each: Described | undefined): unknown {
  return each?.operation.requestBody?.content?.['application/json']?.schema;
}

function resolve(schema: unknown): Schema {
  const given = schema as Schema;
  if (given?.$ref === undefined) return given ?? {};
  return plain.components.schemas[given.$ref.split('/').at(-1) ?? ''];
}

/** What is required, by its examples. */
function exampleOf(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(
    (schema.required ?? []).map((name) => [name, resolve(schema.properties?.[name]).example]),
  );
}

function walk(part: unknown, at: string, visit: (schema: Record<string, unknown>, at: string) => void): void {
  if (typeof part !== 'object' || part === null) return;
  for (const [name, inner] of Object.entries(part)) {
    const here = `${at}.${name}`;
    if (name === 'properties' || at === 'schemas') {
      const each = name === 'properties' ? Object.entries(inner as object) : [[name, inner] as const];
      for (const [field, schema] of each) visit(schema as Record<string, unknown>, `${at}.${field}`);
    }
    walk(inner, here, visit);
  }
}

function routesOf(built: Express): { method: string; path: string }[] {
  const found: { method: string; path: string }[] = [];
  const look = (stack: Layer[]) => {
    for (const { route, handle } of stack) {
      if (route) for (const { method } of route.stack) found.push({ method: method ?? '', path: route.path });
      else if (handle?.stack) look(handle.stack);
    }
  };
  look((built as unknown as { router: { stack: Layer[] } }).router.stack);
  return [...new Map(found.map((each) => [`${each.method} ${each.path}`, each])).values()];
}

interface Layer {
  route?: { path: string; stack: { method?: string }[] };
  handle?: { stack?: Layer[] };
}

async function signIn(): Promise<string> {
  const link = await inviteStaff(services, 'editor@example.org', 'viewer');
  const welcomed = await request(app)
    .post(new URL(link).pathname)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send({ password: 'a password that is long enough' })
    .expect(303);
  return String(welcomed.headers['set-cookie']).split(';')[0] ?? '';
}
