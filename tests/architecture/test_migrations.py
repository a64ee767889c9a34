"""Migrations are linear, named by hand, and go down the stair like imports."""

import re

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

OURS = ("governance", "releases", "audits")
BELOW = {"governance": set(), "releases": {"governance"}, "audits": {"governance", "releases"}}
NAME = re.compile(r"\d{4}_[a-z]+(_[a-z]+)*")


def loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def names(app: str) -> list[str]:
    return sorted(name for label, name in loader().disk_migrations if label == app)


def parents(app: str) -> dict[str, list[str]]:
    """Each migration's parents within its own app."""
    return {
        name: [parent for label, parent in migration.dependencies if label == app]
        for (owner, name), migration in loader().disk_migrations.items()
        if owner == app
    }


def ours_it_depends_on(app: str) -> set[str]:
    return {
        label
        for (owner, _), migration in loader().disk_migrations.items()
        if owner == app
        for label, _parent in migration.dependencies
        if label in OURS and label != app
    }


def test_every_app_has_one_line_of_migrations() -> None:
    lines = {app: [[], *([name] for name in names(app)[:-1])] for app in OURS if names(app)}

    assert {app: [parents(app)[name] for name in names(app)] for app in lines} == lines


def test_migrations_are_named_by_hand() -> None:
    found = [name for app in OURS for name in names(app)]

    assert [name for name in found if not NAME.fullmatch(name) or "_auto" in name] == []
    assert found


def test_no_migration_depends_on_a_higher_app() -> None:
    assert {app: ours_it_depends_on(app) - BELOW[app] for app in OURS} == {app: set() for app in OURS}


def test_the_migrations_make_what_the_models_say() -> None:
    detector = MigrationAutodetector(loader().project_state(), ProjectState.from_apps(apps))

    missing = detector.changes(graph=loader().graph)

    assert {app: changes for app, changes in missing.items() if app in OURS} == {}
