"""An auditor may be granted on the whole installation: who audits all of it asks for dossiers of a time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0007_log_before_act")]

    operations = [
        migrations.RemoveConstraint(model_name="grant", name="grant_installation_administrator"),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(system__isnull=False)
                | models.Q(channel__isnull=False)
                | models.Q(role__in=["administrator", "auditor"]),
                name="grant_on_the_installation",
            ),
        ),
    ]
