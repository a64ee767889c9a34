"""Every governed column is followed from the entries of its stream, or stands with a reason beside them."""

import re
from collections import Counter

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from governance.ledger.events import EVENTS
from governance.ledger.models import Governed
from governance.ledger.reconciling.declared import Declaration, Reconciled
from governance.ledger.verifying import declarations
from tests.servers import ROOT


def declared() -> dict[type[Governed], Declaration]:
    return {one.model: one for one in declarations()}


def governed() -> list[type[Governed]]:
    return [model for model in apps.get_models(include_auto_created=True) if issubclass(model, Governed)]


def columns_of(model: type[Model]) -> set[str]:
    return {field.column for field in model._meta.concrete_fields}


def followed(one: Declaration) -> set[str]:
    """What is compared, and what finds the row."""
    keys = {one.key, one.by_entry} if isinstance(one, Reconciled) else {one.of}
    return {column.partition(".")[0] for column in one.columns()} | keys | {"id", one.model.stream_column}


def words_of(one: Declaration) -> list[set[str]]:
    """The columns that each list of a table gives."""
    return [] if isinstance(one, Reconciled) else [set(listed.columns) for listed in one.listed]


def test_every_governed_table_is_reconciled_once() -> None:
    assert Counter(one.model for one in declarations()) == Counter(governed())


def test_every_governed_column_is_followed_or_left_for_a_reason() -> None:
    missing = {
        model._meta.db_table: columns_of(model) - followed(one) - set(one.left)
        for model, one in declared().items()
    }

    assert {table: columns for table, columns in missing.items() if columns} == {}


def test_no_column_is_named_that_the_table_does_not_have_or_that_is_followed_and_left() -> None:
    wrong = {
        model._meta.db_table: ((followed(one) | set(one.left)) - columns_of(model) - {""})
        | (followed(one) & set(one.left))
        for model, one in declared().items()
    }

    assert {table: columns for table, columns in wrong.items() if columns} == {}


def test_what_is_left_has_a_reason_in_a_sentence() -> None:
    reasons = {reason for one in declarations() for reason in one.left.values()}

    assert [reason for reason in reasons if not re.fullmatch(r"[A-Z].{30,}\.", reason)] == []


def test_only_events_of_the_catalogue_are_listened_to() -> None:
    assert {event for one in declarations() for event in one.events()} - set(EVENTS) == set()


def test_lists_of_one_table_name_the_same_columns() -> None:
    different = {one.model: {frozenset(words) for words in words_of(one)} for one in declarations()}

    assert [model for model, words in different.items() if len(words) > 1] == []


def test_every_declaration_of_a_slice_stands_in_the_settings() -> None:
    files = [
        str(path.relative_to(ROOT).with_suffix("")).replace("/", ".") + ".RECONCILED"
        for app in ("governance", "releases", "audits")
        for path in (ROOT / app).rglob("reconciled.py")
    ]

    assert sorted(settings.RECONCILED) == sorted(files)
