"""The sentence of the release page, and what changed, side by side."""

from typing import Any

import pytest

from audits.pages.changes import marked
from audits.pages.rollout_standing import ended
from audits.pages.standing import Facts, listed, standing


@pytest.mark.parametrize(
    ("given", "look", "headline"),
    [
        ({"state": "draft"}, "open", "v1 is a complete draft. Freeze it to have it evaluated."),
        ({"state": "draft", "missing": ("a",)}, "open", "v1 is a draft and one part is missing."),
        ({"state": "frozen"}, "open", "v1 is frozen. Ask for its evaluation."),
        ({"state": "frozen", "verdict": "fail"}, "fail", "v1 failed its gate and cannot go to approval."),
        ({"state": "frozen", "verdict": "pass"}, "pass", "v1 passed its gate. Ask for its approval."),
        (
            {"state": "in_review", "seats": (1, 2), "asked_for": ("ios",)},
            "open",
            "v1 is in review for ios: 1 of 2 seats is filled.",
        ),
        (
            {"state": "approved", "ready": ("android", "ios")},
            "pass",
            "v1 is approved for android and ios and not live yet.",
        ),
        (
            {"state": "approved", "live": ("android",), "rolled_back": ("mobile_web",)},
            "live",
            "v1 is live on android and rolled back on mobile_web.",
        ),
        ({"state": "approved", "superseded": ("ios",)}, "void", "v1 is replaced on ios."),
        ({"state": "rejected"}, "fail", "v1 was rejected."),
        ({"state": "withdrawn"}, "void", "v1 is withdrawn."),
        (
            {"state": "frozen", "is_newest": False},
            "void",
            "Revision 1 of v1 is void: a newer revision took its place.",
        ),
    ],
)
def test_the_sentence_follows_from_the_facts(given: dict[str, Any], look: str, headline: str) -> None:
    found = standing(Facts("v1", 1, **given))

    assert (found.look, found.headline) == (look, headline)


def test_an_adopted_release_says_that_no_gate_stands_behind_it() -> None:
    found = standing(Facts("v0", 1, "frozen", adopted=True, live=("android",)))

    assert "no gate and no approval stand behind it" in found.support


@pytest.mark.parametrize(
    ("names", "text"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_names_are_listed_as_people_say_them(names: tuple[str, ...], text: str) -> None:
    assert listed(names) == text


def test_only_what_differs_is_marked() -> None:
    old, new = marked("accept ≤ 0.9780, no retry", "accept ≤ 0.5884, retry ≤ 0.7282")

    assert old == (("accept ≤", False), ("0.9780, no", True), ("retry", False))
    assert new == (("accept ≤", False), ("0.5884,", True), ("retry", False), ("≤ 0.7282", True))


@pytest.mark.parametrize(("written", "shown"), [("Two masks passed", "Two masks passed."), ("Why?", "Why?")])
def test_a_reason_is_ended_like_a_sentence(written: str, shown: str) -> None:
    assert ended(f" {written} ") == shown
