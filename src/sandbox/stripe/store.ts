// Where the stand-in remembers: its objects, what is due and what must still be delivered, all in the one SQLite file it is handed.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Kind, Kinds, Notes } from './kinds.ts';

export interface ListQuery {
  limit: number;
  startingAfter?: string | undefined;
  endingBefore?: string | undefined;
  created?: { gt?: number; gte?: number; lt?: number; lte?: number } | undefined;
  /** Equal to this in the object's indexed columns. */
  where?: Partial<Record<Column, string>>;
  /** One of these in a column. */
  among?: { column: Column; values: string[] } | undefined;
  /** A further condition in SQL on `o`, the object's row. */
  and?: { sql: string; values: SQLInputValue[] } | undefined;
}

export type Column =
  | 'customer'
  | 'payment_intent'
  | 'charge'
  | 'subscription'
  | 'invoice'
  | 'state'
  | 'email';

export interface Due {
  id: number;
  dueAt: number;
  task: string;
  subject: string;
}

export interface Delivery {
  id: number;
  event: string;
  endpoint: string;
  dueAtMs: number;
  attempts: number;
}

interface DeliverySeen {
  event: string;
  type: string;
  created: number;
  endpoint: string;
  attempts: number;
  status: string;
  answer: string | null;
}

export interface Store {
  /** One inside another is undone by itself alone. */
  transaction<T>(work: () => T): T;
  find<K extends Kind>(kind: K, id: string): Kinds[K] | undefined;
  /** The object with this id whatever its kind, for `expand`. */
  findAny(id: string): unknown;
  insert<K extends Kind>(kind: K, object: Kinds[K]): void;
  replace<K extends Kind>(kind: K, object: Kinds[K]): void;
  remove(kind: Kind, id: string): void;
  list<K extends Kind>(kind: K, query: ListQuery): { data: Kinds[K][]; hasMore: boolean };
  note<K extends keyof Notes>(kind: K, id: string): Notes[K] | undefined;
  setNote<K extends keyof Notes>(kind: K, id: string, note: Notes[K]): void;

  defer(task: string, subject: string, dueAt: number): void;
  forgetDue(task: string, subject: string): void;
  nextDue(): Due | undefined;
  doneDue(id: number): void;

  addDelivery(event: string, endpoint: string, dueAtMs: number): void;
  nextDeliveryAtMs(): number | undefined;
  /** Deliveries that are due in business time, or whose last failure is long enough ago on the machine's clock. */
  dueDeliveries(nowMs: number, machineMs: number, limit: number, except: ReadonlySet<number>): Delivery[];
  deliveryDone(id: number, answer: string): void;
  deliveryFailed(id: number, answer: string, dueAtMs: number, machineRetryMs: number): void;
  deliveryTriedEarly(id: number, answer: string, machineRetryMs: number): void;
  deliveryGivenUp(id: number, answer: string): void;
  pendingDeliveries(event: string): number;
  seenDeliveries(limit: number): DeliverySeen[];
  retryDeliveries(event: string, dueAtMs: number): number;

  savedAnswer(key: string): SavedAnswer | undefined;
  saveAnswer(key: string, answer: SavedAnswer): void;
  forgetAnswers(before: number): void;

  setting<T>(name: string): T | undefined;
  setSetting(name: string, value: unknown): void;
}

interface SavedAnswer {
  fingerprint: string;
  status: number;
  body: string;
  request: string;
  created: number;
}

const columns: readonly Column[] = [
  'customer',
  'payment_intent',
  'charge',
  'subscription',
  'invoice',
  'state',
  'email',
];

export function openStore(db: DatabaseSync): Store {
  db.exec(`
    CREATE TABLE IF NOT EXISTS stripe_objects (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL,
      customer TEXT, payment_intent TEXT, charge TEXT, subscription TEXT, invoice TEXT, state TEXT, email TEXT,
      body TEXT NOT NULL, UNIQUE (id, kind)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS stripe_objects_created ON stripe_objects (kind, created, seq);
    ${columns.map((c) => `CREATE INDEX IF NOT EXISTS stripe_objects_${c} ON stripe_objects (kind, ${c}, created, seq) WHERE ${c} IS NOT NULL;`).join('\n')}
    CREATE TABLE IF NOT EXISTS stripe_notes (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT;
    CREATE TABLE IF NOT EXISTS stripe_due (
      id INTEGER PRIMARY KEY AUTOINCREMENT, due_at INTEGER NOT NULL, task TEXT NOT NULL, subject TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS stripe_due_at ON stripe_due (due_at, id);
    CREATE INDEX IF NOT EXISTS stripe_due_subject ON stripe_due (subject, task);
    CREATE TABLE IF NOT EXISTS stripe_deliveries (
      id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL,
      due_at_ms INTEGER NOT NULL, machine_retry_ms INTEGER, attempts INTEGER NOT NULL DEFAULT 0,
      status TEXT NOT NULL DEFAULT 'waiting', answer TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS stripe_deliveries_waiting ON stripe_deliveries (due_at_ms, id) WHERE status = 'waiting';
    CREATE INDEX IF NOT EXISTS stripe_deliveries_machine ON stripe_deliveries (machine_retry_ms, id) WHERE status = 'waiting' AND machine_retry_ms IS NOT NULL;
    CREATE INDEX IF NOT EXISTS stripe_deliveries_event ON stripe_deliveries (event, status);
    CREATE TABLE IF NOT EXISTS stripe_answers (
      key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
      request TEXT NOT NULL, created INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS stripe_answers_created ON stripe_answers (created);
    CREATE TABLE IF NOT EXISTS stripe_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `);

  const prepared = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const known = prepared.get(text);
    if (known) return known;
    const statement = db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  const text = (value: unknown): string => String(value);

  const store: Store = {
    transaction(work) {
      const [begin, commit, rollback] = db.isTransaction
        ? ['SAVEPOINT stripe', 'RELEASE stripe', 'ROLLBACK TO stripe; RELEASE stripe']
        : ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'];
      db.exec(begin);
      try {
        const result = work();
        db.exec(commit);
        return result;
      } catch (error) {
        if (db.isTransaction) db.exec(rollback);
        throw error;
      }
    },

    find(kind, id) {
      const row = sql('SELECT body FROM stripe_objects WHERE id = ? AND kind = ?').get(id, kind);
      return row ? JSON.parse(text(row.body)) : undefined;
    },
    findAny(id) {
      const row = sql('SELECT body FROM stripe_objects WHERE id = ?').get(id);
      return row ? JSON.parse(text(row.body)) : undefined;
    },
    insert(kind, object) {
      const links = linksOf(object);
      sql(
        `INSERT INTO stripe_objects (kind, id, created, ${columns.join(', ')}, body) VALUES (?, ?, ?, ${columns.map(() => '?').join(', ')}, ?)`,
      ).run(
        kind,
        object.id,
        createdOf(object),
        ...columns.map((c) => links[c] ?? null),
        JSON.stringify(object),
      );
    },
    replace(kind, object) {
      const links = linksOf(object);
      sql(
        `UPDATE stripe_objects SET ${columns.map((c) => `${c} = ?`).join(', ')}, body = ? WHERE id = ? AND kind = ?`,
      ).run(...columns.map((c) => links[c] ?? null), JSON.stringify(object), object.id, kind);
    },
    remove(kind, id) {
      sql('DELETE FROM stripe_objects WHERE id = ? AND kind = ?').run(id, kind);
    },
    list(kind, query) {
      const conditions = ['o.kind = ?'];
      const values: SQLInputValue[] = [kind];
      for (const [column, value] of Object.entries(query.where ?? {})) {
        conditions.push(`o.${column} = ?`);
        values.push(value);
      }
      if (query.among) {
        conditions.push(`o.${query.among.column} IN (${query.among.values.map(() => '?').join(', ')})`);
        values.push(...query.among.values);
      }
      if (query.and) {
        conditions.push(query.and.sql);
        values.push(...query.and.values);
      }
      const bounds = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
      for (const bound of ['gt', 'gte', 'lt', 'lte'] as const) {
        const value = query.created?.[bound];
        if (value === undefined) continue;
        conditions.push(`o.created ${bounds[bound]} ?`);
        values.push(value);
      }
      const cursor = query.startingAfter ?? query.endingBefore;
      const backwards = query.startingAfter === undefined && query.endingBefore !== undefined;
      if (cursor !== undefined) {
        conditions.push(
          `(o.created, o.seq) ${backwards ? '>' : '<'} (SELECT c.created, c.seq FROM stripe_objects c WHERE c.id = ? AND c.kind = ?)`,
        );
        values.push(cursor, kind);
      }
      const order = backwards ? 'ASC' : 'DESC';
      const rows = sql(
        `SELECT o.body FROM stripe_objects o WHERE ${conditions.join(' AND ')} ORDER BY o.created ${order}, o.seq ${order} LIMIT ?`,
      ).all(...values, query.limit + 1);
      const data = rows.slice(0, query.limit).map((row) => JSON.parse(text(row.body)));
      if (backwards) data.reverse();
      return { data, hasMore: rows.length > query.limit };
    },
    note(kind, id) {
      const row = sql('SELECT body FROM stripe_notes WHERE kind = ? AND id = ?').get(kind, id);
      return row ? JSON.parse(text(row.body)) : undefined;
    },
    setNote(kind, id, note) {
      sql('INSERT OR REPLACE INTO stripe_notes (kind, id, body) VALUES (?, ?, ?)').run(
        kind,
        id,
        JSON.stringify(note),
      );
    },

    defer(task, subject, dueAt) {
      sql('INSERT INTO stripe_due (due_at, task, subject) VALUES (?, ?, ?)').run(dueAt, task, subject);
    },
    forgetDue(task, subject) {
      sql('DELETE FROM stripe_due WHERE subject = ? AND task = ?').run(subject, task);
    },
    nextDue() {
      const row = sql('SELECT id, due_at, task, subject FROM stripe_due ORDER BY due_at, id LIMIT 1').get();
      return row
        ? {
            id: Number(row.id),
            dueAt: Number(row.due_at),
            task: text(row.task),
            subject: text(row.subject),
          }
        : undefined;
    },
    doneDue(id) {
      sql('DELETE FROM stripe_due WHERE id = ?').run(id);
    },

    addDelivery(event, endpoint, dueAtMs) {
      sql('INSERT INTO stripe_deliveries (event, endpoint, due_at_ms) VALUES (?, ?, ?)').run(
        event,
        endpoint,
        dueAtMs,
      );
    },
    nextDeliveryAtMs() {
      const row = sql("SELECT min(due_at_ms) AS at FROM stripe_deliveries WHERE status = 'waiting'").get();
      return row?.at === null || row?.at === undefined ? undefined : Number(row.at);
    },
    dueDeliveries(nowMs, machineMs, limit, except) {
      const rows = sql(
        `SELECT id, event, endpoint, due_at_ms, attempts FROM stripe_deliveries WHERE status = 'waiting' AND due_at_ms <= ?
         UNION SELECT id, event, endpoint, due_at_ms, attempts FROM stripe_deliveries
         WHERE status = 'waiting' AND machine_retry_ms IS NOT NULL AND machine_retry_ms <= ?
         ORDER BY due_at_ms, id LIMIT ?`,
      ).all(nowMs, machineMs, limit + except.size);
      return rows
        .map((row) => ({
          id: Number(row.id),
          event: text(row.event),
          endpoint: text(row.endpoint),
          dueAtMs: Number(row.due_at_ms),
          attempts: Number(row.attempts),
        }))
        .filter((delivery) => !except.has(delivery.id))
        .slice(0, limit);
    },
    deliveryDone(id, answer) {
      sql(
        "UPDATE stripe_deliveries SET status = 'delivered', attempts = attempts + 1, answer = ? WHERE id = ?",
      ).run(answer, id);
    },
    deliveryFailed(id, answer, dueAtMs, machineRetryMs) {
      sql(
        'UPDATE stripe_deliveries SET attempts = attempts + 1, answer = ?, due_at_ms = ?, machine_retry_ms = ? WHERE id = ?',
      ).run(answer, dueAtMs, machineRetryMs, id);
    },
    deliveryTriedEarly(id, answer, machineRetryMs) {
      sql('UPDATE stripe_deliveries SET answer = ?, machine_retry_ms = ? WHERE id = ?').run(
        answer,
        machineRetryMs,
        id,
      );
    },
    deliveryGivenUp(id, answer) {
      sql(
        "UPDATE stripe_deliveries SET status = 'failed', attempts = attempts + 1, answer = ? WHERE id = ?",
      ).run(answer, id);
    },
    pendingDeliveries(event) {
      const row = sql(
        "SELECT count(*) AS n FROM stripe_deliveries WHERE event = ? AND status <> 'delivered'",
      ).get(event);
      return Number(row?.n ?? 0);
    },
    seenDeliveries(limit) {
      const rows = sql(
        `SELECT d.event, o.state, o.created, d.endpoint, d.attempts, d.status, d.answer FROM stripe_deliveries d
         JOIN stripe_objects o ON o.id = d.event AND o.kind = 'event' ORDER BY d.id DESC LIMIT ?`,
      ).all(limit);
      return rows.map((row) => ({
        event: text(row.event),
        type: text(row.state),
        created: Number(row.created),
        endpoint: text(row.endpoint),
        attempts: Number(row.attempts),
        status: text(row.status),
        answer: row.answer === null ? null : text(row.answer),
      }));
    },
    retryDeliveries(event, dueAtMs) {
      const result = sql(
        "UPDATE stripe_deliveries SET status = 'waiting', due_at_ms = ? WHERE event = ?",
      ).run(dueAtMs, event);
      return Number(result.changes);
    },

    savedAnswer(key) {
      const row = sql(
        'SELECT fingerprint, status, body, request, created FROM stripe_answers WHERE key = ?',
      ).get(key);
      return row
        ? {
            fingerprint: text(row.fingerprint),
            status: Number(row.status),
            body: text(row.body),
            request: text(row.request),
            created: Number(row.created),
          }
        : undefined;
    },
    saveAnswer(key, answer) {
      sql(
        'INSERT OR REPLACE INTO stripe_answers (key, fingerprint, status, body, request, created) VALUES (?, ?, ?, ?, ?, ?)',
      ).run(key, answer.fingerprint, answer.status, answer.body, answer.request, answer.created);
    },
    forgetAnswers(before) {
      sql('DELETE FROM stripe_answers WHERE created < ?').run(before);
    },

    setting(name) {
      const row = sql('SELECT value FROM stripe_settings WHERE name = ?').get(name);
      return row ? JSON.parse(text(row.value)) : undefined;
    },
    setSetting(name, value) {
      sql('INSERT OR REPLACE INTO stripe_settings (name, value) VALUES (?, ?)').run(
        name,
        JSON.stringify(value),
      );
    },
  };
  return store;
}

function createdOf(object: object): number {
  return 'created' in object && typeof object.created === 'number' ? object.created : 0;
}

/** What a list may be filtered by, taken from the object itself so that the two can never disagree. */
function linksOf(object: object): Partial<Record<Column, string>> {
  const links: Partial<Record<Column, string>> = {};
  for (const column of [
    'customer',
    'payment_intent',
    'charge',
    'subscription',
    'invoice',
    'email',
  ] as const) {
    const value = stringAt(object, [column]);
    if (value !== undefined) links[column] = value;
  }
  const kind = stringAt(object, ['object']);
  if (kind === 'event') {
    const type = stringAt(object, ['type']);
    return type === undefined ? {} : { state: type };
  }
  const state = stringAt(object, ['status']);
  if (state !== undefined) links.state = state;
  if (kind === 'invoice') {
    const subscription = stringAt(object, ['parent', 'subscription_details', 'subscription']);
    if (subscription !== undefined) links.subscription = subscription;
  }
  if (kind === 'invoice_payment') {
    const intent = stringAt(object, ['payment', 'payment_intent']);
    if (intent !== undefined) links.payment_intent = intent;
  }
  if (kind === 'balance_transaction') {
    // A balance transaction is listed by its source, whatever kind that is.
    const source = stringAt(object, ['source']);
    if (source !== undefined) links.charge = source;
    const type = stringAt(object, ['type']);
    if (type !== undefined) links.state = type;
  }
  if (kind === 'checkout.session') {
    const email = stringAt(object, ['customer_details', 'email']);
    if (email !== undefined) links.email = email;
  }
  return links;
}

function stringAt(from: object, path: readonly string[]): string | undefined {
  let value: unknown = from;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key === step)?.[1];
  }
  return typeof value === 'string' ? value : undefined;
}
