// The views for a newsroom's own tools: what surface.md promises, and nobody's address.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monthSoFar } from '../../src/reports/desk.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

describe('the reporting views', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
  });

  afterAll(() => fresh.drop());

  it('have the columns that were promised', async () => {
    const { rows } = await fresh.pool.query(`
      select table_name, string_agg(column_name, ' ' order by ordinal_position) as columns
      from information_schema.columns where table_schema = 'reporting' group by table_name`);
    expect(Object.fromEntries(rows.map((row) => [row.table_name, row.columns]))).toEqual({
      ledger:
        'id kind reader_id membership_id stripe_id amount_minor fee_minor net_minor currency settled_amount_minor settled_fee_minor settled_net_minor settled_currency happened_at article campaign component referrer',
      memberships:
        'id reader_id stripe_subscription_id standing amount_minor currency interval started_at period_end ends_at ended_at end_reason',
      membership_changes: 'movement mrr_delta currency happened_at',
      reminders: 'id state choice send_on created_at sent_at gave_at',
      letters: 'id kind class state attempts message_id created_at sent_at',
      stripe_events: 'id type state attempts received_at done_at problem',
      suppressions: 'reason scope since',
    });
  });

  it('add up to what was received less what went back', async () => {
    const reader = await history.reader();
    const gift = await history.gives(reader, { at: '2026-01-05T10:00:00Z', amount: 1_000, fee: 59 });
    await history.returns(gift, 'USD', { kind: 'refund', at: '2026-01-06T10:00:00Z', amount: 400 });
    await history.returns(gift, 'USD', { kind: 'refund_failed', at: '2026-01-07T10:00:00Z', amount: 100 });
    await history.returns(gift, 'USD', {
      kind: 'dispute_withdrawn',
      at: '2026-01-08T10:00:00Z',
      amount: 700,
      fee: 1_500,
    });
    await history.returns(gift, 'USD', {
      kind: 'dispute_reinstated',
      at: '2026-01-09T10:00:00Z',
      amount: 700,
    });
    const { rows } = await fresh.pool.query(
      'select kind, amount_minor, net_minor from reporting.ledger order by happened_at',
    );
    expect(rows.map((row) => [row.kind, Number(row.amount_minor), Number(row.net_minor)])).toEqual([
      ['payment', 1_000, 941],
      ['refund', -400, -400],
      ['refund_failed', 100, 100],
      ['dispute_withdrawn', -700, -2_200],
      ['dispute_reinstated', 700, 700],
    ]);
  });

  it('can be read by a role that may read nothing else', async () => {
    const client = await fresh.pool.connect();
    try {
      await client.query('begin');
      await client.query('create role newsroom_reads');
      await client.query('grant usage on schema reporting to newsroom_reads');
      await client.query('grant select on all tables in schema reporting to newsroom_reads');
      await client.query('set local role newsroom_reads');
      await client.query('select * from reporting.ledger');
      await expect(client.query('select * from public.readers')).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

describe('the month so far', () => {
  const days = (asOf: string, zone = 'UTC') => {
    const { days: now, daysBefore } = monthSoFar(new Date(asOf), zone);
    return [now.from, now.to, daysBefore.from, daysBefore.to];
  };

  it('stands beside as many days of the month before', () => {
    expect(days('2026-05-05T06:10:00Z')).toEqual(['2026-05-01', '2026-05-06', '2026-04-01', '2026-04-06']);
    expect(days('2026-01-31T12:00:00Z')).toEqual(['2026-01-01', '2026-02-01', '2025-12-01', '2026-01-01']);
  });

  it('takes a shorter month before whole', () => {
    expect(days('2026-03-31T12:00:00Z')).toEqual(['2026-03-01', '2026-04-01', '2026-02-01', '2026-03-01']);
    expect(days('2026-03-28T12:00:00Z')).toEqual(['2026-03-01', '2026-03-29', '2026-02-01', '2026-03-01']);
    expect(days('2026-03-27T12:00:00Z')).toEqual(['2026-03-01', '2026-03-28', '2026-02-01', '2026-02-28']);
  });

  it('begins at the publication’s own midnight', () => {
    expect(days('2026-04-30T21:30:00Z', 'Europe/Riga')[0]).toBe('2026-05-01');
    expect(days('2026-05-01T03:30:00Z', 'America/New_York')[0]).toBe('2026-04-01');
  });
});
