"""Decisions in days, what was counted of them, windows reported ready-made, and heartbeats."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import governance.identifiers
from governance.ledger.grants import write_once
from governance.ledger.guard import guard_sql, unguard_sql
from releases.monitoring.decisions.partitions import DROP_FUNCTIONS, FUNCTIONS, INTO_DAYS, INTO_ONE

WRITTEN_ONCE = ("releases_decision", "releases_decisionkey", "releases_observation")
FOR_THE_APPLICATION = (
    "decision_days_make(date[])",
    "decision_days_expire(date, uuid[], uuid[])",
    "decision_keys_forget(timestamptz)",
)


def rights(apps, schema_editor):
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    for table in WRITTEN_ONCE:
        write_once(schema_editor, table)
    for function in FOR_THE_APPLICATION:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {app}")


def rights_of_one_table(apps, schema_editor):
    write_once(schema_editor, "releases_decision")


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_notifications"),
        ("releases", "0005_gates"),
    ]

    operations = [
        migrations.CreateModel(
            name="DecisionKey",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RollUp",
            fields=[
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="governance.channel",
                    ),
                ),
                ("stream_seq", models.BigIntegerField(default=0)),
                ("latest_at", models.DateTimeField(null=True)),
                ("rolled_up_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ObservationBatch",
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
                ("report", models.UUIDField()),
                ("received_at", models.DateTimeField()),
                ("reported_by_username", models.CharField(max_length=150)),
                ("observations_count", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=71)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.channel"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.entry"
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at"],
            },
        ),
        migrations.CreateModel(
            name="Observation",
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
                ("stage_began_at", models.DateTimeField()),
                (
                    "arm",
                    models.CharField(
                        choices=[("candidate", "Candidate"), ("control", "Control"), ("stable", "Stable")],
                        max_length=10,
                    ),
                ),
                ("segment", models.CharField(blank=True, max_length=100)),
                ("metric", models.CharField(max_length=30)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("n", models.PositiveIntegerField()),
                ("events", models.FloatField()),
                ("sketch", models.BinaryField(null=True)),
                ("received_at", models.DateTimeField()),
                ("line_digest", models.CharField(max_length=71)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="observations",
                        to="governance.channel",
                    ),
                ),
                (
                    "deployment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="releases.deployment",
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="releases.release"
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="releases.revision"
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="observations",
                        to="releases.observationbatch",
                    ),
                ),
            ],
            options={
                "ordering": ["-starts_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="StampCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("stage_began_at", models.DateTimeField()),
                ("starts_at", models.DateTimeField()),
                ("decisions", models.PositiveIntegerField()),
                ("unknown_stamps", models.PositiveIntegerField()),
                ("wrong_arm", models.PositiveIntegerField()),
                ("examples", models.JSONField(default=list)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.channel"
                    ),
                ),
                (
                    "deployment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="releases.deployment",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubjectSeen",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("stage_began_at", models.DateTimeField()),
                ("subject", models.CharField(max_length=200)),
                ("starts_at", models.DateTimeField()),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.channel"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Window",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("stage_began_at", models.DateTimeField()),
                ("starts_at", models.DateTimeField()),
                (
                    "arm",
                    models.CharField(
                        choices=[("candidate", "Candidate"), ("control", "Control"), ("stable", "Stable")],
                        max_length=10,
                    ),
                ),
                ("segment", models.CharField(blank=True, max_length=100)),
                ("metric", models.CharField(max_length=30)),
                ("subjects", models.PositiveIntegerField()),
                ("events", models.FloatField()),
                ("captures", models.PositiveIntegerField()),
                ("capture_events", models.PositiveIntegerField()),
                ("sketch", models.BinaryField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.channel"
                    ),
                ),
                (
                    "deployment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="releases.deployment",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="releases.revision"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
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
                ("instance", models.CharField(max_length=200)),
                ("stamp", models.CharField(max_length=100)),
                ("first_received_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("reported_by_username", models.CharField(max_length=150)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="heartbeats",
                        to="governance.channel",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.entry"
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="releases.revision",
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at", "-id"],
                "indexes": [models.Index(fields=["channel", "-received_at"], name="heartbeat_received")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "instance", "stamp"), name="heartbeat_once_per_stamp"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="observationbatch",
            constraint=models.UniqueConstraint(
                fields=("report", "channel"), name="observation_batch_once_per_channel"
            ),
        ),
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(fields=["deployment", "starts_at"], name="observation_deployment"),
        ),
        migrations.AddConstraint(
            model_name="observation",
            constraint=models.UniqueConstraint(
                fields=("channel", "release", "arm", "segment", "metric", "starts_at", "ends_at"),
                name="observation_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="observation",
            constraint=models.CheckConstraint(
                condition=models.Q(("events__gte", 0), ("events__lte", models.F("n"))),
                name="observation_events",
            ),
        ),
        migrations.AddIndex(
            model_name="stampcount",
            index=models.Index(fields=["deployment", "starts_at"], name="stamp_count_deployment"),
        ),
        migrations.AddConstraint(
            model_name="stampcount",
            constraint=models.UniqueConstraint(
                fields=("channel", "stage_began_at", "starts_at"), name="stamp_count_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="subjectseen",
            constraint=models.UniqueConstraint(
                fields=("channel", "stage_began_at", "subject"), name="subject_seen_once"
            ),
        ),
        migrations.AddIndex(
            model_name="window",
            index=models.Index(fields=["deployment", "starts_at"], name="window_deployment"),
        ),
        migrations.AddConstraint(
            model_name="window",
            constraint=models.UniqueConstraint(
                fields=("channel", "stage_began_at", "starts_at", "arm", "revision", "segment", "metric"),
                name="window_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="window",
            constraint=models.CheckConstraint(
                condition=models.Q(("capture_events__lte", models.F("captures")), ("events__gte", 0)),
                name="window_counts",
            ),
        ),
        migrations.RunSQL(
            guard_sql("releases_observationbatch", "channel", "channel_id"),
            unguard_sql("releases_observationbatch"),
        ),
        migrations.RunPython(migrations.RunPython.noop, rights_of_one_table),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(INTO_DAYS, INTO_ONE),
        migrations.RunPython(rights, migrations.RunPython.noop),
    ]
