"""What a trigger remembers is written where it changes, and an assignment says that its rollout is paused.

Triggers count their stage once more at the first evaluation after this: what they remembered before had
another form. What they found stands in their governed rows. What had added up without firing is counted anew,
in a stage that was paused before this without what was counted after the pause: see decision 0015.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_notifications"),
        ("releases", "0011_expiring_days"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="paused",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="triggermemory",
            name="checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="triggermemory",
            name="inputs",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="triggermemory",
            name="kept",
            field=models.JSONField(default=dict),
        ),
    ]
