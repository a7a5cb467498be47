-- What a newsroom's own tools may read: stable, documented, and without any address or name.
-- The views read with their owner's rights, so a tool's role needs this schema and nothing else:
--   create role newsroom_reads login password '...';
--   grant usage on schema reporting to newsroom_reads;
--   grant select on all tables in schema reporting to newsroom_reads;
--   alter default privileges in schema reporting grant select on tables to newsroom_reads;
--   alter role newsroom_reads set default_transaction_read_only = on;
CREATE SCHEMA "reporting";
--> statement-breakpoint
COMMENT ON SCHEMA "reporting" IS 'Read-only views for reports and BI tools. Money is integer minor units; readers are ids, never addresses.';
--> statement-breakpoint
CREATE VIEW "reporting"."ledger" AS
SELECT
  p.id,
  'payment' AS kind,
  p.reader_id,
  p.membership_id,
  coalesce(p.stripe_payment_intent_id, p.stripe_charge_id, p.stripe_invoice_id) AS stripe_id,
  p.amount_minor,
  p.fee_minor,
  p.amount_minor - p.fee_minor AS net_minor,
  p.currency,
  p.settled_amount_minor,
  p.settled_fee_minor,
  p.settled_net_minor,
  p.settled_currency,
  p.paid_at AS happened_at,
  p.article,
  p.campaign,
  p.component,
  p.referrer
FROM "public"."payments" p
UNION ALL
SELECT
  a.id,
  a.kind,
  p.reader_id,
  p.membership_id,
  a.stripe_id,
  s.direction * a.amount_minor,
  a.fee_minor,
  s.direction * a.amount_minor - coalesce(a.fee_minor, 0),
  a.currency,
  s.direction * a.settled_amount_minor,
  a.settled_fee_minor,
  s.direction * a.settled_amount_minor - coalesce(a.settled_fee_minor, 0),
  a.settled_currency,
  a.happened_at,
  p.article,
  p.campaign,
  p.component,
  p.referrer
FROM "public"."adjustments" a
JOIN "public"."payments" p ON p.id = a.payment_id
CROSS JOIN LATERAL (
  SELECT CASE WHEN a.kind IN ('refund', 'dispute_withdrawn') THEN -1 ELSE 1 END AS direction
) s;
--> statement-breakpoint
COMMENT ON VIEW "reporting"."ledger" IS 'One row per payment, refund and dispute step, signed as money moved: the sum of amount_minor of a currency is what was received less what went back.';
--> statement-breakpoint
COMMENT ON COLUMN "reporting"."ledger"."kind" IS 'payment, refund, refund_failed (money given back to us), dispute_withdrawn, dispute_reinstated';
--> statement-breakpoint
COMMENT ON COLUMN "reporting"."ledger"."stripe_id" IS 'The payment intent of a payment; the refund or dispute otherwise';
--> statement-breakpoint
COMMENT ON COLUMN "reporting"."ledger"."net_minor" IS 'amount_minor less fee_minor; of a payment null until its fee is known';
--> statement-breakpoint
CREATE VIEW "reporting"."memberships" AS
SELECT
  id,
  reader_id,
  stripe_subscription_id,
  standing,
  amount_minor,
  currency,
  "interval",
  started_at,
  period_ends_at AS period_end,
  ends_at,
  ended_at,
  end_reason
FROM "public"."memberships";
--> statement-breakpoint
COMMENT ON VIEW "reporting"."memberships" IS 'The newest look at every promise. amount_minor is per interval (month or year).';
--> statement-breakpoint
CREATE VIEW "reporting"."membership_changes" AS
SELECT movement, mrr_delta, currency, happened_at
FROM "public"."membership_changes";
--> statement-breakpoint
COMMENT ON VIEW "reporting"."membership_changes" IS 'What moved the promised monthly income. MRR of a currency at an instant is the sum of mrr_delta before it; round to six decimals, then to the minor unit.';
--> statement-breakpoint
CREATE VIEW "reporting"."reminders" AS
SELECT id, state, choice, send_on, created_at, sent_at, gave_at
FROM "public"."reminders";
--> statement-breakpoint
CREATE VIEW "reporting"."letters" AS
SELECT id, kind, class, state, attempts, message_id, created_at, sent_at
FROM "public"."letters";
--> statement-breakpoint
CREATE VIEW "reporting"."stripe_events" AS
SELECT id, type, state, attempts, received_at, done_at, problem
FROM "public"."stripe_events";
--> statement-breakpoint
CREATE VIEW "reporting"."suppressions" AS
SELECT reason, scope, since
FROM "public"."suppressions";
