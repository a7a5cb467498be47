CREATE TABLE "kept_attempts" (
	"mode" text NOT NULL,
	"grain" text NOT NULL,
	"on_day" date NOT NULL,
	"currency" text NOT NULL,
	"own_currency" text,
	"hours" integer,
	"facts" bigint NOT NULL,
	"own_minor" numeric NOT NULL,
	"attempted" numeric NOT NULL,
	"failed" numeric NOT NULL,
	"recovered" numeric NOT NULL,
	CONSTRAINT "one_sum_of_attempts" UNIQUE NULLS NOT DISTINCT("mode","grain","on_day","currency","own_currency","hours")
);
--> statement-breakpoint
CREATE TABLE "kept_gifts" (
	"mode" text NOT NULL,
	"grain" text NOT NULL,
	"on_day" date NOT NULL,
	"currency" text NOT NULL,
	"facts" bigint NOT NULL,
	"amount" numeric NOT NULL,
	"fees_covered" numeric NOT NULL,
	"fee" numeric NOT NULL,
	"returned" numeric NOT NULL,
	CONSTRAINT "one_sum_of_gifts" UNIQUE("mode","grain","on_day","currency")
);
--> statement-breakpoint
ALTER TABLE "kept_promises" DROP CONSTRAINT "one_sum_of_promises";--> statement-breakpoint
ALTER TABLE "kept_promises" ADD COLUMN "since_on" date;--> statement-breakpoint
CREATE INDEX "kept_promises_of_leavers" ON "kept_promises" USING btree ("mode","grain","on_day") WHERE since_on is not null;--> statement-breakpoint
ALTER TABLE "kept_promises" ADD CONSTRAINT "one_sum_of_promises" UNIQUE NULLS NOT DISTINCT("mode","grain","since_on","on_day","currency","movement");--> statement-breakpoint
-- Sums of attempts rest on failures too, and on which payment paid which bill. A failure of a membership that is nobody's yet counts
-- for nobody; whose it is turns out in an update of the membership.
CREATE FUNCTION "note_changed_failures"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT m.reader_id, 'payment_failures', n.id FROM new_rows n JOIN memberships m ON m.id = n.membership_id
    WHERE m.reader_id IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT m.reader_id, 'payment_failures', o.id, to_jsonb(o) FROM old_rows o JOIN memberships m ON m.id = o.membership_id
    WHERE m.reader_id IS NOT NULL;
  ELSE
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT DISTINCT m.reader_id, 'payment_failures', o.id::text, to_jsonb(o)
    FROM old_rows o
    JOIN new_rows n ON n.id = o.id
    JOIN memberships m ON m.id IN (o.membership_id, n.membership_id)
    WHERE m.reader_id IS NOT NULL
      AND (o.membership_id, o.stripe_invoice_id, o.attempt, o.amount_minor, o.currency, o.failed_at, o.collected_by)
        IS DISTINCT FROM (n.membership_id, n.stripe_invoice_id, n.attempt, n.amount_minor, n.currency, n.failed_at, n.collected_by);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "note_new" AFTER INSERT ON "payment_failures" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_failures"();
--> statement-breakpoint
CREATE TRIGGER "note_changed" AFTER UPDATE ON "payment_failures" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_failures"();
--> statement-breakpoint
CREATE TRIGGER "note_gone" AFTER DELETE ON "payment_failures" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_failures"();
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "note_changed_payments"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT reader_id, 'payments', id FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT reader_id, 'payments', id, to_jsonb(o) FROM old_rows o;
  ELSE
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT whose.reader_id, 'payments', o.id, to_jsonb(o)
    FROM old_rows o
    JOIN new_rows n ON n.id = o.id
    CROSS JOIN LATERAL (SELECT o.reader_id UNION SELECT n.reader_id) whose
    WHERE (o.reader_id, o.kind, o.amount_minor, o.fees_covered_minor, o.currency, o.paid_at, o.fee_minor, o.settled_amount_minor,
        o.settled_fee_minor, o.settled_currency, o.stripe_invoice_id, o.article, o.campaign, o.component, o.referrer, o.country, o.method)
      IS DISTINCT FROM (n.reader_id, n.kind, n.amount_minor, n.fees_covered_minor, n.currency, n.paid_at, n.fee_minor,
        n.settled_amount_minor, n.settled_fee_minor, n.settled_currency, n.stripe_invoice_id, n.article, n.campaign, n.component,
        n.referrer, n.country, n.method);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
DELETE FROM "kept_books";
