"""Days of decisions go without keeping anybody waiting; what is live begins anew with each week."""

from django.conf import settings
from django.db import migrations

from releases.monitoring.decisions.expiring import EXPIRE_AS_BEFORE, EXPIRE_GENTLY, NEW_FUNCTIONS

# What was counted of a release that answered alone for longer than a week was one run; it is cut where the
# weeks begin, as releases.monitoring.vocabulary.series.epoch_start has them.
BY_WEEK = """
UPDATE {table} AS row SET stage_began_at = date_bin('7 days', row.starts_at, date_bin(
    '5 minutes', row.stage_began_at, '2000-01-01 00:00:00+00'))
WHERE row.starts_at >= date_bin('5 minutes', row.stage_began_at, '2000-01-01 00:00:00+00') + interval '7 days'
AND EXISTS (
    SELECT 1 FROM releases_assignment AS alone WHERE alone.channel_id = row.channel_id
    AND lower(alone.period) = row.stage_began_at AND alone.candidate_id IS NULL
);
"""
COUNTED = ("releases_window", "releases_stampcount", "releases_subjectseen", "releases_observation")


def rights(apps, schema_editor):
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    for function in NEW_FUNCTIONS:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {app}")


def rights_as_before(apps, schema_editor):
    app = schema_editor.quote_name(settings.DATABASE_ROLE_NAMES["app"])
    schema_editor.execute(f"GRANT EXECUTE ON FUNCTION {NEW_FUNCTIONS[0]} TO {app}")


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_notifications"),
        ("releases", "0009_incidents"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, rights_as_before),
        migrations.RunSQL(EXPIRE_GENTLY, EXPIRE_AS_BEFORE),
        migrations.RunPython(rights, migrations.RunPython.noop),
        *(migrations.RunSQL(BY_WEEK.format(table=table), migrations.RunSQL.noop) for table in COUNTED),
    ]
