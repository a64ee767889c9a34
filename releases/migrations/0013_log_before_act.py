"""An assignment says whether it waits for the ledger; none that was made before this does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0007_log_before_act"),
        ("releases", "0012_trigger_memory"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="waits_for_seal",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("waits_for_seal", True)),
                fields=["channel"],
                name="assignment_that_waits",
            ),
        ),
    ]
