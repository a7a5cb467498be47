CREATE TABLE "reconciliations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"scope" text NOT NULL,
	"since" timestamp (3) with time zone,
	"began_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"step" text NOT NULL,
	"cursor" text,
	"found" jsonb NOT NULL,
	"leased_until" timestamp (3) with time zone,
	"fence" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX "reconciliations_by_scope" ON "reconciliations" USING btree ("scope","began_at");