CREATE TABLE "decline_bursts" (
	"began_at" timestamp (3) with time zone PRIMARY KEY NOT NULL,
	"declined" integer NOT NULL,
	"given" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "declines" (
	"stripe_payment_intent_id" text NOT NULL,
	"declined_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "declines_stripe_payment_intent_id_declined_at_pk" PRIMARY KEY("stripe_payment_intent_id","declined_at")
);
--> statement-breakpoint
CREATE TABLE "fraud_warnings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"payment_id" uuid NOT NULL,
	"stripe_warning_id" text NOT NULL,
	"fraud_type" text NOT NULL,
	"actionable" boolean NOT NULL,
	"warned_at" timestamp (3) with time zone NOT NULL,
	"told_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "fraud_warnings_stripe_warning_id_unique" UNIQUE("stripe_warning_id")
);
--> statement-breakpoint
ALTER TABLE "second_gifts" RENAME COLUMN "kept_both_at" TO "chosen_at";--> statement-breakpoint
ALTER TABLE "adjustments" DROP CONSTRAINT "one_step_per_object";--> statement-breakpoint
ALTER TABLE "adjustments" ADD COLUMN "part" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "second_gifts" ADD COLUMN "decided_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "fraud_warnings" ADD CONSTRAINT "fraud_warnings_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "declines_by_moment" ON "declines" USING btree ("declined_at");--> statement-breakpoint
CREATE INDEX "fraud_warnings_by_payment" ON "fraud_warnings" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "fraud_warnings_to_weigh" ON "fraud_warnings" USING btree ("warned_at") WHERE actionable;--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "one_step_per_object" UNIQUE("stripe_id","kind","part");--> statement-breakpoint
-- Pairs that were begun on before had the one rule there was.
UPDATE "second_gifts" SET "decided_at" = "created_at" WHERE "state" <> 'waiting' OR "attempts" > 0 OR "chosen_at" IS NOT NULL;
