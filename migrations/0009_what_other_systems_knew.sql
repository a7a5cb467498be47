CREATE TABLE "imported_rows" (
	"kind" text NOT NULL,
	"external_id" text NOT NULL,
	"digest" "bytea" NOT NULL,
	"imported_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "imported_rows_kind_external_id_pk" PRIMARY KEY("kind","external_id")
);
--> statement-breakpoint
CREATE TABLE "report_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"label" text,
	"role" text NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "payments" DROP CONSTRAINT "payment_known_at_stripe";--> statement-breakpoint
ALTER TABLE "adjustments" ALTER COLUMN "stripe_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "memberships" ALTER COLUMN "stripe_subscription_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "memberships" ALTER COLUMN "stripe_customer_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "payment_failures" ALTER COLUMN "stripe_invoice_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "adjustments" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "memberships" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "payment_failures" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "payment_failures" ADD COLUMN "collected_by" uuid;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "payment_failures" ADD CONSTRAINT "payment_failures_collected_by_payments_id_fk" FOREIGN KEY ("collected_by") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "one_imported_step" ON "adjustments" USING btree ("external_id","kind") WHERE external_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_by_external_id" ON "memberships" USING btree ("external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "payment_failures_by_external_id" ON "payment_failures" USING btree ("external_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "imported_failures" ON "payment_failures" USING btree ("membership_id") WHERE external_id is not null;--> statement-breakpoint
CREATE INDEX "payment_failures_by_payment" ON "payment_failures" USING btree ("collected_by") WHERE collected_by is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "payments_by_external_id" ON "payments" USING btree ("external_id") WHERE external_id is not null;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustment_known_somewhere" CHECK (num_nonnulls("adjustments"."stripe_id", "adjustments"."external_id") = 1);--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "membership_known_somewhere" CHECK (num_nonnulls("memberships"."stripe_subscription_id", "memberships"."external_id") = 1 and num_nonnulls("memberships"."stripe_customer_id", "memberships"."external_id") = 1);--> statement-breakpoint
ALTER TABLE "payment_failures" ADD CONSTRAINT "failure_known_somewhere" CHECK (num_nonnulls("payment_failures"."stripe_invoice_id", "payment_failures"."external_id") = 1);--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payment_known_somewhere" CHECK ((num_nonnulls("payments"."stripe_invoice_id", "payments"."stripe_payment_intent_id") >= 1) <> ("payments"."external_id" is not null));