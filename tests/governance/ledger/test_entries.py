"""Entries: what stands in them, their numbers, their times, what is refused."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.actors import ActorMissing, Principal, acting_as, command_actor, task_actor
from governance.identifiers import new_id
from governance.ledger.canonical import canonical_bytes, digest_of_bytes, format_time
from governance.ledger.commitments import commit
from governance.ledger.entries import (
    MAX_BODY_BYTES,
    EntryTooLarge,
    MalformedReference,
    append_entry,
    store_blob,
)
from governance.ledger.events import UnknownEvent
from governance.ledger.models import Blob, Entry, Pending, Salt
from governance.ledger.queries import actor_ids, entry_of, seal_lag
from governance.registry.models import System
from tests.governance.ledger.acts import EVENT, found, person, record_in_two_streams, rename
from tests.governance.ledger.reading import append, documents

DIGEST = "sha256:" + "0a" * 32


def test_an_entry_holds_who_what_when_and_why(system: System) -> None:
    actor = person("grace")

    rename(actor, system=system, name="Renamed", refs={"plan": DIGEST})

    entry = Entry.objects.get(stream=system.stream(), stream_seq=2)
    assert json.loads(bytes(entry.body)) == {
        "schema": "countersign.entry.v1",
        "id": str(entry.id),
        "type": EVENT,
        "stream": system.stream(),
        "seq": 2,
        "at": entry.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "actor": {
            "kind": "user",
            "id": str(actor.id),
            "username": "grace",
            "auth": {"method": "session", "mfa": True, "token": None},
        },
        "on_behalf_of": None,
        "request_id": "request-1",
        "task_id": None,
        "reason": None,
        "before": None,
        "after": {"name": "Renamed"},
        "refs": {"plan": DIGEST, "cause": None},
    }


def test_the_body_is_canonical_and_the_document_is_computed_from_it(system: System) -> None:
    entry = Entry.objects.get()

    assert bytes(entry.body) == canonical_bytes(entry.document)
    assert Pending.objects.get().entry == entry


FACTS = {
    "nothing": {},
    "text of every kind": {"reason": 'Ünïcode, "quotes", \u2028 and 😀', "after": {"ö": "\\ {at} %s"}},
    "names that are members too": {"before": {"at": 1, "seq": 2}, "after": {"at": [0.1], "seq": None}},
    "evidence": {"refs": {"plan": DIGEST, "at": DIGEST}},
}


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
@pytest.mark.parametrize("at", [None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)], ids=["now", "simulated"])
def test_what_the_database_completes_is_canonical_too(
    db: None, facts: dict[str, Any], at: datetime | None
) -> None:
    append("system:1")

    entry = append("system:1", person(at=at, simulated=at is not None), **facts)

    stored = Entry.objects.get(pk=entry.pk)
    told = json.loads(bytes(stored.body))
    assert bytes(stored.body) == bytes(entry.body) == canonical_bytes(told)
    assert (
        (told["seq"], told["at"]) == (stored.stream_seq, format_time(stored.at)) == (2, format_time(entry.at))
    )
    assert (told["reason"], told["after"]) == (facts.get("reason"), facts.get("after"))


def test_an_entry_of_a_task_names_for_whom_it_works(db: None) -> None:
    asker = Principal(new_id(), "grace")

    append("system:1", task_actor("task-1", asker))

    [document] = documents("system:1")
    assert document["actor"] == {
        "kind": "task",
        "id": None,
        "username": "engine",
        "auth": {"method": "worker", "mfa": False, "token": None},
    }
    assert document["on_behalf_of"] == {"id": str(asker.id), "username": "grace"}
    assert document["task_id"] == "task-1"
    assert actor_ids(["system:1"], [EVENT]) == {asker.id}


def test_an_entry_of_a_command_names_the_operator(db: None) -> None:
    append("system:1", command_actor("root"))

    [document] = documents("system:1")
    assert (document["actor"]["kind"], document["actor"]["username"]) == ("command", "root")


def test_a_consequence_names_its_cause(system: System, other_system: System) -> None:
    record_in_two_streams(person(), first=system, second=other_system)

    cause = Entry.objects.get(stream=system.stream(), stream_seq=2)
    assert cause.document["refs"]["cause"] is None
    assert documents(other_system.stream())[-1]["refs"]["cause"] == str(cause.id)
    assert entry_of(other_system.stream(), "channel.registered") is not None


def test_numbers_start_at_one_and_leave_no_gap_after_a_rollback(db: None) -> None:
    append("system:1")
    savepoint = transaction.savepoint()
    append("system:1")
    transaction.savepoint_rollback(savepoint)
    append("system:1")

    assert [document["seq"] for document in documents("system:1")] == [1, 2]


def test_a_number_cannot_be_used_twice(db: None) -> None:
    append("system:1")

    with pytest.raises(IntegrityError, match="entry_stream_seq"):
        Entry.objects.create(stream="system:1", stream_seq=1, body=b"{}", at=timezone.now())


def test_time_never_goes_back_within_a_stream(db: None) -> None:
    late = datetime(2026, 1, 2, tzinfo=UTC)
    append("system:1", person(at=late, simulated=True))

    entry = append("system:1", person(at=late - timedelta(days=1), simulated=True))

    assert entry.at == late
    assert documents("system:1")[-1]["at"] == "2026-01-02T00:00:00.000000Z"


@pytest.mark.parametrize("marked", [True, False])
def test_a_time_that_was_passed_in_is_always_marked_simulated(db: None, marked: bool) -> None:
    append("system:1", person(at=datetime(2026, 1, 2, tzinfo=UTC), simulated=marked))

    assert documents("system:1")[0]["simulated"] is True


def test_an_entry_of_the_servers_clock_is_not_marked(db: None) -> None:
    append("system:1")

    assert "simulated" not in documents("system:1")[0]


def test_a_simulated_time_lies_in_the_past(system: System) -> None:
    tomorrow = timezone.now() + timedelta(days=1)

    with pytest.raises(ValueError, match="lies in the past"):
        rename(person(at=tomorrow, simulated=True), system=system, name="Renamed")


def test_without_an_actor_nothing_is_recorded(db: None) -> None:
    with pytest.raises(ActorMissing, match="@verb"):
        append_entry(EVENT, "system:1")


def test_an_event_that_is_not_in_the_catalogue_is_refused(db: None) -> None:
    with pytest.raises(UnknownEvent, match=r"system\.renamed"):
        append_entry("system.renamed", "system:1")


def test_an_entry_outside_a_transaction_is_refused(committed_db: str) -> None:
    with pytest.raises(transaction.TransactionManagementError, match="transaction of its change"):
        append("system:1")


def test_an_entry_of_32_kib_fits_and_one_byte_more_does_not(db: None) -> None:
    entry = append("system:1", after="")
    room = MAX_BODY_BYTES - len(entry.body)

    append("system:2", after="x" * room)
    with pytest.raises(EntryTooLarge, match="32769 bytes"):
        append("system:3", after="x" * (room + 1))


def test_an_entry_that_is_too_large_is_not_committed_by_whoever_catches_the_refusal(
    committed_db: str,
) -> None:
    with acting_as(person()), transaction.atomic(), suppress(EntryTooLarge):
        append_entry(EVENT, "system:1", after="x" * MAX_BODY_BYTES)

    assert not Entry.objects.exists()


@pytest.mark.parametrize("refs", [{"plan": "not a digest"}, {"plan": ""}, {"cause": DIGEST}])
def test_evidence_is_named_by_digest_or_not_at_all(db: None, refs: dict[str, Any]) -> None:
    with pytest.raises(MalformedReference, match="sha256"):
        append("system:1", refs=refs)


def test_a_blob_is_kept_once_under_its_digest(db: None) -> None:
    digests = {store_blob(b"card"), store_blob(b"card")}

    assert digests == {digest_of_bytes(b"card")}
    assert bytes(Blob.objects.get().bytes) == b"card"


def test_a_commitment_opens_with_its_salt_and_survives_its_erasure(db: None) -> None:
    commitment = commit("Ada Lovelace")
    append("system:1", after={"display_name": commitment})
    salt = Salt.objects.get(commitment=commitment)
    opened = digest_of_bytes(bytes(salt.salt) + salt.value.encode())

    salt.delete()

    assert opened == commitment
    assert documents("system:1")[0]["after"]["display_name"] == commitment
    assert b"Lovelace" not in bytes(Entry.objects.get().body)


def test_two_commitments_to_one_value_differ(db: None) -> None:
    assert commit("Ada") != commit("Ada")
    assert commit("") is None


def test_the_seal_lag_is_the_age_of_the_oldest_waiting_entry(committed_db: str) -> None:
    assert seal_lag() == timedelta(0)

    found(person(at=timezone.now() - timedelta(days=30), simulated=True), slug="old")

    assert timedelta(0) < seal_lag() < timedelta(minutes=1)
