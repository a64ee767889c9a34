"""Whether every instance follows a change, by what it reports. No database."""

from collections.abc import Sequence
from datetime import timedelta

from releases.monitoring.heartbeats.queries import Beat
from releases.monitoring.watching.landings import Following, following
from tests.factories.triggers import T0

DUE = frozenset({"good"})


def beat(instance: str, stamp: str, second: float) -> Beat:
    at = T0 + timedelta(seconds=second)
    return Beat(instance, stamp, None, at, at)


def found(*beats: Beat, second: float = 120) -> Following:
    return following(beats, DUE, T0, T0 + timedelta(seconds=second))


def missing(*beats: Beat) -> Sequence[str]:
    return found(*beats).missing


def test_an_instance_that_changed_its_stamp_follows() -> None:
    whole = found(beat("a", "bad", -20), beat("a", "good", 40), beat("b", "good", 15))

    assert (whole.instances, whole.missing, whole.is_whole) == (("a", "b"), (), True)


def test_one_that_still_ran_the_old_one_for_a_moment_follows_once_it_has_left_it() -> None:
    assert missing(beat("a", "bad", 10), beat("a", "good", 70)) == ()


def test_one_that_answers_with_both_has_not_left_the_old_one() -> None:
    assert missing(beat("a", "good", 70.01), beat("a", "bad", 70)) == ("a reports both releases",)


def test_one_that_reports_the_old_one_has_not_followed() -> None:
    assert missing(beat("a", "good", -70), beat("a", "bad", 30)) == (
        "a still reports another release at 08:00:30 UTC",
    )


def test_silence_is_no_proof() -> None:
    silent = found(beat("a", "good", -30), beat("b", "good", 30))

    assert (silent.is_whole, silent.instances) == (False, ("b",))
    assert silent.sentence == "a is silent since 07:59:30 UTC."


def test_one_that_is_silent_for_three_reports_while_others_follow_is_gone_and_named() -> None:
    replaced = (beat("a", "bad", -20), beat("b", "bad", 30), beat("c", "good", 200))

    early = found(*replaced, second=205)
    later = found(*replaced, second=215)

    assert (early.is_whole, early.gone) == (False, ("a",))
    assert early.missing == ("b still reports another release at 08:00:30 UTC",)
    assert (later.is_whole, later.instances, later.gone) == (True, ("c",), ("a", "b"))


def test_where_nobody_who_follows_is_heard_any_more_silence_is_no_proof_either() -> None:
    alone = found(beat("a", "bad", -20), second=4000)
    dark = found(beat("a", "bad", -20), beat("b", "good", 30), second=4000)

    assert (alone.is_whole, dark.is_whole) == (False, False)
    assert dark.missing == ("a is silent since 07:59:40 UTC",)


def test_where_no_instance_reports_nobody_sees_where_it_stands() -> None:
    assert found().is_whole is False
    assert found().sentence == "No instance reports, so nobody sees which release decides there."
