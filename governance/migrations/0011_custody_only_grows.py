"""The application adds keys and epochs and ends a rotation; no verb of it takes back what it has recorded.

And an epoch begins with its own entry, written in the same transaction, which says what the row says: a row
put beside an entry that was signed before, under a number that leaves none to follow, or over an origin that
the log never had could be cured by no later epoch.
"""

from django.db import migrations

from governance.ledger.grants import custody_privileges

BEGINS = r"""
CREATE FUNCTION ledger_epoch_begins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    said jsonb;
    oldest text;
BEGIN
    SELECT entry.document INTO said FROM public.entry AS entry
        JOIN public.pending AS pending ON pending.entry_id = entry.id
        WHERE entry.id = NEW.entry_id AND entry.stream = 'ledger_epoch:' || NEW.id
            AND entry.xid = pg_current_xact_id();
    SELECT split_part(note, E'\n', 1) INTO oldest FROM public.signed_checkpoint ORDER BY size LIMIT 1;
    IF said IS NULL OR said ->> 'type' IS DISTINCT FROM 'ledger_epoch.begun'
        OR said #> '{after,number}' IS DISTINCT FROM to_jsonb(NEW.number)
        OR said #> '{after,given_up,number}' IS DISTINCT FROM to_jsonb(NEW.old_number)
    THEN
        RAISE EXCEPTION 'ledger guard: epoch % has no entry of its own in this transaction that says so', NEW.number
            USING ERRCODE = 'CSG01';
    END IF;
    IF NEW.number > 16 + (SELECT greatest(1, max(number)) FROM public.ledger_epoch WHERE id <> NEW.id) THEN
        RAISE EXCEPTION 'ledger guard: epoch % is too far from the one before', NEW.number
            USING ERRCODE = 'CSG01', HINT = 'A restore loses few epochs, and numbers are for good.';
    END IF;
    IF NEW.old_number = 1 AND said #>> '{after,given_up,origin}' IS DISTINCT FROM coalesce(oldest, NEW.old_origin) THEN
        RAISE EXCEPTION 'ledger guard: epoch % gives up %, and the log was called %',
            NEW.number, said #>> '{after,given_up,origin}', coalesce(oldest, NEW.old_origin)
            USING ERRCODE = 'CSG01';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_epoch_begins AFTER INSERT ON ledger_epoch
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_epoch_begins();
ALTER TABLE ledger_epoch ENABLE ALWAYS TRIGGER ledger_epoch_begins;
"""
BEGINS_GONE = "DROP TRIGGER ledger_epoch_begins ON ledger_epoch; DROP FUNCTION ledger_epoch_begins();"


def cut_rights(apps, schema_editor):
    custody_privileges(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("governance", "0010_guard_asks_once")]

    operations = [
        migrations.RunSQL(BEGINS, BEGINS_GONE),
        migrations.RunPython(cut_rights, migrations.RunPython.noop),
    ]
