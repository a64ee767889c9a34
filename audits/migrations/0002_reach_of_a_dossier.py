"""A dossier says how far its reader read, in other systems too; no former one says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0001_dossiers")]

    operations = [
        migrations.AddField(
            model_name="dossier",
            name="everywhere",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="dossier",
            name="systems",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]
