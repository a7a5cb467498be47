-- All sums are counted once more, and these new ones with them.
DELETE FROM "kept_books";
--> statement-breakpoint
-- Which campaign brought a membership is listed from what is kept, too.
CREATE OR REPLACE FUNCTION "note_changed_memberships"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT reader_id, 'memberships', id FROM new_rows WHERE reader_id IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT reader_id, 'memberships', id, to_jsonb(o) FROM old_rows o WHERE reader_id IS NOT NULL;
  ELSE
    -- The rest of a membership is its newest look, which is noted by itself.
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT whose.reader_id, 'memberships', o.id, to_jsonb(o)
    FROM old_rows o
    JOIN new_rows n ON n.id = o.id
    CROSS JOIN LATERAL (SELECT o.reader_id UNION SELECT n.reader_id) whose
    WHERE (o.reader_id, o.campaign) IS DISTINCT FROM (n.reader_id, n.campaign) AND whose.reader_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TABLE "kept_gap_sums" (
	"mode" text NOT NULL,
	"kind" text NOT NULL,
	"year" integer NOT NULL,
	"currency" text,
	"own_currency" text,
	"facts" bigint NOT NULL,
	"gifts" bigint NOT NULL,
	"last_year" numeric NOT NULL,
	"lifetime" numeric NOT NULL,
	CONSTRAINT "one_sum_of_gaps" UNIQUE NULLS NOT DISTINCT("mode","kind","year","currency","own_currency")
);
--> statement-breakpoint
CREATE TABLE "kept_gaps" (
	"mode" text NOT NULL,
	"currency" text NOT NULL,
	"reader_id" uuid NOT NULL,
	"from_year" integer NOT NULL,
	"until_year" integer NOT NULL,
	"gifts" integer NOT NULL,
	"first_at" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"last_year_minor" bigint NOT NULL,
	"lifetime_minor" bigint NOT NULL,
	CONSTRAINT "kept_gaps_reader_id_mode_currency_from_year_pk" PRIMARY KEY("reader_id","mode","currency","from_year")
);
--> statement-breakpoint
CREATE TABLE "kept_supporters" (
	"mode" text NOT NULL,
	"reader_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"donor_type" text NOT NULL,
	"standing" text,
	"country" text,
	"campaign" text,
	"campaigns" text[] NOT NULL,
	"first_at" timestamp (3) with time zone,
	"last_at" timestamp (3) with time zone,
	"gifts" integer NOT NULL,
	"given_minor" bigint NOT NULL,
	"mrr_minor" bigint NOT NULL,
	"unconverted" jsonb,
	CONSTRAINT "kept_supporters_reader_id_mode_currency_pk" PRIMARY KEY("reader_id","mode","currency")
);
--> statement-breakpoint
CREATE INDEX "kept_gaps_by_year" ON "kept_gaps" USING btree ("mode","from_year","currency",(- last_year_minor),(- lifetime_minor),"reader_id");--> statement-breakpoint
CREATE INDEX "kept_gaps_by_lifetime" ON "kept_gaps" USING btree ("mode","currency",(- lifetime_minor),"reader_id");--> statement-breakpoint
CREATE INDEX "kept_supporters_by_type" ON "kept_supporters" USING btree ("mode","donor_type","reader_id");--> statement-breakpoint
CREATE INDEX "kept_supporters_by_standing" ON "kept_supporters" USING btree ("mode","standing","reader_id");--> statement-breakpoint
CREATE INDEX "kept_supporters_by_country" ON "kept_supporters" USING btree ("mode","country","reader_id");--> statement-breakpoint
CREATE INDEX "kept_supporters_by_campaign" ON "kept_supporters" USING gin ("campaigns");--> statement-breakpoint
CREATE INDEX "kept_supporters_by_last_gift" ON "kept_supporters" USING btree ("mode","last_at");--> statement-breakpoint
CREATE INDEX "kept_supporters_by_amount" ON "kept_supporters" USING btree ("mode","currency","given_minor");