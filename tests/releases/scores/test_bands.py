from typing import Any

import pytest

from governance.registry.predicates import parse_predicate
from releases.scores.bands import Band, Bands, decision_columns
from releases.statistics.thresholds import AtThreshold, Polarity, is_rejected
from tests.releases.scores.tables import HEADER, frame_of, threshold

FEMALE = parse_predicate({"attribute": "sex", "operator": "eq", "value": "female"})
OLD = parse_predicate({"attribute": "age", "operator": "ge", "value": 60})
WIDE = (*HEADER, "where", "purpose", "sex", "age")
MAPPED = {"channel": "where", "use_case": "purpose", "attributes": ["sex", "age"]}


def decisions(bands: Bands, *rows: tuple[str, str, str, str, str]) -> list[tuple[Any, ...]]:
    """Decide rows of (score, channel, use case, sex, age)."""
    table = [(f"s{number}", "p", "real", "", *row) for number, row in enumerate(rows)]
    frame = frame_of(table, MAPPED, WIDE)
    return (
        frame.with_columns(*decision_columns(bands, frame.columns))
        .select("accepted", "accepted_or_retry", "band_problem")
        .rows()
    )


def of(*bands: Band) -> Bands:
    return Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, bands)


SIDES = [(score, polarity, tie) for score in (0.4, 0.5, 0.6) for polarity in Polarity for tie in AtThreshold]


@pytest.mark.parametrize(("score", "polarity", "tie"), SIDES)
def test_decisions_are_those_of_the_threshold_arithmetic(
    score: float, polarity: Polarity, tie: AtThreshold
) -> None:
    found = decisions(threshold(0.5, polarity, tie), (repr(score), "", "", "", ""))

    rejected = is_rejected([score], 0.5, polarity=polarity, at_threshold=tie)[0]
    assert found == [(not rejected, not rejected, None)]


@pytest.mark.parametrize(
    ("polarity", "expected"),
    [
        (Polarity.HIGHER_IS_ATTACK, [(True, True), (False, True), (False, True), (False, False)]),
        (Polarity.HIGHER_IS_BONA_FIDE, [(False, False), (False, True), (True, True), (True, True)]),
    ],
)
def test_retry_lies_behind_accept(polarity: Polarity, expected: list[tuple[bool, bool]]) -> None:
    bounds = {Polarity.HIGHER_IS_ATTACK: (0.3, 0.6), Polarity.HIGHER_IS_BONA_FIDE: (0.6, 0.4)}[polarity]
    bands = Bands(polarity, AtThreshold.BONA_FIDE, (Band(*bounds),))

    found = decisions(bands, *((score, "", "", "", "") for score in ("0.3", "0.4", "0.6", "0.7")))

    assert [row[:2] for row in found] == expected


def test_a_row_without_an_answer_has_no_decision() -> None:
    assert decisions(threshold(), ("", "", "", "", "")) == [(None, None, None)]


def test_the_most_specific_band_applies() -> None:
    bands = of(
        Band(accept=0.1),
        Band(accept=0.2, use_case="login"),
        Band(accept=0.3, channel="android"),
        Band(accept=0.4, segment=FEMALE),
        Band(accept=0.5, channel="android", use_case="login"),
    )

    found = decisions(
        bands,
        ("0.1", "", "", "", ""),
        ("0.15", "ios", "other", "", ""),
        ("0.2", "", "login", "", ""),
        ("0.3", "android", "", "", ""),
        ("0.4", "android", "", "female", ""),
        ("0.45", "android", "login", "female", ""),
    )

    assert [row[0] for row in found] == [True, False, True, True, True, True]


def test_a_row_that_no_band_fits_has_no_decision() -> None:
    found = decisions(
        of(Band(accept=0.5, channel="android")), ("0.1", "ios", "", "", ""), ("0.1", "", "", "", "")
    )

    assert found == [(None, None, "no_band")] * 2


def test_two_equally_specific_bands_that_fit_decide_nothing() -> None:
    bands = of(Band(accept=0.5), Band(accept=0.6, segment=FEMALE), Band(accept=0.7, segment=OLD))

    found = decisions(
        bands, ("0.1", "", "", "female", "70"), ("0.6", "", "", "female", "20"), ("0.1", "", "", "", "")
    )

    assert found == [(None, None, "ambiguous_band"), (True, True, None), (True, True, None)]


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ((), "at least one band"),
        ((Band(accept=0.1), Band(accept=0.2)), "same use case, channel and segment"),
        ((Band(accept=float("nan")),), "not finite"),
        ((Band(accept=0.5, retry=float("inf")),), "not finite"),
        ((Band(accept=0.5, retry=0.4),), "retry 0.4 lies inside accept 0.5"),
    ],
)
def test_bands_that_make_no_policy_are_an_error(bands: tuple[Band, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        of(*bands)


def test_attempts_below_one_are_an_error() -> None:
    with pytest.raises(ValueError, match="attempts_allowed is 0"):
        Bands(Polarity.HIGHER_IS_ATTACK, AtThreshold.BONA_FIDE, (Band(accept=0.5),), attempts_allowed=0)
