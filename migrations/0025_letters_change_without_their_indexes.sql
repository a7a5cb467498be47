-- Room on each page for what its letters become, and a sweep of the index of those that wait before much of it is dead.
ALTER TABLE "letters" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);--> statement-breakpoint
ALTER TABLE "letters" DROP CONSTRAINT "letters_message_id_unique";--> statement-breakpoint
DROP INDEX "letters_by_state";--> statement-breakpoint
DROP INDEX "letters_waiting";--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "ended" text GENERATED ALWAYS AS (case when state in ('queued', 'deferred', 'sending') then null else state end) STORED;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "end_heard" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "letters_by_end" ON "letters" USING btree ("ended","created_at") WHERE ended is not null;--> statement-breakpoint
CREATE INDEX "letters_unheard" ON "letters" USING btree ("id") WHERE class = 'reminder' and ended in ('expired', 'cancelled', 'suppressed', 'refused') and not end_heard;--> statement-breakpoint
CREATE INDEX "letters_waiting" ON "letters" USING btree ("class","due_at") WHERE ended is null;