"""Plans as people write and read them: lines into stages and back, words, and the drawn shares."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audits.pages.plan_words import plan_words
from audits.pages.shares import shares_of
from audits.pages.stage_lines import lines_of, stages_from
from releases.bundles.documents import checked_document
from releases.bundles.models import Assignment, Release, Revision

WHOLE: list[dict[str, Any]] = [
    {"kind": "internal_testing", "keys": ["tester-1", "tester-2"], "min_duration_seconds": 172_800},
    {"kind": "shadow", "min_duration_seconds": 86_400},
    {"kind": "guarded", "coverage": 0.1, "min_duration_seconds": 5_400, "max_duration_seconds": 604_800},
    {"kind": "guarded", "coverage": 0.25, "min_duration_seconds": 90},
    {"kind": "segment_monitoring", "coverage": 0.5},
    {"kind": "general"},
]


def test_a_plan_survives_being_written_and_read() -> None:
    assert stages_from(lines_of(WHOLE), []) == WHOLE


def test_what_is_written_reads_like_a_sentence() -> None:
    assert lines_of(WHOLE).splitlines()[:3] == [
        "internal testing, at least 2 days, keys: tester-1 tester-2",
        "shadow, at least 24 h",
        "guarded 10 %, at least 90 min, held after 7 days",
    ]


@pytest.mark.parametrize(
    "text",
    ["guarded 25%", "Guarded 25 %.", "  guarded 25.0 %  ", "guarded 25 %\n\n"],
)
def test_small_liberties_are_taken(text: str) -> None:
    assert stages_from(text, []) == [{"kind": "guarded", "coverage": 0.25}]


@pytest.mark.parametrize("text", ["canary 25 %", "guarded a quarter", "guarded 25 % for ever", "25 %"])
def test_a_line_that_is_no_stage_is_named(text: str) -> None:
    with pytest.raises(ValidationError, match="is no stage"):
        stages_from(f"{text}\ngeneral", [])


def test_what_a_line_cannot_say_is_kept() -> None:
    before: list[dict[str, Any]] = [
        {"kind": "guarded", "coverage": 0.25, "criteria": [{"key": "apcer"}], "min_subjects": 200},
        {"kind": "general"},
    ]

    stages = stages_from("guarded 10 %, at least 24 h\ngeneral", before)

    assert stages[0] == {
        "kind": "guarded",
        "coverage": 0.1,
        "min_duration_seconds": 86_400,
        "criteria": [{"key": "apcer"}],
        "min_subjects": 200,
    }


def test_a_plan_is_told_with_shares_durations_and_what_is_not_evaluated() -> None:
    criteria = [{"key": "apcer", "description": "No species worsens"}]
    guarded = {"kind": "guarded", "coverage": 0.25, "min_duration_seconds": 86_400, "criteria": criteria}
    told = plan_words(checked_document("rollout_plan", {"stages": [guarded, {"kind": "general"}]}))

    assert told.stages[0].name == "Guarded 25 %"
    assert told.stages[0].text == "25 % of the people get it, 25 % are its control. At least 1 day."
    assert told.stages[0].criteria == (("No species worsens", False),)
    assert told.warnings == ()
    assert told.has_guarded


def test_a_guarded_stage_without_a_minimum_duration_is_warned_of() -> None:
    told = plan_words({"stages": [{"kind": "guarded", "coverage": 0.25}, {"kind": "general"}]})

    assert told.warnings == (
        "Guarded 25 % may be left as soon as it has begun; a release that had less than an hour of it shows "
        "as a gap.",
    )


def assignment(share: float, **given: object) -> Assignment:
    stable = Revision(release=Release(name="3.0"), number=1)
    coming = Revision(release=Release(name="3.1"), number=1)
    return Assignment(
        stable=stable,
        candidate=coming,
        treatment_share=share,
        control_share=share,
        **{"stage": "guarded", **given},
    )


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0.25, [("candidate", 0, 25), ("rest", 25, 25), ("control", 50, 25), ("rest", 75, 25)]),
        (0.5, [("candidate", 0, 50), ("control", 50, 50)]),
        (0, [("rest", 0, 100)]),
    ],
)
def test_shares_are_drawn_where_the_hash_puts_them(share: float, drawn: list[tuple[str, int, int]]) -> None:
    bar = shares_of(assignment(share))

    assert bar is not None
    assert [(part.look, part.x, part.width) for part in bar.parts] == drawn


def test_without_a_candidate_nothing_is_drawn() -> None:
    assert shares_of(Assignment(stable=Revision(release=Release(name="3.0")))) is None


def test_a_shadow_and_test_keys_are_told_in_words() -> None:
    shadow = shares_of(assignment(0, stage="shadow"))
    keys = shares_of(assignment(0, stage="internal_testing", internal_keys=["a"]))

    assert shadow is not None
    assert shadow.sentence == "Everybody gets 3.0; 3.1 is scored beside it and decides nothing."
    assert keys is not None
    assert keys.sentence == "3.1 answers 1 named test key; everybody else gets 3.0."
