"""Cosignatures of witnesses, which are written once, and what each witness answered last."""

import django.db.models.deletion
from django.db import migrations, models

from governance.ledger.grants import write_once
from governance.ledger.guard import no_truncate_sql


def give_rights(apps, schema_editor):
    write_once(schema_editor, "cosignature")


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0008_auditor_of_everything"),
    ]

    operations = [
        migrations.CreateModel(
            name="WitnessState",
            fields=[
                ("witness", models.CharField(max_length=300, primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField()),
                ("trouble", models.TextField(blank=True)),
                ("is_refusal", models.BooleanField(default=False)),
                ("since", models.DateTimeField(null=True)),
            ],
            options={"db_table": "witness_state"},
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("witness", models.CharField(max_length=300)),
                ("line", models.TextField()),
                ("seen_at", models.DateTimeField()),
                ("stored_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        db_column="size",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="governance.signedcheckpoint",
                    ),
                ),
            ],
            options={
                "db_table": "cosignature",
                "constraints": [
                    models.UniqueConstraint(fields=("checkpoint", "witness"), name="cosignature_once")
                ],
            },
        ),
        migrations.RunSQL(no_truncate_sql("cosignature"), "DROP TRIGGER ledger_no_truncate ON cosignature"),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
