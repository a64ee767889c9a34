"""The guard asks about a changed row once, not for each of its two versions, when both are of one stream."""

from django.db import migrations

from governance.ledger.guard import GUARD_FUNCTION


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_witnesses")]

    # What it replaces refuses the same changes; going back leaves this one in place.
    operations = [migrations.RunSQL(GUARD_FUNCTION, migrations.RunSQL.noop)]
