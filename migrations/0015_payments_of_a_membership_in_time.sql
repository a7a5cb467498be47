DROP INDEX "payments_by_membership";--> statement-breakpoint
CREATE INDEX "payments_by_membership" ON "payments" USING btree ("membership_id","paid_at");