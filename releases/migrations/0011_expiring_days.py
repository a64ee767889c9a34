"""What lets decisions of a day go has a name of its own, and what fails to be counted or replayed is kept.

The function ``decision_days_expire`` first took the decisions that stay, and since 0010 those that go. Under a
new name neither meaning can be met by code that knows the other: it finds no function, and nothing goes.
"""

import django.db.models.deletion
from django.db import migrations, models

RENAME = "ALTER FUNCTION decision_days_expire(date, uuid[], uuid[]) RENAME TO decision_days_thin"
RENAME_BACK = "ALTER FUNCTION decision_days_thin(date, uuid[], uuid[]) RENAME TO decision_days_expire"


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_notifications"),
        ("releases", "0010_days_and_weeks"),
    ]

    operations = [
        migrations.RunSQL(RENAME, RENAME_BACK),
        migrations.AddField(
            model_name="rollup",
            name="waiting_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="problem",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="batchreplay",
            name="problem",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="ReplayFailure",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="replay_failure",
                        serialize=False,
                        to="releases.decisionbatch",
                    ),
                ),
                ("since", models.DateTimeField()),
                ("problem", models.CharField(max_length=300)),
            ],
        ),
    ]
