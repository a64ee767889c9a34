"""Idempotency keys: the same call twice changes things once."""

import threading

import pytest

from governance.actors import Actor
from governance.errors import InvalidInput, NotFound
from governance.ledger.idempotency import IdempotencyKeyReused
from governance.ledger.models import Entry, IdempotencyRecord
from governance.registry.models import System
from tests.database import in_threads
from tests.governance.ledger.acts import TooLate, found, leave_alone, person, rename, rename_then_refuse
from tests.governance.ledger.reading import documents, refusals_of

REQUEST, OTHER = "sha256:" + "01" * 32, "sha256:" + "02" * 32


def keyed(actor: Actor | None = None, key: str = "key-1", request: str = REQUEST) -> Actor:
    return (actor or person()).with_idempotency(key, request)


def test_the_same_request_twice_answers_the_same_object_and_acts_once(committed_db: str) -> None:
    actor = keyed()

    first, second = found(actor, slug="onboarding"), found(actor, slug="onboarding")

    assert first == second == System.objects.get()
    assert Entry.objects.count() == 1


def test_a_replay_answers_the_object_as_it_is_now(committed_db: str) -> None:
    actor = keyed()
    system = found(actor, slug="onboarding")
    rename(person(), system=system, name="Renamed since")

    assert found(actor, slug="onboarding").name == "Renamed since"


def test_a_call_that_found_its_work_done_is_replayed_too(system: System) -> None:
    actor = keyed()

    assert leave_alone(actor, system=system) == leave_alone(actor, system=system) == system


def test_the_same_request_eight_times_at_once_acts_once(committed_db: str) -> None:
    actor = keyed()

    results = in_threads(*[lambda: found(actor, slug="onboarding")] * 8)

    assert results == [System.objects.get()] * 8
    assert Entry.objects.count() == 1


def tell_and_wait(started: threading.Event, go_on: threading.Event) -> None:
    started.set()
    go_on.wait(10)


def test_a_twin_waits_for_the_first_to_end(system: System) -> None:
    actor, started, go_on = keyed(), threading.Event(), threading.Event()

    def first() -> System:
        return rename(actor, system=system, name="Renamed", meanwhile=lambda: tell_and_wait(started, go_on))

    def twin() -> tuple[bool, System]:
        started.wait(10)
        threading.Timer(0.5, go_on.set).start()
        answered = rename(actor, system=system, name="Renamed")
        return go_on.is_set(), answered

    [original, (waited, replayed)] = in_threads(first, twin)

    assert waited
    assert original == replayed
    assert len(documents(system.stream())) == 2


def test_a_twin_of_a_call_that_is_refused_takes_its_place(system: System) -> None:
    actor, started = keyed(), threading.Event()

    def first() -> System:
        return rename(actor, system=system, name="Renamed", meanwhile=lambda: fail_after(started))

    def twin() -> System:
        started.wait(10)
        return rename(actor, system=system, name="Renamed by the twin")

    results = in_threads(first, twin)

    assert isinstance(results[0], TooLate)
    assert results[1].name == System.objects.get().name == "Renamed by the twin"


def fail_after(started: threading.Event) -> None:
    started.set()
    threading.Event().wait(0.3)
    raise TooLate("the first of the twins")


def test_the_same_key_for_another_request_is_refused_and_recorded(committed_db: str) -> None:
    ada = person()
    found(keyed(ada), slug="onboarding")

    with pytest.raises(IdempotencyKeyReused, match="key-1") as caught:
        found(keyed(ada, request=OTHER), slug="step-up")

    assert caught.value.status == 409
    assert System.objects.count() == 1
    assert [refusal["after"]["code"] for refusal in refusals_of(ada)] == ["idempotency_key_reused"]


def test_the_same_key_for_another_verb_is_refused(committed_db: str) -> None:
    actor = keyed()
    system = found(actor, slug="onboarding")
    IdempotencyRecord.objects.update(verb="channel.registered")

    with pytest.raises(IdempotencyKeyReused, match=r"channel\.registered"):
        rename(actor, system=system, name="Renamed")


def test_a_refused_call_keeps_no_key(system: System) -> None:
    actor = keyed()
    with pytest.raises(TooLate):
        rename_then_refuse(actor, system=system, name="Renamed")

    kept = IdempotencyRecord.objects.count()
    rename(actor, system=system, name="Renamed")

    assert kept == 0
    assert System.objects.get().name == "Renamed"


def test_another_actor_may_use_the_same_key(committed_db: str) -> None:
    found(keyed(person("ada")), slug="onboarding")
    found(keyed(person("grace"), request=OTHER), slug="step-up")

    assert System.objects.count() == 2


def test_without_a_key_nothing_is_kept(committed_db: str) -> None:
    found(person(), slug="onboarding")

    assert not IdempotencyRecord.objects.exists()


def test_a_replay_of_something_that_is_gone_says_so(system: System) -> None:
    actor = keyed()
    rename(actor, system=system, name="Renamed")
    IdempotencyRecord.objects.update(result_id="00000000-0000-7000-8000-000000000000")

    with pytest.raises(NotFound, match="no longer there"):
        rename(actor, system=system, name="Renamed")


@pytest.mark.parametrize("key", ["a\0b", "x" * 201])
def test_a_key_that_cannot_be_stored_is_invalid_input(system: System, key: str) -> None:
    with pytest.raises(InvalidInput):
        rename(keyed(key=key), system=system, name="Renamed")

    assert System.objects.get().name != "Renamed"
