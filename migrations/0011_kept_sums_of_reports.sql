CREATE TABLE "changed_facts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "changed_facts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"reader_id" uuid NOT NULL,
	"source" text NOT NULL,
	"row_key" text NOT NULL,
	"before" jsonb
);
--> statement-breakpoint
CREATE TABLE "kept_books" (
	"time_zone" text NOT NULL,
	"reporting_currency" text NOT NULL,
	"counted_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "kept_money" (
	"mode" text NOT NULL,
	"grain" text NOT NULL,
	"on_day" date NOT NULL,
	"currency" text NOT NULL,
	"own_currency" text,
	"kind" text NOT NULL,
	"facts" bigint NOT NULL,
	"payments" bigint NOT NULL,
	"own_minor" numeric NOT NULL,
	"gross" numeric NOT NULL,
	"fees_covered" numeric NOT NULL,
	"refunds" numeric NOT NULL,
	"disputes" numeric NOT NULL,
	"fees" numeric NOT NULL,
	"first_gifts" bigint NOT NULL,
	"first_gifts_of_all" bigint NOT NULL,
	CONSTRAINT "one_sum_of_money" UNIQUE NULLS NOT DISTINCT("mode","grain","on_day","currency","kind","own_currency")
);
--> statement-breakpoint
CREATE TABLE "kept_promises" (
	"mode" text NOT NULL,
	"grain" text NOT NULL,
	"on_day" date NOT NULL,
	"currency" text NOT NULL,
	"movement" text,
	"facts" bigint NOT NULL,
	"delta" numeric NOT NULL,
	"members_delta" numeric NOT NULL,
	"supporters_delta" numeric NOT NULL,
	"ending_delta" numeric NOT NULL,
	"paused_delta" numeric NOT NULL,
	"overdue_delta" numeric NOT NULL,
	"people" bigint NOT NULL,
	CONSTRAINT "one_sum_of_promises" UNIQUE NULLS NOT DISTINCT("mode","grain","on_day","currency","movement")
);
