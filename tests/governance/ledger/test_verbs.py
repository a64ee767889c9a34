"""``@verb``: one transaction, one entry, or nothing; what the database's own refusals become."""

from typing import Any

import pytest
from django.db import transaction

from governance.actors import ActorMissing, current_actor, moment
from governance.errors import InvalidInput
from governance.ledger.entries import MalformedReference
from governance.ledger.events import UnknownEvent
from governance.ledger.models import Entry
from governance.ledger.verbs import Conflict, NothingRecorded, record, verb
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import (
    add_channel_to_nowhere,
    call_a_verb,
    claim_unchanged,
    found,
    leave_alone,
    lock_both,
    person,
    record_something_else,
    rename,
    rename_silently,
)
from tests.governance.ledger.reading import documents, gapless, numbers_of_streams, refusals_of


def test_a_verb_changes_and_records_once(system: System) -> None:
    answered = rename(person(), system=system, name="Renamed")

    assert answered.name == System.objects.get().name == "Renamed"
    assert [document["after"] for document in documents(system.stream())] == [
        {"slug": "onboarding"},
        {"name": "Renamed"},
    ]


@pytest.mark.parametrize("not_an_actor", [None, "ada", object()])
def test_a_verb_without_an_actor_raises(system: System, not_an_actor: Any) -> None:
    with pytest.raises(ActorMissing, match="rename needs an Actor first"):
        rename(not_an_actor, system=system, name="Renamed")

    assert System.objects.get().name != "Renamed"


def test_nobody_acts_outside_a_verb(system: System) -> None:
    rename(person(), system=system, name="Renamed")

    with pytest.raises(ActorMissing):
        current_actor()
    with pytest.raises(ActorMissing):
        moment()
    with pytest.raises(ActorMissing):
        record(system.stream())


@pytest.mark.parametrize("act", [rename_silently, record_something_else, claim_unchanged])
def test_a_verb_that_ends_without_its_own_entry_is_undone(system: System, act: Any) -> None:
    arguments = {"name": "Renamed"} if act is rename_silently else {}

    with pytest.raises(NothingRecorded):
        act(person(), system=system, **arguments)

    assert System.objects.get().name != "Renamed"
    assert Entry.objects.count() == 1


def test_a_verb_that_finds_its_work_done_records_nothing(system: System) -> None:
    answered = leave_alone(person(), system=system)

    assert answered == system
    assert Entry.objects.count() == 1


def test_a_verb_inside_a_verb_is_refused_and_undone(system: System) -> None:
    with pytest.raises(RuntimeError, match="durable"):
        call_a_verb(person(), system=system)

    assert Entry.objects.count() == 1


def test_a_verb_inside_another_transaction_is_refused(system: System) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        rename(person(), system=system, name="Renamed")

    assert System.objects.get().name != "Renamed"


def test_a_verb_of_an_unknown_event_fails_when_it_is_declared() -> None:
    with pytest.raises(UnknownEvent, match=r"system\.painted"):
        verb("system.painted")


def test_evidence_named_by_something_else_is_a_defect_that_undoes_the_verb(system: System) -> None:
    with pytest.raises(MalformedReference):
        rename(person(), system=system, name="Renamed", refs={"card": "card.json"})

    assert System.objects.get().name != "Renamed"


def test_what_exists_already_is_a_conflict_and_recorded(system: System) -> None:
    actor = person()

    with pytest.raises(Conflict, match="governance_system_slug") as caught:
        found(actor, slug=system.slug)

    assert caught.value.status == 409
    assert [refusal["after"]["code"] for refusal in refusals_of(actor)] == ["conflict"]


def test_a_constraint_that_fails_at_commit_is_a_conflict_and_recorded(committed_db: str) -> None:
    actor = person()

    with pytest.raises(Conflict, match="governance_channel"):
        add_channel_to_nowhere(actor)

    assert [refusal["after"]["code"] for refusal in refusals_of(actor)] == ["conflict"]
    assert not Entry.objects.filter(stream__startswith="channel:").exists()


def test_of_two_that_wait_for_each_other_one_goes_on_and_one_is_told(
    system: System, other_system: System
) -> None:
    first, second = person("first"), person("second")

    results = in_threads(
        lambda: lock_both(first, first=system, second=other_system),
        lambda: lock_both(second, first=other_system, second=system),
    )

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "System"]
    refused = [*refusals_of(first), *refusals_of(second)]
    assert [refusal["after"]["verb"] for refusal in refused] == ["system.registered"]


def test_two_writers_of_a_stream_that_nobody_locked_do_not_share_a_number(system: System) -> None:
    """``lock_both`` locks, these do not: the unique constraint stops one of them."""
    results = in_threads(
        *[lambda: leave_a_note(person(), system=system)] * 4,
    )

    assert {type(result).__name__ for result in results} <= {"Conflict", "System"}
    assert numbers_of_streams() == gapless(numbers_of_streams())
    written = len(documents(system.stream())) - 1
    assert written == sum(isinstance(result, System) for result in results) >= 1


@verb("system.registered")
def leave_a_note(actor: Any, *, system: System) -> System:
    record(system.stream(), after={"note": "unlocked"})
    return system


@pytest.mark.parametrize(
    ("name", "said"),
    [("a\0b", "NUL"), ("\ud800", "surrogate"), ("x" * 151, "too long")],
    ids=["NUL", "lone surrogate", "too long"],
)
def test_what_cannot_be_stored_is_invalid_input_and_recorded(system: System, name: str, said: str) -> None:
    actor = person()

    with pytest.raises(InvalidInput, match=said) as caught:
        rename(actor, system=system, name=name)

    assert caught.value.status == 400
    assert [refusal["after"]["code"] for refusal in refusals_of(actor)] == ["invalid_input"]


def divide() -> None:
    raise ZeroDivisionError


def test_an_error_of_the_program_is_no_refusal_and_undoes_the_verb(system: System) -> None:
    actor = person()

    with pytest.raises(ZeroDivisionError):
        rename(actor, system=system, name="Renamed", meanwhile=divide)

    assert System.objects.get().name != "Renamed"
    assert refusals_of(actor) == []
