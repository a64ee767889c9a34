"""Indexes for whoever looks for entries: by event, by person, by channel, and by what a refusal was about.

Each ends with the time, so that the newest of a million entries are found without sorting the rest. The
expressions are written as Django writes its lookups into ``document``; a differing one would not be used.
"""

from django.db import migrations

INDEXES = {
    "entry_event": "((document -> 'type'), at DESC)",
    "entry_actor": "((document #> '{actor,id}'), at DESC)",
    "entry_on_behalf_of": (
        "((document #> '{on_behalf_of,id}'), at DESC) WHERE (document #> '{on_behalf_of,id}') IS NOT NULL"
    ),
    "entry_after_channel": (
        "((document #> '{after,channel}'), at DESC) WHERE (document #> '{after,channel}') IS NOT NULL"
    ),
}
REFUSED = """
CREATE INDEX entry_refused_targets ON entry USING gin ((document #> '{after,targets}'))
    WHERE (document -> 'type') = '"verb.refused"'::jsonb
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0004_merkle_tree")]

    operations = [
        *(
            migrations.RunSQL(f"CREATE INDEX {name} ON entry {what}", f"DROP INDEX {name}")
            for name, what in INDEXES.items()
        ),
        migrations.RunSQL(REFUSED, "DROP INDEX entry_refused_targets"),
    ]
