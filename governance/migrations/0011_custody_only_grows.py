"""The application adds keys and epochs and ends a rotation; no verb of it takes back what it has recorded.

And an epoch begins with its own entry, written in the same transaction, which says what the row says: a row
put beside an entry that was signed before, under a number that leaves none to follow, or over an origin that
the log never had could be cured by no later epoch. One transaction begins one epoch: two could each be near the
other's number, and far from all before. Numbers get more room, since none of them can be taken back.
"""

from django.db import migrations, models

from governance.ledger.grants import custody_privileges

BEGINS = r"""
CREATE FUNCTION ledger_epoch_begins() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    said jsonb;
    called text;
BEGIN
    SELECT entry.document INTO said FROM public.entry AS entry
        JOIN public.pending AS pending ON pending.entry_id = entry.id
        WHERE entry.id = NEW.entry_id AND entry.stream = 'ledger_epoch:' || NEW.id
            AND entry.xid = pg_current_xact_id();
    IF said IS NULL OR said ->> 'type' IS DISTINCT FROM 'ledger_epoch.begun'
        OR said #> '{after,number}' IS DISTINCT FROM to_jsonb(NEW.number)
        OR said #> '{after,given_up,number}' IS DISTINCT FROM to_jsonb(NEW.old_number)
    THEN
        RAISE EXCEPTION 'ledger guard: epoch % has no entry of its own in this transaction that says so', NEW.number
            USING ERRCODE = 'CSG01';
    END IF;
    IF EXISTS (
        SELECT 1 FROM public.ledger_epoch AS other
            JOIN public.entry AS entry ON entry.id = other.entry_id
            JOIN public.pending AS pending ON pending.entry_id = entry.id
            WHERE other.id <> NEW.id AND entry.xid = pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'ledger guard: epoch % begins in one transaction with another', NEW.number
            USING ERRCODE = 'CSG01', HINT = 'Begin one after the other.';
    END IF;
    IF NEW.number > 16 + (SELECT greatest(1, max(number)) FROM public.ledger_epoch WHERE id <> NEW.id) THEN
        RAISE EXCEPTION 'ledger guard: epoch % is too far from the one before', NEW.number
            USING ERRCODE = 'CSG01', HINT = 'A restore loses few epochs, and numbers are for good.';
    END IF;
    SELECT old_origin INTO called FROM public.ledger_epoch
        WHERE old_number = 1 AND id <> NEW.id ORDER BY number LIMIT 1;
    IF called IS NULL THEN
        SELECT split_part(note, E'\n', 1) INTO called FROM public.signed_checkpoint ORDER BY size LIMIT 1;
    END IF;
    IF NEW.old_number = 1 AND said #>> '{after,given_up,origin}' IS DISTINCT FROM coalesce(called, NEW.old_origin) THEN
        RAISE EXCEPTION 'ledger guard: epoch % gives up %, and the log was called %',
            NEW.number, said #>> '{after,given_up,origin}', coalesce(called, NEW.old_origin)
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
        migrations.AlterField("Epoch", "number", models.PositiveIntegerField(unique=True)),
        migrations.AlterField("Epoch", "old_number", models.PositiveIntegerField()),
    ]
