ALTER TABLE "membership_looks" DROP CONSTRAINT "one_look_per_moment";--> statement-breakpoint
ALTER TABLE "membership_looks" ADD COLUMN "provisional" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "membership_looks" ADD CONSTRAINT "one_look_per_moment" UNIQUE NULLS NOT DISTINCT("membership_id","looked_at","rank","digest","replaced");