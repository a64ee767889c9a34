"""An installation that rotated its key and began an epoch before entries decided goes on as it was."""

from pathlib import Path

from django.conf import settings as django_settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from governance.ledger.heads import Head, head_file
from governance.registry.models import System
from tests.governance.ledger.keeping import (
    faults,
    go_on,
    has_signed,
    ledger_keys,
    notes,
    number_and_sign,
    run,
)
from tests.governance.ledger.reading import append, let_sign, refused_transaction
from tests.governance.ledger.test_forgeries import begun
from tests.governance.ledger.test_key_custody import REASON
from tests.upgrading import as_owner

BEFORE = ("governance", "0008_auditor_of_everything")


def migrated_back_and_forward() -> None:
    """The database as it was before witnesses, with all that stands in it, and then as it is now."""
    with as_owner():
        newest = [
            one for one in MigrationExecutor(connection).loader.graph.leaf_nodes() if one[0] == BEFORE[0]
        ]
        MigrationExecutor(connection).migrate([BEFORE])
        with connection.cursor() as cursor:
            cursor.execute(
                f"GRANT UPDATE, DELETE ON key_succession, ledger_epoch "
                f"TO {django_settings.DATABASE_ROLE_NAMES['app']}"
            )
        assert "cosignature" not in connection.introspection.table_names()
        MigrationExecutor(connection).migrate(newest)


def test_an_upgrade_keeps_keys_epochs_and_signatures(
    system: System, tmp_path: Path, settings: Settings
) -> None:
    let_sign(settings, tmp_path)
    assert go_on(system) == ""
    first = ledger_keys()[0]
    run("rotate_ledger_key", reason=REASON)
    assert go_on(system, "Renamed again") == ""
    run("rotate_ledger_key", end=True, compromised=True, reason=REASON)
    with head_file().open("ab") as file:
        file.write(Head(99, bytes(32)).line())
    epoch = begun()
    assert number_and_sign() == ""
    before = notes()

    migrated_back_and_forward()

    assert go_on(system, "Renamed once more") == ""
    assert notes()[:-1] == before
    assert notes()[-1].startswith(f"{epoch.origin}\n")
    assert (faults(*ledger_keys()), faults(first)) == ([], [])
    with refused_transaction("permission denied"):
        append(epoch.stream())
        epoch.delete()
    assert not has_signed(first, notes()[-1])
