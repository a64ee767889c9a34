import django.db.models.deletion
from django.db import migrations, models

import governance.identifiers
from governance.ledger.guard import guard_sql, unguard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("releases", "0006_windows"),
    ]

    operations = [
        migrations.CreateModel(
            name="TriggerStatus",
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
                ("key", models.CharField(max_length=100)),
                ("segment", models.CharField(blank=True, max_length=100)),
                ("kind", models.CharField(max_length=20)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("inactive", "Inactive"),
                            ("pending", "Pending"),
                            ("firing", "Firing"),
                            ("recovering", "Recovering"),
                        ],
                        default="inactive",
                        max_length=12,
                    ),
                ),
                (
                    "lack",
                    models.CharField(
                        blank=True,
                        choices=[("", "Nothing"), ("no_data", "No data"), ("error", "Error")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("action", models.CharField(blank=True, max_length=10)),
                ("latched", models.BooleanField(default=False)),
                ("stage_number", models.PositiveSmallIntegerField(default=1)),
                ("since", models.DateTimeField()),
                ("sentence", models.TextField(blank=True)),
                ("evidence", models.JSONField(default=dict)),
                ("evidence_digest", models.CharField(blank=True, max_length=71)),
                ("changed_at", models.DateTimeField()),
                ("changes", models.PositiveIntegerField(default=0)),
                ("fired_at", models.DateTimeField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledged_by_username", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "verbose_name": "trigger",
                "ordering": ["-changed_at"],
            },
        ),
        migrations.CreateModel(
            name="TriggerReading",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("judgement", models.CharField(max_length=10)),
                ("value", models.FloatField(null=True)),
                ("bound", models.FloatField(null=True)),
                ("control", models.FloatField(null=True)),
                ("limit", models.FloatField(null=True)),
                ("log_e", models.FloatField(null=True)),
                ("log_e_limit", models.FloatField(null=True)),
                ("subjects", models.BigIntegerField(null=True)),
                ("control_subjects", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="override",
            name="override_goes_past",
        ),
        migrations.RemoveConstraint(
            model_name="override",
            name="override_of_fail_by_two",
        ),
        migrations.AddField(
            model_name="override",
            name="critical",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="override",
            name="stage_number",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="override",
            name="evaluation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="overrides",
                to="releases.gateevaluation",
            ),
        ),
        migrations.AlterField(
            model_name="override",
            name="verdict",
            field=models.CharField(
                blank=True,
                choices=[("pass", "Pass"), ("fail", "Fail"), ("inconclusive", "Inconclusive")],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="TriggerMemory",
            fields=[
                (
                    "status",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="memory",
                        serialize=False,
                        to="releases.triggerstatus",
                    ),
                ),
                ("memory", models.JSONField(default=dict)),
                ("sentence", models.TextField(blank=True)),
                ("judged_to", models.DateTimeField(null=True)),
                ("evaluated_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="triggerstatus",
            name="deployment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trigger_statuses",
                to="releases.deployment",
            ),
        ),
        migrations.AddField(
            model_name="override",
            name="trigger",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="overrides",
                to="releases.triggerstatus",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("evaluation__isnull", False),
                        ("trigger__isnull", True),
                        ("verdict__in", ["fail", "inconclusive"]),
                    ),
                    models.Q(
                        ("evaluation__isnull", True),
                        ("expedite", False),
                        ("stage_number__isnull", False),
                        ("trigger__isnull", False),
                        ("verdict", ""),
                    ),
                    _connector="OR",
                ),
                name="override_goes_past",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("expedite", False), ("verdict", "inconclusive")),
                    models.Q(("critical", False), ("trigger__isnull", False)),
                    models.Q(("confirmed_by_username", ""), _negated=True),
                    _connector="OR",
                ),
                name="override_of_fail_by_two",
            ),
        ),
        migrations.AddField(
            model_name="triggerreading",
            name="status",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="readings",
                to="releases.triggerstatus",
            ),
        ),
        migrations.AddConstraint(
            model_name="triggerstatus",
            constraint=models.UniqueConstraint(
                fields=("deployment", "key", "segment"), name="trigger_status_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="triggerstatus",
            constraint=models.CheckConstraint(
                condition=models.Q(("phase__in", ["inactive", "pending", "firing", "recovering"])),
                name="trigger_phase_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="triggerstatus",
            constraint=models.CheckConstraint(
                condition=models.Q(("lack__in", ["", "no_data", "error"])), name="trigger_lack_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="triggerstatus",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["", "rollback", "hold", "notify"])),
                name="trigger_action_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="triggerreading",
            constraint=models.UniqueConstraint(fields=("status", "at"), name="trigger_reading_once"),
        ),
        migrations.RunSQL(
            guard_sql("releases_triggerstatus", "trigger", "id"), unguard_sql("releases_triggerstatus")
        ),
    ]
