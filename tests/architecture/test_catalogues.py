"""The tables in which one adds an event, a task, a component kind or a criterion are complete."""

import re
from pathlib import Path

from celery import current_app

from governance.ledger.events import EVENTS
from governance.registry import attributes, kinds
from releases.gates import criteria
from tests.architecture.sources import decorated, first_argument, named, source, sources
from tests.servers import ROOT

EVENTS_FILE = "governance/ledger/events.py"
EVENT_NAME = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")


def declared_events() -> list[str]:
    return [str(first_argument(call)) for call in source(EVENTS_FILE).calls("Event")]


def events_of_verbs() -> set[str]:
    return {
        str(first_argument(call))
        for file in sources()
        for function in file.functions()
        if (call := decorated(function, "verb"))
    }


def events_named_beside() -> set[str]:
    """What steps record in other streams: ``record(…, event="…")`` and ``append_entry("…")``."""
    named = {
        keyword.value.value
        for file in sources()
        for call in file.calls("record")
        for keyword in call.keywords
        if keyword.arg == "event" and hasattr(keyword.value, "value")
    }
    appended = {first_argument(call) for file in sources() for call in file.calls("append_entry")}
    return {name for name in named | appended if isinstance(name, str)}


def strings_outside_the_catalogue() -> set[str]:
    return {text for file in sources() if file.path != EVENTS_FILE for text in file.strings()}


def tasks(decorator: str) -> set[str]:
    return {
        named(file, call)
        for file in sources()
        for function in file.functions()
        if (call := decorated(function, decorator))
    }


def enqueued() -> set[str]:
    callers = [file for file in sources() if file.path != "governance/outbox/services.py"]
    return {named(file, call) for file in callers for call in file.calls("enqueue", "enqueue_many")}


def known_to_the_worker() -> set[str]:
    current_app.loader.import_default_modules()
    return {name for name in current_app.tasks if not name.startswith(("celery.", "tests."))}


def test_no_event_is_declared_twice_and_each_has_a_title() -> None:
    names = declared_events()

    assert len(names) == len(set(names)) == len(EVENTS)
    assert [event.name for event in EVENTS.values() if not event.title.strip()] == []


def test_events_are_named_noun_dot_past_participle() -> None:
    assert [name for name in EVENTS if not EVENT_NAME.fullmatch(name)] == []


def test_every_event_that_code_names_is_in_the_catalogue() -> None:
    assert (events_of_verbs() | events_named_beside()) - set(EVENTS) == set()


def test_every_event_of_the_catalogue_is_used() -> None:
    assert set(EVENTS) - strings_outside_the_catalogue() == set()


def test_work_is_enqueued_under_the_names_of_declared_tasks() -> None:
    assert enqueued() == tasks("task")


def test_every_periodic_task_is_scheduled_and_every_scheduled_task_exists() -> None:
    scheduled = {str(item["task"]) for item in current_app.conf.beat_schedule.values()}

    assert scheduled == tasks("periodic")


def test_the_worker_knows_every_declared_task() -> None:
    assert known_to_the_worker() == tasks("task") | tasks("periodic")


def test_nothing_but_the_wrapper_declares_tasks() -> None:
    declaring = re.compile(r"\bshared_task\b|@(celery_)?app\.task\b|current_app\.task\b")

    assert {file.path for file in sources() if declaring.search(file.text)} == {
        "governance/background/wrapper.py"
    }


def test_every_component_kind_has_attributes_of_its_own_and_a_name_of_its_own() -> None:
    declared = [first_argument(call) for call in source("governance/registry/kinds.py").calls("Kind")]
    typed = [item for item in attributes.Attributes.__subclasses__() if item.__name__.endswith("Attributes")]

    assert sorted(map(str, declared)) == sorted(kinds.KINDS)
    assert [kind.attributes for kind in kinds.KINDS.values()] == typed


def test_every_criterion_file_is_in_the_tuple_and_no_key_repeats() -> None:
    files = {path.stem for path in Path(ROOT, "releases/gates/criteria").glob("[!_]*.py")}
    in_the_tuple = [kind.evaluate.__module__.rpartition(".")[2] for kind in criteria.KINDS]

    assert sorted(in_the_tuple) == sorted(files)
    assert len({kind.key for kind in criteria.KINDS}) == len(criteria.KINDS)
