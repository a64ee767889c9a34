"""What answers on a channel, now and at any time, and the step that changes it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from governance.actors import ActorMissing
from governance.ledger.queries import entry_of
from governance.registry.models import Channel
from releases.bundles.assignments import assign
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import live_assignment, live_matrix, live_revision
from tests.database import in_threads
from tests.factories.bundles import Parts, draft, frozen, go_live
from tests.factories.cast import actor

NOON = datetime(2100, 3, 18, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def start(here: Parts, revision: Revision, name: str = "android") -> Assignment:
    return go_live(actor(here.cast.release_manager), revision=revision, channel=here.cast.channel(name))


@pytest.fixture
def two_lives(here: Parts) -> tuple[Revision, Revision]:
    """v1 answers on android from noon, v2 from one o'clock."""
    first, second = frozen(here.cast, here.content, name="v1"), frozen(here.cast, here.content, name="v2")
    with time_machine.travel(NOON, tick=False):
        start(here, first)
    with time_machine.travel(NOON + HOUR, tick=False):
        start(here, second)
    return first, second


def test_nothing_is_live_on_a_channel_that_was_never_served(here: Parts) -> None:
    assert live_assignment(here.cast.channel("android")) is None
    assert live_revision(here.cast.channel("android"), NOON) is None


def test_what_was_live_at_any_time_is_found(here: Parts, two_lives: tuple[Revision, Revision]) -> None:
    first, second = two_lives
    android = here.cast.channel("android")
    minute = timedelta(minutes=1)

    at = (NOON - minute, NOON, NOON + HOUR - minute, NOON + HOUR, NOON + 2 * HOUR)

    assert [live_revision(android, moment) for moment in at] == [None, first, first, second, second]
    assert live_revision(android) == second


def test_the_entry_of_an_assignment_names_what_was_and_what_is_live(
    here: Parts, two_lives: tuple[Revision, Revision]
) -> None:
    first, second = two_lives
    android = here.cast.channel("android")

    entry = entry_of(android.stream(), "assignment.changed")

    assert entry is not None
    assert entry.document["before"]["revision"] == str(first.id)
    assert entry.document["after"]["revision"] == str(second.id)
    assert entry.document["refs"]["manifest"] == second.manifest_digest
    assert live_assignment(android).entry_id == entry.id  # type: ignore[union-attr]  # asserted by what it names


def test_two_changes_at_one_moment_leave_no_empty_period(here: Parts) -> None:
    first, second = frozen(here.cast, here.content, name="v1"), frozen(here.cast, here.content, name="v2")

    with time_machine.travel(NOON, tick=False):
        start(here, first)
        start(here, second)

    periods = [row.period for row in Assignment.objects.order_by("period")]
    assert [period.lower for period in periods] == [NOON, NOON + timedelta(microseconds=1)]
    assert not any(period.isempty for period in periods)


def test_the_matrix_has_a_cell_for_every_channel(here: Parts, two_lives: tuple[Revision, Revision]) -> None:
    cells = live_matrix(Channel.objects.filter(system=here.system))

    live = [(cell.channel.name, cell.assignment and cell.assignment.stable, cell.since) for cell in cells]
    assert live == [
        ("android", two_lives[1], NOON + HOUR),
        ("ios", None, None),
        ("mobile_web", None, None),
    ]


def test_assigning_outside_a_verb_is_refused(here: Parts) -> None:
    revision = draft(here.cast, here.content)

    with pytest.raises(ActorMissing):
        assign(here.cast.channel("android"), stable=revision, deployment=None, reason="by hand")


def test_releases_that_go_live_at_the_same_time_follow_one_another(committed: Parts) -> None:
    revisions = [frozen(committed.cast, committed.content, name=f"v{number}") for number in range(4)]

    answers = in_threads(*[lambda r=revision: start(committed, r) for revision in revisions])

    rows = list(Assignment.objects.order_by("period"))
    assert {answer.stable_id for answer in answers} == {row.stable_id for row in rows}
    assert [row.period.upper for row in rows[:-1]] == [row.period.lower for row in rows[1:]]
    assert rows[-1].period.upper is None


def test_the_guard_refuses_an_assignment_without_an_entry(committed: Parts) -> None:
    start(committed, frozen(committed.cast, committed.content))

    with pytest.raises(DatabaseError, match="no entry of stream channel:"), transaction.atomic():
        connection.cursor().execute("UPDATE releases_assignment SET stage = 'guarded'")
