"""Refused attempts: undone, written once with what they were about, counted when there are many."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from governance.actors import Actor, task_actor
from governance.identifiers import new_id
from governance.ledger.models import RefusalTally
from governance.ledger.refusals import TARGETS, WRITTEN_PER_MINUTE, record_refusal, summarise_refusals
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import TooLate, person, rename, rename_then_refuse
from tests.governance.ledger.reading import documents, refusals_of


def refused(actor: Actor, system: System, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(TooLate):
            rename_then_refuse(actor, system=system, name="Renamed")


def kinds(actor: Actor) -> list[Any]:
    return [document["type"] for document in refusals_of(actor)]


def test_a_refusal_is_undone_and_recorded_with_its_targets(system: System) -> None:
    actor, other = person("grace"), new_id()

    with pytest.raises(TooLate):
        rename_then_refuse(actor, system=system, name="Renamed", other=other)

    assert System.objects.get().name != "Renamed"
    assert len(documents(system.stream())) == 1
    [refusal] = refusals_of(actor)
    assert refusal["type"] == "verb.refused"
    assert refusal["actor"]["username"] == "grace"
    assert refusal["after"] == {
        "verb": "system.registered",
        "code": "too_late",
        "message": "Renamed comes too late.",
        "targets": [system.stream()],
        "arguments": {"other": str(other)},
    }


def test_every_actor_has_a_stream_of_refusals_of_their_own(system: System) -> None:
    ada, grace = person("ada"), person("grace")

    refused(ada, system)
    refused(grace, system, times=2)

    assert (len(refusals_of(ada)), len(refusals_of(grace))) == (1, 2)


def test_a_message_that_quotes_what_cannot_be_stored_is_recorded_with_escapes(committed_db: str) -> None:
    actor = person()

    record_refusal(actor, "system.registered", TooLate("a\0b\ud800c"), [], {})

    assert refusals_of(actor)[0]["after"]["message"] == "a\\0b\\ud800c"


def test_a_refusal_about_very_much_still_fits(committed_db: str) -> None:
    actor = person()

    record_refusal(actor, "system.registered", TooLate("é" * 10_000), [f"system:{n}" for n in range(999)], {})

    [refusal] = refusals_of(actor)
    assert len(refusal["after"]["targets"]) == TARGETS
    assert len(refusal["after"]["message"]) == 2000


@time_machine.travel("2026-03-01T12:00:30Z", tick=False)
def test_from_the_61st_refusal_of_a_minute_on_they_are_counted_only(system: System) -> None:
    actor = person()

    refused(actor, system, times=WRITTEN_PER_MINUTE + 3)

    assert len(refusals_of(actor)) == WRITTEN_PER_MINUTE
    assert RefusalTally.objects.get().count == 3


def test_the_next_refusal_after_the_minute_writes_the_summary_first(system: System) -> None:
    actor = person()
    with time_machine.travel("2026-03-01T12:00:30Z", tick=False):
        refused(actor, system, times=WRITTEN_PER_MINUTE + 3)

    with time_machine.travel("2026-03-01T12:02:00Z", tick=False):
        refused(actor, system)

    assert kinds(actor)[-2:] == ["refusals.summarised", "verb.refused"]
    assert refusals_of(actor)[-2]["after"] == {"minute": "2026-03-01T12:00:00.000000Z", "count": 3}
    assert not RefusalTally.objects.exists()


def test_the_periodic_summary_writes_past_minutes_only(system: System) -> None:
    actor = person()
    with time_machine.travel("2026-03-01T12:00:30Z", tick=False):
        refused(actor, system, times=WRITTEN_PER_MINUTE + 1)
        summarise_refusals(task_actor("beat"))
        still_counted = RefusalTally.objects.count()

    with time_machine.travel("2026-03-01T12:01:00Z", tick=False):
        summarise_refusals(task_actor("beat"))

    assert still_counted == 1
    assert kinds(actor)[-1] == "refusals.summarised"
    assert refusals_of(actor)[-1]["actor"]["kind"] == "task"
    assert not RefusalTally.objects.exists()


def test_refusals_of_one_actor_at_once_are_all_there(system: System) -> None:
    actor = person()

    results = in_threads(*[lambda: rename_then_refuse(actor, system=system, name="Renamed")] * 8)

    assert [type(result) for result in results] == [TooLate] * 8
    assert [document["seq"] for document in refusals_of(actor)] == list(range(1, 9))


def test_a_success_after_refusals_is_recorded_as_ever(system: System) -> None:
    actor = person()
    refused(actor, system)

    rename(actor, system=system, name="Renamed")

    assert len(refusals_of(actor)) == 1
    assert System.objects.get().name == "Renamed"


def test_a_refusal_of_the_past_minute_does_not_count_against_the_next(system: System) -> None:
    actor = person()
    with time_machine.travel(timezone.now() - timedelta(seconds=61), tick=False):
        refused(actor, system, times=WRITTEN_PER_MINUTE)

    refused(actor, system)

    assert len(refusals_of(actor)) == WRITTEN_PER_MINUTE + 1
