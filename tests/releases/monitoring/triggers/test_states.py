"""The course of a trigger: what trips, what clears, and what does neither."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from releases.monitoring.triggers.states import (
    ASKING,
    TRANSITIONS,
    Course,
    Rule,
    acknowledged,
    folded,
    judged_again,
    stepped,
)
from releases.monitoring.triggers.vocabulary import Action, Phase
from releases.monitoring.vocabulary.series import WINDOW
from tests.factories.triggers import at, course_of, judged, phases

HOLD = Rule(Action.HOLD)
LATCHED = Rule(Action.ROLLBACK, latch=True)
LETTERS = st.text(alphabet="bc-w ", max_size=30)
RULES = st.builds(
    Rule,
    action=st.sampled_from(list(Action)),
    lasting=st.sampled_from([timedelta(), WINDOW, WINDOW * 3]),
    keep_firing=st.sampled_from([timedelta(), WINDOW, WINDOW * 3]),
    cooldown=st.sampled_from([timedelta(), WINDOW * 4]),
    latch=st.booleans(),
)


def test_a_breach_fires_at_once_where_nothing_asks_it_to_last() -> None:
    assert phases(HOLD, "cb") == ["inactive", "firing"]


def test_a_breach_that_must_last_is_pending_until_it_has() -> None:
    rule = Rule(Action.HOLD, lasting=WINDOW * 2)

    assert phases(rule, "bbbb") == ["pending", "pending", "firing", "firing"]


def test_a_breach_that_ends_before_its_time_never_fires() -> None:
    rule = Rule(Action.HOLD, lasting=WINDOW * 2)

    assert phases(rule, "bbcbb") == ["pending", "pending", "inactive", "pending", "pending"]


def test_what_fires_recovers_before_it_is_quiet() -> None:
    assert phases(HOLD, "bcc") == ["firing", "recovering", "inactive"]


def test_what_recovers_still_asks_for_its_action() -> None:
    courses = course_of(HOLD, "bcc")

    assert [course.asks for course in courses] == [Action.HOLD, Action.HOLD, None]


def test_it_keeps_firing_for_as_long_as_the_plan_says_after_the_last_breach() -> None:
    rule = Rule(Action.HOLD, keep_firing=WINDOW * 3)

    assert phases(rule, "bcccc") == ["firing", *["recovering"] * 3, "inactive"]


def test_a_relapse_while_it_recovers_fires_again_and_begins_to_recover_anew() -> None:
    rule = Rule(Action.HOLD, keep_firing=WINDOW * 2)

    assert phases(rule, "bcbccc") == [
        "firing",
        "recovering",
        "firing",
        "recovering",
        "recovering",
        "inactive",
    ]


def test_absent_data_neither_clear_what_fires_nor_let_a_pending_breach_ripen() -> None:
    rule = Rule(Action.HOLD, lasting=WINDOW * 2)

    assert phases(rule, "bbb    ") == ["pending", "pending", *["firing"] * 5]
    assert phases(rule, "b      ") == ["pending"] * 7


def test_too_few_subjects_move_nothing() -> None:
    assert phases(HOLD, "bwwc") == ["firing", "firing", "firing", "recovering"]
    assert phases(HOLD, "www") == ["inactive"] * 3


def test_between_the_limits_nothing_changes() -> None:
    assert phases(HOLD, "-b-c-c") == ["inactive", "firing", "firing", "recovering", "recovering", "inactive"]


def test_a_latched_trigger_goes_on_until_somebody_acknowledges_it() -> None:
    latched = course_of(LATCHED, "bcccc")[-1]

    assert latched.phase is Phase.FIRING
    assert folded(acknowledged(latched), LATCHED, [judged(5, "clear")]).phase is Phase.INACTIVE


def test_a_latched_trigger_makes_no_entry_of_data_that_come_and_go() -> None:
    assert phases(LATCHED, "bcbcb") == ["firing"] * 5


def test_what_was_acknowledged_while_it_was_bad_recovers_first() -> None:
    acknowledged_bad = acknowledged(course_of(LATCHED, "bcb")[-1])

    recovers = folded(acknowledged_bad, LATCHED, [judged(3, "clear")])

    assert recovers.phase is Phase.RECOVERING
    assert folded(recovers, LATCHED, [judged(4, "clear")]).phase is Phase.INACTIVE


def test_an_acknowledgement_alone_does_not_end_a_breach() -> None:
    firing = acknowledged(course_of(LATCHED, "bb")[-1])

    assert folded(firing, LATCHED, [judged(2, "breach")]).phase is Phase.FIRING


def test_a_weaker_answer_than_the_triggers_own_is_not_latched() -> None:
    held = stepped(Course(), LATCHED, judged(0, "breach", Action.HOLD))

    ended = folded(held, LATCHED, [judged(1, "clear"), judged(2, "clear")])

    assert (held.asks, held.latched, ended.phase) == (Action.HOLD, False, Phase.INACTIVE)


def test_a_suspicion_that_is_confirmed_asks_for_more_and_is_latched() -> None:
    held = stepped(Course(), LATCHED, judged(0, "breach", Action.HOLD))

    confirmed = stepped(held, LATCHED, judged(1, "breach", Action.ROLLBACK))

    assert (confirmed.asks, confirmed.latched) == (Action.ROLLBACK, True)


def test_what_asks_for_a_rollback_never_sinks_to_a_hold() -> None:
    firing = stepped(Course(), LATCHED, judged(0, "breach", Action.ROLLBACK))

    assert stepped(firing, LATCHED, judged(1, "breach", Action.HOLD)).asks is Action.ROLLBACK


def test_while_it_cools_down_a_message_is_not_sent_again() -> None:
    rule = Rule(Action.NOTIFY, cooldown=WINDOW * 3)

    assert phases(rule, "bccbbb") == ["firing", "recovering", "inactive", "pending", "pending", "firing"]


def test_judging_the_same_window_twice_changes_nothing() -> None:
    courses = course_of(HOLD, "bc")

    assert stepped(courses[-1], HOLD, judged(1, "clear")) == courses[-1]


def test_a_window_that_late_data_made_worse_fires_when_it_is_judged_again() -> None:
    quiet = course_of(HOLD, "cc")[-1]

    assert stepped(quiet, HOLD, judged(1, "breach")).phase is Phase.FIRING


def test_data_older_than_what_was_judged_are_passed_over() -> None:
    quiet = course_of(HOLD, "ccc")[-1]

    assert stepped(quiet, HOLD, judged(0, "breach")) == quiet


@given(found=LETTERS, rule=RULES)
def test_without_a_breach_nothing_ever_asks(found: str, rule: Rule) -> None:
    courses = course_of(rule, found.replace("b", "c"))

    assert {course.asks for course in courses} <= {None}


@given(found=LETTERS, rule=RULES)
def test_windows_without_data_can_be_left_out(found: str, rule: Rule) -> None:
    kept = [
        judged(place, {"b": "breach", "c": "clear"}[letter])
        for place, letter in enumerate(found)
        if letter in "bc"
    ]

    assert (
        folded(Course(), rule, kept).phase
        == ([Course(), *course_of(rule, found.replace("-", " ").replace("w", " "))][-1]).phase
    )


@given(found=LETTERS, rule=RULES, again=st.integers(1, 3))
def test_windows_judged_again_and_again_come_to_the_same(found: str, rule: Rule, again: int) -> None:
    each = [
        judged(p, {"b": "breach", "c": "clear", "-": "between"}.get(x, "waiting"))
        for p, x in enumerate(found)
    ]

    repeated = [one for one in each for _ in range(again)]

    assert folded(Course(), rule, repeated) == folded(Course(), rule, each)


@given(found=LETTERS, rule=RULES)
def test_only_transitions_of_the_table_are_made(found: str, rule: Rule) -> None:
    seen = [Phase.INACTIVE, *(course.phase for course in course_of(rule, found))]

    assert all(b in TRANSITIONS[a] for a, b in pairwise(seen) if a is not b)


@given(found=LETTERS, rule=RULES)
def test_a_latch_holds_whatever_the_data_say(found: str, rule: Rule) -> None:
    latched = Rule(rule.action, latch=True)

    courses = course_of(latched, "b" + found)

    assert {course.phase in ASKING for course in courses} == {True}


def test_the_time_of_a_change_is_that_of_its_data() -> None:
    assert course_of(HOLD, "cb")[-1].since == at(1)


def again(rule: Rule, first: str, then: str) -> Course:
    """The course where windows were first found to be one thing, and after late data another."""
    words = {"b": "breach", "c": "clear", "-": "between"}
    course = course_of(rule, first)[-1]
    return judged_again(course, rule, [judged(at_, words[one]) for at_, one in enumerate(then)])[0]


def test_a_window_that_late_data_make_a_breach_fires_whatever_came_after_it() -> None:
    found = again(HOLD, "ccc", "cbc")

    assert (found.phase, found.since, found.judged_to) == (Phase.FIRING, at(1), at(2))


def test_late_data_clear_nothing_that_fires_and_end_what_was_only_pending() -> None:
    lasting = Rule(Action.HOLD, lasting=WINDOW * 3)

    assert again(HOLD, "cb", "cc").phase is Phase.FIRING
    assert again(lasting, "cbb", "ccc").phase is Phase.INACTIVE
    assert again(lasting, "cbb", "cbb") == course_of(lasting, "cbb")[-1]


def test_late_data_bring_back_what_recovers_and_no_firing_that_is_over() -> None:
    assert again(HOLD, "bc", "bb").phase is Phase.FIRING
    assert again(HOLD, "bccc", "bbcc").phase is Phase.INACTIVE
    assert again(HOLD, "bccc", "bccb").phase is Phase.FIRING
