-- All sums are counted once more, and these new ones with them.
DELETE FROM "kept_books";
--> statement-breakpoint
CREATE TABLE "kept_cohorts" (
	"mode" text NOT NULL,
	"cohort" date NOT NULL,
	"month" date NOT NULL,
	"currency" text,
	"facts" bigint NOT NULL,
	"giving" bigint NOT NULL,
	"standing" bigint NOT NULL,
	"promised" bigint NOT NULL,
	CONSTRAINT "one_sum_of_cohorts" UNIQUE NULLS NOT DISTINCT("mode","cohort","month","currency")
);
--> statement-breakpoint
CREATE TABLE "kept_comparisons" (
	"mode" text NOT NULL,
	"grain" text NOT NULL,
	"number" integer NOT NULL,
	"currency" text NOT NULL,
	"part" text NOT NULL,
	"was_new" boolean NOT NULL,
	"facts" bigint NOT NULL,
	"previous" numeric NOT NULL,
	"current" numeric NOT NULL,
	CONSTRAINT "one_sum_of_comparisons" UNIQUE("mode","grain","number","currency","part","was_new")
);
--> statement-breakpoint
CREATE TABLE "kept_ranges" (
	"name" text PRIMARY KEY NOT NULL,
	"starts" timestamp (3) with time zone[] NOT NULL,
	"ends" timestamp (3) with time zone[] NOT NULL,
	"state" text NOT NULL,
	"noted_on" date NOT NULL,
	"asked_on" date,
	"left_on" date
);
--> statement-breakpoint
CREATE INDEX "kept_comparisons_by_grain" ON "kept_comparisons" USING btree ("grain");