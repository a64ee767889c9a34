"""One decision recomputed: as score tables are decided, and never called the same where it cannot be."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.registry.predicates import Condition
from releases.monitoring.replaying.replay import (
    Fusion,
    NotReplayable,
    Replay,
    Reported,
    deciding_band,
    fused,
    replay,
    zone,
)
from releases.scores.bands import Band, Bands, decision_columns
from releases.scores.normalise import ATTRIBUTE_PREFIX
from releases.statistics.thresholds import AtThreshold, Polarity

SCORE = Fusion("single_score", ("score",), {})
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
TONE = "skin_tone"
CHANNELS = ("android", "ios")
USE_CASES = ("onboarding", "payment")
TONES = ("1", "6")


def policy(*bands: Band, attempts: int = 1) -> Bands:
    chosen = bands or (Band(accept=0.5, retry=0.75),)
    return Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, chosen, attempts)


def reported(
    score: float, outcome: str, band: str = "", attributes: Mapping[str, Any] | None = None
) -> Reported:
    return Reported({"score": score}, band, outcome, "android", attributes or {})


@pytest.mark.parametrize(
    ("score", "outcome", "band"),
    [(0.5, "accept", "accept"), (0.51, "retry", "retry"), (0.75, "retry", ""), (0.76, "reject", "reject")],
)
def test_the_same_outcome_comes_out_the_same(score: float, outcome: str, band: str) -> None:
    found = replay(SCORE, policy(), reported(score, outcome, band))

    assert found == Replay(score, Band(0.5, 0.75), found.band, outcome, True)


def test_another_outcome_is_named() -> None:
    found = replay(SCORE, policy(), reported(0.9858, "accept", "accept"))

    assert found.same is False
    assert found.difference == "outcome reject, reported accept; band reject, reported accept"


def test_a_band_by_a_name_of_the_services_own_is_not_compared() -> None:
    found = replay(SCORE, policy(), reported(0.4, "accept", "default/android"))

    assert found.same is True


@pytest.mark.parametrize(
    ("attempt", "outcome", "same"),
    [
        (1, "retry", True),
        (1, "reject", False),
        (2, "reject", True),
        (2, "retry", False),
        (None, "reject", True),
    ],
)
def test_the_last_attempt_allowed_is_not_retried(attempt: int | None, outcome: str, same: bool) -> None:
    found = replay(SCORE, policy(attempts=2), reported(0.6, outcome, "retry", {"attempt": attempt}))

    assert found.same is same


def test_a_weighted_fusion_adds_up_its_inputs() -> None:
    fusion = Fusion("weighted", ("depth", "texture"), {"depth": 0.25, "texture": 0.75})

    assert fused(fusion, {"depth": 1.0, "texture": 0.2, "other": 9.0}) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("fusion", "scores", "why"),
    [
        (Fusion("meta_model", ("score",), {}), {"score": 0.1}, "meta model"),
        (Fusion("rule", ("score",), {}), {"score": 0.1}, "fusion is a rule"),
        (Fusion("weighted", ("a", "b"), {"a": 1.0, "b": 1.0}), {"a": 0.1}, "'b' was not reported"),
        (Fusion("single_score", ("a", "b"), {}), {"a": 0.1}, "from 2 inputs"),
        (SCORE, {}, "'score' was not reported"),
        (Fusion("weighted", ("a",), {"a": 1e200}), {"a": 1e200}, "range of numbers"),
    ],
)
def test_what_cannot_be_recomputed_says_why_and_is_not_the_same(
    fusion: Fusion, scores: dict[str, float], why: str
) -> None:
    found = replay(fusion, policy(), Reported(scores, "", "accept", "android", {}))

    assert found.same is None
    assert found.problem.startswith("cannot be replayed: ")
    assert why in found.problem


def test_an_error_is_no_decision_of_the_policy() -> None:
    assert "ended with an error" in replay(SCORE, policy(), reported(0.1, "error")).problem


@pytest.mark.parametrize(
    ("bands", "why"),
    [
        ((Band(0.5, channel="ios"),), "no_band"),
        ((Band(0.5, use_case="payment"),), "no_band"),
        (
            (
                Band(0.5, segment=Condition(TONE, "eq", ("6",))),
                Band(0.4, segment=Condition(TONE, "exists", (1.0,))),
            ),
            "ambiguous_band",
        ),
    ],
)
def test_no_band_or_two_equally_specific_ones_decide_nothing(bands: tuple[Band, ...], why: str) -> None:
    found = replay(SCORE, policy(*bands), reported(0.1, "accept", attributes={TONE: 6}))

    assert why in found.problem


conditions = st.tuples(
    st.sampled_from((None, *USE_CASES)),
    st.sampled_from((None, *CHANNELS)),
    st.sampled_from(
        (None, *(Condition(TONE, "eq", (one,)) for one in TONES), Condition(TONE, "exists", (1.0,)))
    ),
)


@st.composite
def policies(draw: st.DrawFn) -> Bands:
    """Policies with any conditions and both polarities, cuts on a grid so that ties happen."""
    polarity = draw(st.sampled_from(list(Polarity)))
    kinds = draw(st.lists(conditions, min_size=1, max_size=5, unique_by=str))
    cuts = [sorted(draw(st.tuples(st.sampled_from(GRID), st.sampled_from(GRID)))) for _ in kinds]
    step = 1 if polarity is Polarity.HIGHER_IS_ATTACK else -1
    has_retry = draw(st.booleans())
    bands = tuple(
        Band(pair[::step][0], pair[::step][1] if has_retry else None, *kind)
        for pair, kind in zip(cuts, kinds, strict=True)
    )
    return Bands(polarity, draw(st.sampled_from(list(AtThreshold))), bands)


rows = st.fixed_dictionaries(
    {
        "score": st.sampled_from(GRID),
        "channel": st.sampled_from((*CHANNELS, "kiosk")),
        "use_case": st.sampled_from((None, *USE_CASES)),
        TONE: st.sampled_from((None, *TONES)),
    }
)
WORDS = {(True, True): "accept", (False, True): "retry", (False, False): "reject"}


def by_table(bands: Bands, row: dict[str, Any]) -> str:
    """What the engine of score tables decides on the row."""
    frame = pl.DataFrame(
        {
            "score": [row["score"]],
            "channel": [row["channel"]],
            "use_case": [row["use_case"]],
            f"{ATTRIBUTE_PREFIX}{TONE}": [row[TONE]],
            "answered": [True],
        },
        schema_overrides={"use_case": pl.String, f"{ATTRIBUTE_PREFIX}{TONE}": pl.String},
    )
    decided = frame.with_columns(decision_columns(bands, frame.columns)).to_dicts()[0]
    return decided["band_problem"] or WORDS[decided["accepted"], decided["accepted_or_retry"]]


def by_replay(bands: Bands, row: dict[str, Any]) -> str:
    attributes = {"use_case": row["use_case"], TONE: row[TONE]}
    try:
        return zone(bands, deciding_band(bands, row["channel"], attributes), row["score"])
    except NotReplayable as problem:
        return "no_band" if "no_band" in str(problem) else "ambiguous_band"


@given(bands=policies(), row=rows)
def test_one_decision_is_judged_as_a_row_of_a_score_table_is(bands: Bands, row: dict[str, Any]) -> None:
    assert by_replay(bands, row) == by_table(bands, row)
