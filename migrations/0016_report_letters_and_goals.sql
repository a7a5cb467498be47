CREATE TABLE "goals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"campaign" text,
	"target_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"first_on" date NOT NULL,
	"last_on" date NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "goal_target_positive" CHECK ("goals"."target_minor" > 0),
	CONSTRAINT "goal_currency_code" CHECK ("goals"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "goal_days_in_order" CHECK ("goals"."first_on" <= "goals"."last_on")
);
--> statement-breakpoint
CREATE TABLE "report_letters" (
	"staff_id" uuid PRIMARY KEY NOT NULL,
	"every" text NOT NULL,
	"locale" text NOT NULL,
	"chosen_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "report_letters" ADD CONSTRAINT "report_letters_staff_id_staff_id_fk" FOREIGN KEY ("staff_id") REFERENCES "public"."staff"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "report_letters_due" ON "report_letters" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "payments_by_campaign" ON "payments" USING btree ("campaign","paid_at") WHERE campaign is not null;