"""Every table is guarded or has a reason not to be, as the database itself says (R12)."""

from dataclasses import dataclass

import pytest
from django.apps import apps
from django.db.models import Model
from psycopg import sql

from governance.access.models import Account
from governance.ledger.governed import UNGOVERNED
from governance.ledger.models import Governed
from tests.database import servers
from tests.servers import SESSION_DATABASE

LEDGER_TABLES = {"entry", "pending", "leaf", "tile", "checkpoint", "signed_checkpoint", "cosignature", "blob"}
# pg_trigger.tgtype: ROW 1, BEFORE 2, INSERT 4, DELETE 8, UPDATE 16, TRUNCATE 32.
AFTER_EACH_ROW_OF_EVERY_CHANGE = 1 | 4 | 8 | 16
AFTER_EACH_ROW_OF_AN_INSERT = 1 | 4
BEFORE_TRUNCATE = 2 | 32
BEFORE_EACH_ROW_OF_AN_UPDATE = 1 | 2 | 16
_TRIGGERS = """
SELECT c.relname, t.tgname, p.proname, t.tgenabled, t.tgtype, t.tgdeferrable AND t.tginitdeferred,
    rtrim(replace(encode(t.tgargs, 'escape'), '\\000', ' ')),
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum = ANY (t.tgattr))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal
"""


@dataclass(frozen=True)
class Trigger:
    """A trigger as the catalogue has it; ``ALWAYS`` is what fires in a replica role too."""

    table: str
    function: str
    fires: int
    deferred: bool
    arguments: str
    enabled: str = "A"


def triggers(database: str = SESSION_DATABASE) -> set[Trigger]:
    rows = servers().postgres.ask(_TRIGGERS, database=database)
    return {
        Trigger(str(table), str(function), int(str(fires)), bool(deferred), str(arguments), str(enabled))
        for table, _name, function, enabled, fires, deferred, arguments, _columns in rows
    }


def columns_watched() -> dict[str, set[str]]:
    """Tables whose guard looks at updates of some columns only, with these columns."""
    rows = servers().postgres.ask(_TRIGGERS, database=SESSION_DATABASE)
    return {str(row[0]): set(row[7]) for row in rows if row[7]}  # type: ignore[call-overload]  # an array of text


def models() -> list[type[Model]]:
    return apps.get_models(include_auto_created=True)


def governed() -> list[type[Governed]]:
    return [model for model in models() if issubclass(model, Governed)]


def expected() -> set[Trigger]:
    guards = {
        Trigger(
            model._meta.db_table,
            "ledger_guard",
            AFTER_EACH_ROW_OF_EVERY_CHANGE,
            True,
            f"{model.stream_prefix} {model.stream_column}",
        )
        for model in governed()
    }
    protected = LEDGER_TABLES | {model._meta.db_table for model in governed()}
    whole = {Trigger(table, "ledger_no_truncate", BEFORE_TRUNCATE, False, "") for table in protected}
    tile = Trigger("tile", "ledger_tile_grows", BEFORE_EACH_ROW_OF_AN_UPDATE, False, "")
    epoch = Trigger("ledger_epoch", "ledger_epoch_begins", AFTER_EACH_ROW_OF_AN_INSERT, True, "")
    return guards | whole | {tile, epoch}


def test_every_table_is_governed_or_has_a_reason_not_to_be() -> None:
    without = {model._meta.db_table for model in models() if not issubclass(model, Governed)}

    assert {item.table for item in UNGOVERNED} == without | {"django_migrations"}


def test_no_table_without_guard_is_named_twice_or_without_a_reason() -> None:
    assert len({item.table for item in UNGOVERNED}) == len(UNGOVERNED)
    assert [item.table for item in UNGOVERNED if len(item.reason) < 20] == []


def test_the_triggers_in_the_database_are_exactly_those_that_the_models_declare(db: None) -> None:
    assert triggers() == expected()


def test_only_signing_in_changes_a_governed_row_without_an_entry(db: None) -> None:
    columns = {field.column for field in Account._meta.concrete_fields}

    assert columns_watched() == {"governance_account": columns - {"last_login"}}


def test_every_governed_table_has_the_column_of_its_stream() -> None:
    missing = [
        model.__name__
        for model in governed()
        if model.stream_column not in {field.column for field in model._meta.concrete_fields}
    ]

    assert missing == []


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER ledger_guard ON governance_system",
        "ALTER TABLE governance_system DISABLE TRIGGER ledger_guard",
        "ALTER TABLE governance_system ENABLE TRIGGER ledger_guard",
        "ALTER TABLE releases_release ENABLE REPLICA TRIGGER ledger_no_truncate",
        "DROP TRIGGER ledger_no_truncate ON entry",
        "DROP TRIGGER ledger_guard ON governance_system; CREATE CONSTRAINT TRIGGER ledger_guard "
        "AFTER INSERT ON governance_system DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION ledger_guard('system', 'id'); "
        "ALTER TABLE governance_system ENABLE ALWAYS TRIGGER ledger_guard",
    ],
)
def test_a_guard_that_is_missing_or_weaker_would_be_noticed(committed_db: str, change: str) -> None:
    servers().postgres.administer(sql.SQL(change), database=committed_db)

    assert triggers(committed_db) != expected()
