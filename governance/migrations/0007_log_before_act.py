"""A switch per system: what changes what is live serves only once its entry is in a signed checkpoint."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_epochs")]

    operations = [
        migrations.AddField(
            model_name="system",
            name="log_before_act",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
