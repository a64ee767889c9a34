"""The guard on governed tables, transaction ids on entries, and the rights of the three database roles."""

from django.db import migrations

from governance.ledger.grants import default_privileges, ledger_privileges
from governance.ledger.guard import (
    DROP_FUNCTIONS,
    FUNCTIONS,
    guard_sql,
    no_truncate_sql,
    unguard_sql,
)

ACCOUNT_COLUMNS = (
    "id", "username", "kind", "display_name", "email", "password", "is_active", "is_superuser", "created_at",
)  # fmt: skip

GUARDED = (
    ("governance_grant", "account", "account_id"),
    ("governance_apitoken", "account", "account_id"),
    ("governance_proposal", "proposal", "id"),
    ("governance_system", "system", "id"),
    ("governance_channel", "channel", "id"),
    ("governance_segment", "segment", "id"),
    ("governance_componentversion", "component", "id"),
)

LEDGER_TABLES = ("entry", "pending", "leaf", "blob")


def give_rights(apps, schema_editor):
    default_privileges(schema_editor)
    ledger_privileges(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_foundation")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE entry ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id()",
            "ALTER TABLE entry DROP COLUMN xid",
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(
            guard_sql("governance_account", "account", "id", update_of=ACCOUNT_COLUMNS),
            unguard_sql("governance_account"),
        ),
        *(
            migrations.RunSQL(guard_sql(table, prefix, column), unguard_sql(table))
            for table, prefix, column in GUARDED
        ),
        *(
            migrations.RunSQL(no_truncate_sql(table), f"DROP TRIGGER ledger_no_truncate ON {table}")
            for table in LEDGER_TABLES
        ),
        migrations.RunSQL("INSERT INTO tree_state (id, size) VALUES (1, 0)", "DELETE FROM tree_state"),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
