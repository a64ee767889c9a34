"""The same at the same time, the same again, and changes past the verbs."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from governance.ledger.idempotency import IdempotencyKeyReused
from governance.ledger.models import Entry
from governance.registry.models import ComponentVersion
from releases.bundles.completeness import ReleaseIncomplete
from releases.bundles.content import ReleaseContent
from releases.bundles.models import Release, Revision
from releases.bundles.services import (
    draft_release,
    edit_release,
    freeze_release,
)
from tests.database import in_threads
from tests.factories.bundles import Parts, draft, frozen
from tests.releases.bundles.verbs import Verb, editing, freezing, withdrawing


def test_a_draft_repeated_with_its_key_is_made_once(here: Parts) -> None:
    by = here.author.with_idempotency("k1", "sha256:1")

    first = draft_release(by, system=here.system, name="v1", content=here.content)
    second = draft_release(by, system=here.system, name="v1", content=here.content)

    assert first == second
    assert Release.objects.count() == 1


@pytest.mark.parametrize("verb", [editing, freezing, withdrawing])
def test_a_verb_repeated_with_its_key_happens_once(here: Parts, verb: Verb) -> None:
    revision = draft(here.cast, here.content)
    by = here.author.with_idempotency("k1", "sha256:1")

    answers = [verb(here, by, revision) for _ in range(3)]

    assert {answer.id for answer in answers} == {revision.id}
    assert Entry.objects.filter(stream=revision.stream()).count() == 2


def test_a_revision_repeated_with_its_key_is_made_once(here: Parts) -> None:
    old = frozen(here.cast, here.content)
    by = here.author.with_idempotency("k1", "sha256:1")

    first = edit_release(by, revision=old, content=here.content)
    # The client repeats its call on what is now the newest revision, a draft.
    second = edit_release(by, revision=first, content=here.content)

    assert first == second
    assert Revision.objects.filter(release=old.release).count() == 2


def test_a_key_of_another_request_is_refused(here: Parts) -> None:
    revision = draft(here.cast, here.content)
    freeze_release(here.author.with_idempotency("k1", "sha256:1"), revision=revision)

    with pytest.raises(IdempotencyKeyReused):
        edit_release(here.author.with_idempotency("k1", "sha256:2"), revision=revision, content=here.content)


def test_of_two_edits_at_the_same_time_one_is_told_to_read_again(committed: Parts) -> None:
    revision = draft(committed.cast, committed.content)

    def edit() -> Revision:
        return edit_release(committed.author, revision=revision, content=committed.content, expected_edits=0)

    answers = in_threads(edit, edit, edit)

    assert sorted(type(answer).__name__ for answer in answers) == [
        "EditedMeanwhile",
        "EditedMeanwhile",
        "Revision",
    ]
    assert Revision.objects.get(id=revision.id).edits == 1


def test_of_two_freezes_at_the_same_time_one_wins(committed: Parts) -> None:
    revision = draft(committed.cast, committed.content)

    answers = in_threads(*[lambda: freeze_release(committed.author, revision=revision)] * 3)

    assert sorted(type(answer).__name__ for answer in answers) == ["Revision", "WrongState", "WrongState"]
    assert Entry.objects.filter(stream=revision.stream(), document__type="release.frozen").count() == 1


def test_the_same_key_at_the_same_time_freezes_once_and_answers_all(committed: Parts) -> None:
    revision = draft(committed.cast, committed.content)
    by = committed.author.with_idempotency("k1", "sha256:1")

    answers = in_threads(*[lambda: freeze_release(by, revision=revision)] * 3)

    assert [answer.id for answer in answers] == [revision.id] * 3


def test_a_name_drafted_twice_at_the_same_time_is_made_once(committed: Parts) -> None:
    answers = in_threads(*[lambda: draft(committed.cast, committed.content)] * 3)

    assert sum(isinstance(answer, Revision) for answer in answers) == 1
    assert Release.objects.count() == 1


def test_freezing_waits_for_a_revocation_of_one_of_its_components(committed: Parts) -> None:
    revision = draft(committed.cast, committed.content)
    model = committed.slot("model").component
    answers: list[object] = []
    freezing = threading.Thread(
        target=lambda: answers.extend(in_threads(lambda: freeze_release(committed.author, revision=revision)))
    )

    with transaction.atomic():
        ComponentVersion.objects.select_for_update(no_key=True).get(id=model.id)
        freezing.start()
        freezing.join(0.7)
        waited = freezing.is_alive()
    freezing.join()

    assert waited
    assert answers == [revision]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE releases_revision SET stack_digest = 'sha256:0'",
        "DELETE FROM releases_slot",
        "DELETE FROM releases_revisionchannel",
        "UPDATE releases_release SET name = 'other'",
    ],
)
def test_the_database_refuses_changes_without_an_entry(committed: Parts, statement: str) -> None:
    revision = frozen(committed.cast, committed.content)

    with pytest.raises(DatabaseError, match=f"no entry of stream {revision.stream()}"), transaction.atomic():
        connection.cursor().execute(statement)


def test_a_refused_freeze_is_recorded_and_names_the_release(committed: Parts) -> None:
    revision = draft(committed.cast, ReleaseContent())

    with pytest.raises(ReleaseIncomplete):
        freeze_release(committed.author, revision=revision)

    refused = Entry.objects.get(document__type="verb.refused")
    assert refused.document["after"]["code"] == "release_incomplete"
    assert refused.document["after"]["targets"] == [revision.stream()]
