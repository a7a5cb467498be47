// The floor for webhooks: Express that verifies the signature and inserts one row per event in its own transaction, and no more.
import express from 'express';
import pg from 'pg';
import Stripe from 'stripe';

const { PORT = '0', DATABASE_URL = '', WEBHOOK_SECRET = '' } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16 });
const stripe = new Stripe('sk_test_bench');
const app = express();

app.get('/health/live', (_req, res) => {
  res.json({ ok: true });
});

app.post('/webhooks/stripe', express.raw({ type: () => true, limit: '1mb' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(
    req.body as Buffer,
    req.get('stripe-signature') ?? '',
    WEBHOOK_SECRET,
  );
  await pool.query('insert into bare_events (id, type, body) values ($1, $2, $3) on conflict do nothing', [
    event.id,
    event.type,
    req.body,
  ]);
  res.json({ received: true });
});

app.listen(Number(PORT), '127.0.0.1');
