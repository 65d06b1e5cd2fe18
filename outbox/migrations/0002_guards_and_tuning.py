"""What Django's models cannot say: immutability, the transaction of each event, and settings of hot tables."""

from django.db import migrations

# `outbox.maintenance` is set, for its own transaction, by the commands that remove or scrub old events.
IMMUTABLE = """
CREATE FUNCTION outbox_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('outbox.maintenance', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'events are immutable: % on outbox_event is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER outbox_event_is_immutable BEFORE UPDATE OR DELETE ON outbox_event
    FOR EACH ROW EXECUTE FUNCTION outbox_refuse_change();
"""
MUTABLE = "DROP TRIGGER outbox_event_is_immutable ON outbox_event; DROP FUNCTION outbox_refuse_change();"

# Readers that page by position are bounded by the oldest transaction that still runs, or they skip late commits.
XID = "ALTER TABLE outbox_event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();"

# Queue-like tables: each row is written a few times in its first second and then never again.
TUNING = """
ALTER TABLE outbox_delivery SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE outbox_dispatch SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE outbox_pendingevent SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
"""
NO_TUNING = """
ALTER TABLE outbox_delivery RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
ALTER TABLE outbox_dispatch RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
ALTER TABLE outbox_pendingevent RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]

    operations = [
        migrations.RunSQL(IMMUTABLE, MUTABLE),
        migrations.RunSQL(XID, "ALTER TABLE outbox_event DROP COLUMN xid;"),
        migrations.RunSQL(TUNING, NO_TUNING),
    ]
