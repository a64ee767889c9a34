"""A rollback is watched until every instance follows; what does not follow in time is escalated, once."""

from datetime import datetime, timedelta

import pytest

from audits.answers.gap_kinds import GapKind
from audits.answers.gaps import gaps_visible_to
from governance.access.models import Account
from governance.access.queries import PermissionDenied
from governance.ledger.models import Entry
from governance.ledger.queries import entry_of
from governance.notifications.models import Notification
from releases.rollouts.landing import confirm_landing, watched_rollbacks
from releases.rollouts.models import Rollback
from tests.factories.cast import actor
from tests.factories.looked import beaten, later, ticked
from tests.factories.rollouts import on_its_way, taken_back
from tests.factories.worlds import Prepared

ANDROID = "android"


@pytest.fixture
def rollback(prepared: Prepared) -> Rollback:
    """A release that was on its way, taken back."""
    on_its_way(prepared.here, prepared.candidate, ANDROID)
    return taken_back(prepared.here)


def stored(rollback: Rollback) -> Rollback:
    return Rollback.objects.get(id=rollback.id)


def after(rollback: Rollback, **span: float) -> datetime:
    return later(rollback.rolled_back_at, **span)


def beats(prepared: Prepared, rollback: Rollback, instance: str, stamp: str, seconds: float) -> None:
    here = prepared.here
    at = rollback.rolled_back_at + timedelta(seconds=seconds)
    beaten(here, here.cast.channel(ANDROID), instance, stamp, at)


def test_it_has_landed_once_every_instance_follows(prepared: Prepared, rollback: Rollback) -> None:
    good = rollback.target.manifest_digest
    beats(prepared, rollback, "a", prepared.candidate.manifest_digest, -0.1)
    beats(prepared, rollback, "b", good, 20)

    ticked(after(rollback, seconds=25))
    half = stored(rollback).landing
    beats(prepared, rollback, "a", good, 30)
    ticked(after(rollback, seconds=31))
    ticked(after(rollback, seconds=33))

    entry = entry_of(rollback.stream(), "rollback.landed")
    assert (half, stored(rollback).landing) == ("pending", "landed")
    assert stored(rollback).landed_at == after(rollback, seconds=31)
    assert entry is not None
    assert entry.document["after"]["seconds"] == 31
    assert entry.document["after"]["instances"] == ["a", "b"]
    assert watched_rollbacks() == []


def test_one_that_does_not_follow_in_two_minutes_is_escalated_once_and_lands_once_it_is_gone(
    prepared: Prepared, rollback: Rollback
) -> None:
    bad, good = prepared.candidate.manifest_digest, rollback.target.manifest_digest
    beats(prepared, rollback, "a", bad, 60)
    beats(prepared, rollback, "b", good, 60)

    ticked(after(rollback, seconds=119))
    early = stored(rollback).landing
    ticked(after(rollback, seconds=121))
    ticked(after(rollback, seconds=123))
    escalated = stored(rollback)
    beats(prepared, rollback, "b", good, 300)
    ticked(after(rollback, seconds=301))

    entry = entry_of(rollback.stream(), "rollback.landed")
    told = Notification.objects.filter(event="rollback.escalated")
    assert (early, escalated.landing, stored(rollback).landing) == ("pending", "escalated", "landed")
    assert "a still reports another release" in escalated.missing
    assert Entry.objects.filter(document__type="rollback.escalated").count() == 1
    assert {row.account.username for row in told} >= {"release_manager", "security_all"}
    assert stored(rollback).missing == ""
    assert entry is not None
    assert (entry.document["after"]["instances"], entry.document["after"]["gone"]) == (["b"], ["a"])


def test_where_no_instance_reports_that_is_what_is_escalated(prepared: Prepared, rollback: Rollback) -> None:
    ticked(after(rollback, minutes=3))

    assert stored(rollback).landing == "escalated"
    assert stored(rollback).missing == "No instance reports, so nobody sees which release decides there."


def test_what_was_escalated_is_watched_for_a_week_more(prepared: Prepared, rollback: Rollback) -> None:
    ticked(after(rollback, minutes=3))
    good = rollback.target.manifest_digest

    beats(prepared, rollback, "a", good, 8 * 86_400)
    ticked(after(rollback, days=8, seconds=1))

    assert stored(rollback).landing == "escalated"


@pytest.mark.parametrize("who", ["release_manager", "security_all", "integration", "admin"])
def test_nobody_but_the_engine_says_that_it_landed(prepared: Prepared, rollback: Rollback, who: str) -> None:
    with pytest.raises(PermissionDenied):
        confirm_landing(actor(getattr(prepared.here.cast, who)), rollback=rollback, instances=["a"])


def test_what_has_not_landed_is_a_gap_until_it_has(prepared: Prepared, rollback: Rollback) -> None:
    auditor, stranger = prepared.here.cast.auditor, prepared.here.cast.stranger

    before = kinds_of_gaps(auditor)
    ticked(after(rollback, minutes=3))
    during = kinds_of_gaps(auditor)
    hidden = kinds_of_gaps(stranger)
    beats(prepared, rollback, "a", rollback.target.manifest_digest, 300)
    ticked(after(rollback, seconds=301))

    gap = GapKind.ROLLBACK_NOT_LANDED
    assert [gap in kinds for kinds in (before, during, hidden)] == [False, True, False]
    assert gap not in kinds_of_gaps(auditor)


def kinds_of_gaps(account: Account) -> set[GapKind]:
    return {gap.kind for gap in gaps_visible_to(actor(account))}
