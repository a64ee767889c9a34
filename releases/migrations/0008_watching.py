import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import governance.identifiers
from governance.ledger.guard import guard_sql, unguard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_notifications"),
        ("releases", "0007_triggers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="control",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="control_assignments",
                to="releases.revision",
            ),
        ),
        migrations.CreateModel(
            name="Drill",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("away", "On the way to the target"),
                            ("back", "On the way back"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                        ],
                        default="away",
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField()),
                ("started_at", models.DateTimeField()),
                ("started_by_username", models.CharField(max_length=150)),
                ("away_landed_at", models.DateTimeField(null=True)),
                ("turned_at", models.DateTimeField(null=True)),
                ("back_landed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("missing", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["-started_at"],
            },
        ),
        migrations.CreateModel(
            name="StageApproval",
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
                ("stage_number", models.PositiveSmallIntegerField()),
                ("entered_at", models.DateTimeField()),
                ("role", models.CharField(max_length=30)),
                ("username", models.CharField(max_length=150)),
                ("evidence_digest", models.CharField(max_length=71)),
                ("reason", models.TextField()),
                ("approved_at", models.DateTimeField()),
                ("auth_method", models.CharField(max_length=20)),
                ("auth_mfa", models.BooleanField(default=False)),
                ("auth_proved_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["approved_at"],
            },
        ),
        migrations.CreateModel(
            name="StageReading",
            fields=[
                (
                    "deployment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="reading",
                        serialize=False,
                        to="releases.deployment",
                    ),
                ),
                ("stage_number", models.PositiveSmallIntegerField()),
                ("entered_at", models.DateTimeField()),
                ("read_at", models.DateTimeField()),
                ("measured_at", models.DateTimeField(null=True)),
                ("checks", models.JSONField(default=list)),
                ("digest", models.CharField(blank=True, max_length=71)),
                ("asked_digest", models.CharField(blank=True, max_length=71)),
                ("errors", models.PositiveIntegerField(default=0)),
                ("error", models.TextField(blank=True)),
            ],
        ),
        migrations.AddField(
            model_name="rollback",
            name="escalated_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="rollback",
            name="landed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="rollback",
            name="landing",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Not watched"),
                    ("pending", "Waited for"),
                    ("escalated", "Not seen in time"),
                    ("landed", "Landed"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="rollback",
            name="missing",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="rollback",
            name="triggers",
            field=models.JSONField(default=list),
        ),
        migrations.AddConstraint(
            model_name="rollback",
            constraint=models.CheckConstraint(
                condition=models.Q(("landing__in", ["", "pending", "escalated", "landed"])),
                name="rollback_landing_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="rollback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("landed_at__isnull", False), ("landing", "landed")),
                    models.Q(models.Q(("landing", "landed"), _negated=True), ("landed_at__isnull", True)),
                    _connector="OR",
                ),
                name="rollback_landed_has_its_time",
            ),
        ),
        migrations.AddField(
            model_name="drill",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="drills", to="governance.channel"
            ),
        ),
        migrations.AddField(
            model_name="drill",
            name="drilled",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="releases.deployment"
            ),
        ),
        migrations.AddField(
            model_name="drill",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="releases.deployment"
            ),
        ),
        migrations.AddField(
            model_name="stageapproval",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="stageapproval",
            name="deployment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stage_approvals",
                to="releases.deployment",
            ),
        ),
        migrations.AddField(
            model_name="stageapproval",
            name="release",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="releases.release"
            ),
        ),
        migrations.AddConstraint(
            model_name="drill",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["away", "back"])),
                fields=("channel",),
                name="drill_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="drill",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["away", "back", "completed", "failed"])),
                name="drill_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageapproval",
            constraint=models.UniqueConstraint(
                fields=("deployment", "stage_number", "entered_at", "evidence_digest", "account"),
                name="stage_approval_once",
            ),
        ),
        migrations.RunSQL(
            guard_sql("releases_stageapproval", "release", "release_id"),
            unguard_sql("releases_stageapproval"),
        ),
        migrations.RunSQL(
            guard_sql("releases_drill", "channel", "channel_id"), unguard_sql("releases_drill")
        ),
    ]
