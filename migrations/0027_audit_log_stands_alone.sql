ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_staff_id_staff_id_fk";
--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_reader_id_readers_id_fk";
