"""Tiles of the Merkle tree, its checkpoints and their signatures, written by the integrator alone."""

import django.db.models.deletion
from django.db import migrations, models

from governance.ledger.grants import tree_privileges
from governance.ledger.guard import no_truncate_sql

# A tile that is begun gets longer and never changes otherwise, whoever asks for it but the owner of the table.
ONLY_GROWS = """
CREATE FUNCTION ledger_tile_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF (NEW.level, NEW.index) IS DISTINCT FROM (OLD.level, OLD.index)
       OR length(NEW.hashes) < length(OLD.hashes)
       OR substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) <> OLD.hashes THEN
        RAISE EXCEPTION 'ledger tree: tile %/% only gets longer', OLD.level, OLD.index
            USING ERRCODE = 'CSG03';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_tile_grows BEFORE UPDATE ON tile FOR EACH ROW EXECUTE FUNCTION ledger_tile_grows();
ALTER TABLE tile ENABLE ALWAYS TRIGGER ledger_tile_grows;
"""
GROWS_NO_LONGER = "DROP TRIGGER ledger_tile_grows ON tile; DROP FUNCTION ledger_tile_grows();"
LENGTHS = """
ALTER TABLE tile ADD CONSTRAINT tile_whole_hashes
    CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192);
ALTER TABLE checkpoint ADD CONSTRAINT checkpoint_root_is_a_hash CHECK (length(root) = 32 AND size > 0);
"""
LENGTHS_GONE = """
ALTER TABLE tile DROP CONSTRAINT tile_whole_hashes;
ALTER TABLE checkpoint DROP CONSTRAINT checkpoint_root_is_a_hash;
"""
TABLES = ("tile", "checkpoint", "signed_checkpoint")


def give_rights(apps, schema_editor):
    tree_privileges(schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_notifications"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "checkpoint",
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
            options={
                "db_table": "tile",
            },
        ),
        migrations.AddField(
            model_name="treestate",
            name="tiled",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="treestate",
            name="trouble",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.CreateModel(
            name="SignedCheckpoint",
            fields=[
                (
                    "checkpoint",
                    models.OneToOneField(
                        db_column="size",
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="signed",
                        serialize=False,
                        to="governance.checkpoint",
                    ),
                ),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "signed_checkpoint",
            },
        ),
        migrations.RunSQL(LENGTHS, LENGTHS_GONE),
        migrations.RunSQL(ONLY_GROWS, GROWS_NO_LONGER),
        *(
            migrations.RunSQL(no_truncate_sql(table), f"DROP TRIGGER ledger_no_truncate ON {table}")
            for table in TABLES
        ),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
