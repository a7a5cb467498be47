CREATE TABLE "second_gifts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reader_id" uuid NOT NULL,
	"older_id" uuid NOT NULL,
	"newer_id" uuid NOT NULL,
	"state" text NOT NULL,
	"keeps" text DEFAULT 'newer' NOT NULL,
	"kept_both_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL,
	"problem" text,
	CONSTRAINT "one_pair_of_gifts" UNIQUE("older_id","newer_id")
);
--> statement-breakpoint
ALTER TABLE "second_gifts" ADD CONSTRAINT "second_gifts_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "second_gifts" ADD CONSTRAINT "second_gifts_older_id_memberships_id_fk" FOREIGN KEY ("older_id") REFERENCES "public"."memberships"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "second_gifts" ADD CONSTRAINT "second_gifts_newer_id_memberships_id_fk" FOREIGN KEY ("newer_id") REFERENCES "public"."memberships"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "second_gifts_waiting" ON "second_gifts" USING btree ("due_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "second_gifts_by_newer" ON "second_gifts" USING btree ("newer_id");