-- All sums are counted once more, and so also by the years that they were not told.
DELETE FROM "kept_books";
--> statement-breakpoint
ALTER TABLE "kept_books" ADD COLUMN "fiscal_year_start" integer NOT NULL;
