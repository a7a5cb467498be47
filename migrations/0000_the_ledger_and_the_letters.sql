CREATE TABLE "adjustments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"payment_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"stripe_id" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"happened_at" timestamp (3) with time zone NOT NULL,
	"fee_minor" bigint,
	"settled_amount_minor" bigint,
	"settled_fee_minor" bigint,
	"settled_currency" text,
	"settled_at" timestamp (3) with time zone,
	"settle_due_at" timestamp (3) with time zone NOT NULL,
	"settle_attempts" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "one_step_per_object" UNIQUE("stripe_id","kind"),
	CONSTRAINT "adjustment_amount_positive" CHECK ("adjustments"."amount_minor" > 0)
);
--> statement-breakpoint
CREATE TABLE "checkouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"frequency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"fees_covered_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"locale" text NOT NULL,
	"article" text,
	"campaign" text,
	"component" text,
	"referrer" text,
	"reminder_id" uuid,
	"stripe_session_id" text,
	"reader_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"completed_at" timestamp (3) with time zone,
	"outcome_at" timestamp (3) with time zone,
	"async_failed" boolean DEFAULT false NOT NULL,
	CONSTRAINT "checkouts_stripe_session_id_unique" UNIQUE("stripe_session_id"),
	CONSTRAINT "checkout_amount_positive" CHECK ("checkouts"."amount_minor" > 0 and "checkouts"."fees_covered_minor" >= 0),
	CONSTRAINT "checkout_currency_code" CHECK ("checkouts"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "customers" (
	"stripe_customer_id" text PRIMARY KEY NOT NULL,
	"reader_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotent_answers" (
	"key" text PRIMARY KEY NOT NULL,
	"body_hash" text NOT NULL,
	"status" integer,
	"answer_sealed" "bytea",
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice_payments" (
	"stripe_payment_intent_id" text PRIMARY KEY NOT NULL,
	"stripe_invoice_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "letters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"class" text NOT NULL,
	"reader_id" uuid,
	"staff_id" uuid,
	"reminder_id" uuid,
	"locale" text NOT NULL,
	"facts" jsonb NOT NULL,
	"message_id" text NOT NULL,
	"state" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"problem" text,
	CONSTRAINT "letters_key_unique" UNIQUE("key"),
	CONSTRAINT "letters_message_id_unique" UNIQUE("message_id")
);
--> statement-breakpoint
CREATE TABLE "limits" (
	"key" text PRIMARY KEY NOT NULL,
	"hits" integer NOT NULL,
	"resets_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "membership_changes" (
	"reader_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"happened_at" timestamp (3) with time zone NOT NULL,
	"movement" text NOT NULL,
	"mrr_delta" numeric(30, 12) NOT NULL,
	"members" integer NOT NULL,
	CONSTRAINT "membership_changes_reader_id_currency_happened_at_movement_pk" PRIMARY KEY("reader_id","currency","happened_at","movement")
);
--> statement-breakpoint
CREATE TABLE "membership_looks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"membership_id" uuid NOT NULL,
	"looked_at" timestamp (3) with time zone NOT NULL,
	"rank" integer NOT NULL,
	"digest" text NOT NULL,
	"replaced" text,
	"standing" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"interval" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"period_ends_at" timestamp (3) with time zone NOT NULL,
	"cancel_requested_at" timestamp (3) with time zone,
	"ends_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"end_reason" text,
	CONSTRAINT "one_look_per_moment" UNIQUE("membership_id","looked_at","rank","digest")
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reader_id" uuid,
	"checkout_id" uuid,
	"stripe_subscription_id" text NOT NULL,
	"stripe_customer_id" text NOT NULL,
	"standing" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"interval" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"period_ends_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"end_reason" text,
	"looked_at" timestamp (3) with time zone NOT NULL,
	"article" text,
	"campaign" text,
	"component" text,
	"referrer" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "memberships_stripe_subscription_id_unique" UNIQUE("stripe_subscription_id"),
	CONSTRAINT "membership_amount_positive" CHECK ("memberships"."amount_minor" >= 0),
	CONSTRAINT "membership_currency_code" CHECK ("memberships"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "payment_failures" (
	"id" uuid PRIMARY KEY NOT NULL,
	"membership_id" uuid NOT NULL,
	"stripe_invoice_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"failed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "one_failure_per_attempt" UNIQUE("stripe_invoice_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reader_id" uuid NOT NULL,
	"membership_id" uuid,
	"checkout_id" uuid,
	"kind" text NOT NULL,
	"stripe_subscription_id" text,
	"stripe_invoice_id" text,
	"stripe_payment_intent_id" text,
	"stripe_charge_id" text,
	"amount_minor" bigint NOT NULL,
	"fees_covered_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"paid_at" timestamp (3) with time zone NOT NULL,
	"method" text,
	"country" text,
	"article" text,
	"campaign" text,
	"component" text,
	"referrer" text,
	"reminder_id" uuid,
	"fee_minor" bigint,
	"settled_amount_minor" bigint,
	"settled_fee_minor" bigint,
	"settled_net_minor" bigint,
	"settled_currency" text,
	"exchange_rate" numeric,
	"settled_at" timestamp (3) with time zone,
	"settle_due_at" timestamp (3) with time zone NOT NULL,
	"settle_attempts" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "payments_stripe_invoice_id_unique" UNIQUE("stripe_invoice_id"),
	CONSTRAINT "payments_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "payments_stripe_charge_id_unique" UNIQUE("stripe_charge_id"),
	CONSTRAINT "payment_amount_positive" CHECK ("payments"."amount_minor" > 0 and "payments"."fees_covered_minor" >= 0),
	CONSTRAINT "payment_currency_code" CHECK ("payments"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "payment_known_at_stripe" CHECK (num_nonnulls("payments"."stripe_invoice_id", "payments"."stripe_payment_intent_id") >= 1)
);
--> statement-breakpoint
CREATE TABLE "readers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"address_hash" "bytea",
	"address_sealed" "bytea",
	"name_sealed" "bytea",
	"locale" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"erased_at" timestamp (3) with time zone,
	CONSTRAINT "readers_address_hash_unique" UNIQUE("address_hash")
);
--> statement-breakpoint
CREATE TABLE "reminders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reader_id" uuid,
	"state" text NOT NULL,
	"stage" text NOT NULL,
	"choice" text NOT NULL,
	"time_zone" text NOT NULL,
	"locale" text NOT NULL,
	"send_on" date NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"confirmed_at" timestamp (3) with time zone,
	"sent_at" timestamp (3) with time zone,
	"opened_at" timestamp (3) with time zone,
	"gave_at" timestamp (3) with time zone,
	"stopped_at" timestamp (3) with time zone,
	"snoozes" integer DEFAULT 0 NOT NULL,
	"article" text,
	"campaign" text,
	"component" text,
	"referrer" text,
	"due_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "rounds" (
	"name" text PRIMARY KEY NOT NULL,
	"last_done_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "staff" (
	"id" uuid PRIMARY KEY NOT NULL,
	"address_hash" "bytea" NOT NULL,
	"address_sealed" "bytea" NOT NULL,
	"role" text NOT NULL,
	"password_hash" text,
	"invitation" integer DEFAULT 0 NOT NULL,
	"locale" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"removed_at" timestamp (3) with time zone,
	CONSTRAINT "staff_address_hash_unique" UNIQUE("address_hash")
);
--> statement-breakpoint
CREATE TABLE "staff_sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"staff_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "stripe_events" (
	"id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"object_id" text,
	"api_version" text,
	"state" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	"done_at" timestamp (3) with time zone,
	"body_sealed" "bytea",
	"due_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "suppressions" (
	"address_hash" "bytea" NOT NULL,
	"scope" text NOT NULL,
	"reason" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "suppressions_address_hash_scope_pk" PRIMARY KEY("address_hash","scope")
);
--> statement-breakpoint
CREATE TABLE "wrapped_keys" (
	"purpose" text PRIMARY KEY NOT NULL,
	"wrapped" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "adjustments" ADD CONSTRAINT "adjustments_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_staff_id_staff_id_fk" FOREIGN KEY ("staff_id") REFERENCES "public"."staff"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_reminder_id_reminders_id_fk" FOREIGN KEY ("reminder_id") REFERENCES "public"."reminders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership_changes" ADD CONSTRAINT "membership_changes_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership_looks" ADD CONSTRAINT "membership_looks_membership_id_memberships_id_fk" FOREIGN KEY ("membership_id") REFERENCES "public"."memberships"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_checkout_id_checkouts_id_fk" FOREIGN KEY ("checkout_id") REFERENCES "public"."checkouts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_failures" ADD CONSTRAINT "payment_failures_membership_id_memberships_id_fk" FOREIGN KEY ("membership_id") REFERENCES "public"."memberships"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_membership_id_memberships_id_fk" FOREIGN KEY ("membership_id") REFERENCES "public"."memberships"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_checkout_id_checkouts_id_fk" FOREIGN KEY ("checkout_id") REFERENCES "public"."checkouts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reminders" ADD CONSTRAINT "reminders_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staff_sessions" ADD CONSTRAINT "staff_sessions_staff_id_staff_id_fk" FOREIGN KEY ("staff_id") REFERENCES "public"."staff"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "adjustments_to_settle" ON "adjustments" USING btree ("settle_due_at") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "adjustments_by_payment" ON "adjustments" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "adjustments_by_moment" ON "adjustments" USING btree ("happened_at");--> statement-breakpoint
CREATE INDEX "checkouts_by_state" ON "checkouts" USING btree ("state","created_at");--> statement-breakpoint
CREATE INDEX "checkouts_by_reminder" ON "checkouts" USING btree ("reminder_id");--> statement-breakpoint
CREATE INDEX "customers_by_reader" ON "customers" USING btree ("reader_id");--> statement-breakpoint
CREATE INDEX "idempotent_answers_by_age" ON "idempotent_answers" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "invoice_payments_by_invoice" ON "invoice_payments" USING btree ("stripe_invoice_id");--> statement-breakpoint
CREATE INDEX "letters_waiting" ON "letters" USING btree ("class","due_at") WHERE state in ('queued', 'deferred', 'sending');--> statement-breakpoint
CREATE INDEX "letters_by_state" ON "letters" USING btree ("state","created_at");--> statement-breakpoint
CREATE INDEX "letters_by_reader" ON "letters" USING btree ("reader_id");--> statement-breakpoint
CREATE INDEX "letters_by_reminder" ON "letters" USING btree ("reminder_id");--> statement-breakpoint
CREATE INDEX "limits_by_reset" ON "limits" USING btree ("resets_at");--> statement-breakpoint
CREATE INDEX "membership_changes_by_moment" ON "membership_changes" USING btree ("happened_at");--> statement-breakpoint
CREATE INDEX "memberships_by_reader" ON "memberships" USING btree ("reader_id");--> statement-breakpoint
CREATE INDEX "memberships_by_customer" ON "memberships" USING btree ("stripe_customer_id");--> statement-breakpoint
CREATE INDEX "memberships_by_standing" ON "memberships" USING btree ("standing");--> statement-breakpoint
CREATE INDEX "payment_failures_by_moment" ON "payment_failures" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "payments_by_reader" ON "payments" USING btree ("reader_id","paid_at");--> statement-breakpoint
CREATE INDEX "payments_by_moment" ON "payments" USING btree ("paid_at");--> statement-breakpoint
CREATE INDEX "payments_by_membership" ON "payments" USING btree ("membership_id");--> statement-breakpoint
CREATE INDEX "payments_by_reminder" ON "payments" USING btree ("reminder_id");--> statement-breakpoint
CREATE INDEX "payments_by_subscription" ON "payments" USING btree ("stripe_subscription_id");--> statement-breakpoint
CREATE INDEX "payments_to_settle" ON "payments" USING btree ("settle_due_at") WHERE settled_at is null;--> statement-breakpoint
CREATE INDEX "reminders_due" ON "reminders" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "reminders_by_reader" ON "reminders" USING btree ("reader_id");--> statement-breakpoint
CREATE INDEX "reminders_by_state" ON "reminders" USING btree ("state","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "one_active_reminder" ON "reminders" USING btree ("reader_id") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "staff_sessions_by_staff" ON "staff_sessions" USING btree ("staff_id");--> statement-breakpoint
CREATE INDEX "stripe_events_waiting" ON "stripe_events" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "stripe_events_by_state" ON "stripe_events" USING btree ("state","received_at");