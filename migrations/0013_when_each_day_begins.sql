CREATE TABLE "kept_days" (
	"on_day" date PRIMARY KEY NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL
);
