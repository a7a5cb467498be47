CREATE TABLE "mail_events" (
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"state" text NOT NULL,
	"letter_id" uuid,
	"token" text,
	"received_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "mail_events_provider_event_id_pk" PRIMARY KEY("provider","event_id"),
	CONSTRAINT "mail_events_token_unique" UNIQUE("token")
);
--> statement-breakpoint
ALTER TABLE "suppressions" DROP CONSTRAINT "suppressions_address_hash_scope_pk";--> statement-breakpoint
ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_address_hash_reason_pk" PRIMARY KEY("address_hash","reason");--> statement-breakpoint
UPDATE "suppressions" SET "scope" = 'reminders' WHERE "reason" = 'complaint';--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "feedback" text;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "feedback_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mail_events" ADD CONSTRAINT "mail_events_letter_id_letters_id_fk" FOREIGN KEY ("letter_id") REFERENCES "public"."letters"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mail_events_by_age" ON "mail_events" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "mail_events_by_letter" ON "mail_events" USING btree ("letter_id");