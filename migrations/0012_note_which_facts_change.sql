-- Whose facts changed, and what each was before, noted in the transaction that changes them: reports keep sums over all
-- supporters, take off what these few counted for and add what they count for now. Only columns that a kept sum rests on matter.
CREATE FUNCTION "note_changed_payments"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT reader_id, 'payments', id FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT reader_id, 'payments', id, to_jsonb(o) FROM old_rows o;
  ELSE
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT whose.reader_id, 'payments', o.id, to_jsonb(o)
    FROM old_rows o
    JOIN new_rows n ON n.id = o.id
    CROSS JOIN LATERAL (SELECT o.reader_id UNION SELECT n.reader_id) whose
    WHERE (o.reader_id, o.kind, o.amount_minor, o.fees_covered_minor, o.currency, o.paid_at, o.fee_minor, o.settled_amount_minor,
        o.settled_fee_minor, o.settled_currency)
      IS DISTINCT FROM (n.reader_id, n.kind, n.amount_minor, n.fees_covered_minor, n.currency, n.paid_at, n.fee_minor,
        n.settled_amount_minor, n.settled_fee_minor, n.settled_currency);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "note_new" AFTER INSERT ON "payments" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_payments"();
--> statement-breakpoint
CREATE TRIGGER "note_changed" AFTER UPDATE ON "payments" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_payments"();
--> statement-breakpoint
CREATE TRIGGER "note_gone" AFTER DELETE ON "payments" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_payments"();
--> statement-breakpoint
CREATE FUNCTION "note_changed_adjustments"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT p.reader_id, 'adjustments', n.id FROM new_rows n JOIN payments p ON p.id = n.payment_id;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT p.reader_id, 'adjustments', o.id, to_jsonb(o) FROM old_rows o JOIN payments p ON p.id = o.payment_id;
  ELSE
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT p.reader_id, 'adjustments', o.id, to_jsonb(o)
    FROM old_rows o
    JOIN new_rows n ON n.id = o.id
    JOIN payments p ON p.id IN (o.payment_id, n.payment_id)
    WHERE (o.payment_id, o.kind, o.amount_minor, o.currency, o.happened_at, o.fee_minor, o.settled_amount_minor, o.settled_fee_minor,
        o.settled_currency)
      IS DISTINCT FROM (n.payment_id, n.kind, n.amount_minor, n.currency, n.happened_at, n.fee_minor, n.settled_amount_minor,
        n.settled_fee_minor, n.settled_currency);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "note_new" AFTER INSERT ON "adjustments" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_adjustments"();
--> statement-breakpoint
CREATE TRIGGER "note_changed" AFTER UPDATE ON "adjustments" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_adjustments"();
--> statement-breakpoint
CREATE TRIGGER "note_gone" AFTER DELETE ON "adjustments" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_adjustments"();
--> statement-breakpoint
CREATE FUNCTION "note_changed_memberships"() RETURNS trigger LANGUAGE plpgsql AS $$
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
    WHERE o.reader_id IS DISTINCT FROM n.reader_id AND whose.reader_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "note_new" AFTER INSERT ON "memberships" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_memberships"();
--> statement-breakpoint
CREATE TRIGGER "note_changed" AFTER UPDATE ON "memberships" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_memberships"();
--> statement-breakpoint
CREATE TRIGGER "note_gone" AFTER DELETE ON "memberships" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_memberships"();
--> statement-breakpoint
CREATE FUNCTION "note_changed_looks"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Looks at a membership that is nobody's yet count for nobody; whose it is turns out in an update of the membership.
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT m.reader_id, 'membership_looks', n.id FROM new_rows n JOIN memberships m ON m.id = n.membership_id
    WHERE m.reader_id IS NOT NULL;
  ELSE
    -- What is updated of a look is whether it is provisional, which no sum rests on.
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT m.reader_id, 'membership_looks', o.id, to_jsonb(o) FROM old_rows o JOIN memberships m ON m.id = o.membership_id
    WHERE m.reader_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "note_new" AFTER INSERT ON "membership_looks" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_looks"();
--> statement-breakpoint
CREATE TRIGGER "note_gone" AFTER DELETE ON "membership_looks" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_looks"();
--> statement-breakpoint
CREATE FUNCTION "note_changed_movements"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changed_facts (reader_id, source, row_key)
    SELECT reader_id, 'membership_changes', concat_ws('|', reader_id, currency, happened_at, movement) FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT reader_id, 'membership_changes', concat_ws('|', reader_id, currency, happened_at, movement), to_jsonb(o) FROM old_rows o;
  ELSE
    INSERT INTO changed_facts (reader_id, source, row_key, before)
    SELECT o.reader_id, 'membership_changes', concat_ws('|', o.reader_id, o.currency, o.happened_at, o.movement), to_jsonb(o)
    FROM old_rows o
    JOIN new_rows n USING (reader_id, currency, happened_at, movement)
    WHERE (o.mrr_delta, o.members) IS DISTINCT FROM (n.mrr_delta, n.members);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "note_new" AFTER INSERT ON "membership_changes" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_movements"();
--> statement-breakpoint
CREATE TRIGGER "note_changed" AFTER UPDATE ON "membership_changes" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_movements"();
--> statement-breakpoint
CREATE TRIGGER "note_gone" AFTER DELETE ON "membership_changes" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "note_changed_movements"();
