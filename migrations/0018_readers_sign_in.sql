CREATE TABLE "reader_sign_ins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reader_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"wrong_codes" integer DEFAULT 0 NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"staff_id" uuid,
	"reader_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "session_of_one_person" CHECK (num_nonnulls("sessions"."staff_id", "sessions"."reader_id") = 1)
);
--> statement-breakpoint
ALTER TABLE "reader_sign_ins" ADD CONSTRAINT "reader_sign_ins_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_staff_id_staff_id_fk" FOREIGN KEY ("staff_id") REFERENCES "public"."staff"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_reader_id_readers_id_fk" FOREIGN KEY ("reader_id") REFERENCES "public"."readers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "reader_sign_ins_by_age" ON "reader_sign_ins" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "sessions_by_staff" ON "sessions" USING btree ("staff_id") WHERE staff_id is not null;--> statement-breakpoint
CREATE INDEX "sessions_by_reader" ON "sessions" USING btree ("reader_id") WHERE reader_id is not null;--> statement-breakpoint
INSERT INTO "sessions" ("id", "staff_id", "created_at", "expires_at", "ended_at")
SELECT "id", "staff_id", "created_at", "expires_at", "ended_at" FROM "staff_sessions";
