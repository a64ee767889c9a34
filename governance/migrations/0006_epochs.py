"""Which keys sign the ledger one after the other, and where it began anew, with the guard on both."""

import django.db.models.deletion
from django.db import migrations, models

import governance.identifiers
from governance.ledger.grants import keys_privileges
from governance.ledger.guard import guard_sql, unguard_sql

GUARDED = (("key_succession", "ledger_key"), ("ledger_epoch", "ledger_epoch"))
ROOT = """
ALTER TABLE ledger_epoch ADD CONSTRAINT ledger_epoch_root_is_a_hash CHECK (length(old_root) = 32);
"""
ROOT_GONE = "ALTER TABLE ledger_epoch DROP CONSTRAINT ledger_epoch_root_is_a_hash"


def give_rights(apps, schema_editor):
    keys_privileges(schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0005_entry_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeySuccession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("old_vkey", models.CharField(max_length=300)),
                ("new_vkey", models.CharField(max_length=300, unique=True)),
                ("began_at", models.DateTimeField()),
                ("overlap_until", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("is_lost", models.BooleanField(default=False)),
                ("is_compromised", models.BooleanField(default=False)),
                ("reason", models.TextField()),
                ("began_by_username", models.CharField(max_length=150)),
                ("confirmed_by_username", models.CharField(blank=True, max_length=150)),
                ("sole_administrator", models.BooleanField(default=False)),
                ("ended_by_username", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "db_table": "key_succession",
                "ordering": ["began_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("is_lost",),
                        name="key_succession_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__isnull", False), ("is_lost", False), _connector="OR"),
                        name="key_succession_lost_has_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Epoch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(unique=True)),
                ("origin", models.CharField(max_length=200)),
                ("old_origin", models.CharField(max_length=200)),
                ("old_number", models.PositiveSmallIntegerField()),
                ("old_size", models.BigIntegerField()),
                ("old_root", models.BinaryField()),
                ("found_size", models.BigIntegerField()),
                ("began_at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("began_by_username", models.CharField(max_length=150)),
                ("confirmed_by_username", models.CharField(blank=True, max_length=150)),
                ("sole_administrator", models.BooleanField(default=False)),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="epoch",
                        to="governance.entry",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_epoch",
                "ordering": ["number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gt", models.F("old_number")), ("old_number__gte", 1)),
                        name="ledger_epoch_counts_up",
                    )
                ],
            },
        ),
        migrations.RunSQL(ROOT, ROOT_GONE),
        *(migrations.RunSQL(guard_sql(table, prefix, "id"), unguard_sql(table)) for table, prefix in GUARDED),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
