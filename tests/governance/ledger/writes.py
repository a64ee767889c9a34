"""Every way to change a governed row that a program has; each answers the stream it changes."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from governance.identifiers import new_id
from governance.registry.models import Channel, System

Write = Callable[[System], str]


def unsaved_channel(system: System, name: str = "android") -> Channel:
    """A channel as a service would make it."""
    return Channel(system=system, name=name, kind="android", registered_at=timezone.now())


def _execute(query: str, *parameters: str | UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)


def _create(system: System) -> str:
    channel = unsaved_channel(system)
    channel.save()
    return channel.stream()


def _save(system: System) -> str:
    system.name = "Changed"
    system.save()
    return system.stream()


def _delete(system: System) -> str:
    System.objects.get(id=system.id).delete()
    return system.stream()


def _bulk_create(system: System) -> str:
    [channel] = Channel.objects.bulk_create([unsaved_channel(system)])
    return channel.stream()


def _bulk_update(system: System) -> str:
    system.name = "Changed"
    System.objects.bulk_update([system], ["name"])
    return system.stream()


def _queryset_update(system: System) -> str:
    System.objects.filter(id=system.id).update(name="Changed")
    return system.stream()


def _queryset_delete(system: System) -> str:
    System.objects.filter(id=system.id).delete()
    return system.stream()


def _update_or_create(system: System) -> str:
    System.objects.update_or_create(slug=system.slug, defaults={"name": "Changed"})
    return system.stream()


def _raw_update(system: System) -> str:
    _execute("UPDATE governance_system SET name = 'Changed' WHERE id = %s", system.id)
    return system.stream()


def _raw_delete(system: System) -> str:
    _execute("DELETE FROM governance_system WHERE id = %s", system.id)
    return system.stream()


def _unchanged_update(system: System) -> str:
    _execute("UPDATE governance_system SET name = name WHERE id = %s", system.id)
    return system.stream()


def _insert_select(system: System) -> str:
    new = _new_row()
    _execute(
        f"INSERT INTO governance_system {_COPY} FROM governance_system WHERE id = %s", new, new, system.id
    )
    return f"system:{new}"


def _merge(system: System) -> str:
    _execute(
        "MERGE INTO governance_system s USING (SELECT %s::uuid AS id) n ON s.id = n.id "
        "WHEN MATCHED THEN UPDATE SET name = 'Changed'",
        system.id,
    )
    return system.stream()


def _upsert(system: System) -> str:
    _execute(
        f"INSERT INTO governance_system {_COPY} FROM governance_system WHERE id = %s "
        "ON CONFLICT (id) DO UPDATE SET name = 'Changed'",
        system.id,
        system.slug,
        system.id,
    )
    return system.stream()


def _copy_from(system: System) -> str:
    new = _new_row()
    connection.ensure_connection()
    columns = "id, slug, name, description, dataset_change_limit_rate, starter_may_cast_last_vote, "
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY governance_system ({columns}registered_at, registered_by_username) FROM STDIN"
        ) as out,
    ):
        out.write_row((new, str(new), "Copied", "", 0.1, False, timezone.now(), "ada"))
    return f"system:{new}"


def _in_savepoint(system: System) -> str:
    with transaction.atomic():
        System.objects.filter(id=system.id).update(name="Changed")
    return system.stream()


def _fixture(system: System) -> str:
    fields = {"slug": system.slug, "name": "Changed", "registered_at": "2026-01-01T00:00:00Z"}
    rows = [{"model": "governance.system", "pk": str(system.id), "fields": fields}]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "systems.json"
        path.write_text(json.dumps(rows))
        call_command("loaddata", str(path), verbosity=0)
    return system.stream()


def _new_row() -> UUID:
    return new_id()


_COPY = (
    "SELECT %s, %s, name, description, dataset_change_limit_rate, starter_may_cast_last_vote, "
    "registered_at, registered_by_username"
)

WRITES: dict[str, Write] = {
    "create": _create,
    "save": _save,
    "delete": _delete,
    "bulk_create": _bulk_create,
    "bulk_update": _bulk_update,
    "queryset update": _queryset_update,
    "queryset delete": _queryset_delete,
    "update_or_create": _update_or_create,
    "UPDATE": _raw_update,
    "DELETE": _raw_delete,
    "UPDATE to the same value": _unchanged_update,
    "INSERT SELECT": _insert_select,
    "MERGE": _merge,
    "INSERT ON CONFLICT UPDATE": _upsert,
    "COPY": _copy_from,
    "savepoint": _in_savepoint,
    "fixture": _fixture,
}

CHECKED_AT_COMMIT = {name: write for name, write in WRITES.items() if name != "fixture"}
