CREATE TABLE "mail_pauses" (
	"domain_hash" "bytea" PRIMARY KEY NOT NULL,
	"provider" text,
	"reason" text NOT NULL,
	"problem" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"refusals" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "in_doubt" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "readers" ADD COLUMN "former_hash" "bytea";--> statement-breakpoint
CREATE INDEX "readers_with_former_hash" ON "readers" USING btree ("erased_at") WHERE former_hash is not null;--> statement-breakpoint
UPDATE "letters" SET "in_doubt" = true WHERE "problem" LIKE 'in doubt%' AND "state" IN ('queued', 'deferred', 'sending');
