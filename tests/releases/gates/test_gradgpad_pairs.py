"""The six systems of gradgpad, each judged against each other under one policy: thirty ordered pairs.

Scores, thresholds and figures are those of the published package; nothing goes through the database here.
"""

import csv
import io
from collections.abc import Sequence
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
import pytest

from releases.demo.gradgpad import SYSTEMS, DemoDataMissing, data_directory, score_csv, score_rows
from releases.gates.judging.context import Context
from releases.gates.runs.computation import Result, compute
from releases.gates.vocabulary.inputs import BandInput, ReferenceInput, ThresholdInput
from releases.statistics.thresholds import AtThreshold, Polarity, closest_errors_threshold
from tests.releases.gates.contexts import ANDROID, LIVE, dataset, inputs, reference, table, thresholds
from tests.releases.gates.test_computation import HEAD, criterion, quiet
from tests.releases.gates.test_gradgpad_story import MAPPING, SPECIES
from tests.releases.scores.tables import frame_of


def _installed() -> bool:
    try:
        data_directory()
    except DemoDataMissing:
        return False
    return True


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not _installed(), reason="the package gradgpad is not installed (requirements-demo.txt)"
    ),
]

CLUSTERS = {"planned_deff": 1, "planned_deff_reason": "Two source sets name no subject."}
PAIRS = list(permutations(SYSTEMS, 2))


def segments() -> dict[str, Any]:
    cut = [("skin_tone", str(tone)) for tone in range(1, 7)] + [("sex", "female"), ("sex", "male")]
    pinned = [
        {
            "id": f"00000000-0000-7000-8000-{place:012}",
            "key": f"{attribute}_{value}",
            "version": 1,
            "title": f"{attribute.replace('_', ' ')} {value}",
            "protected": True,
            "predicate": {"attribute": attribute, "operator": "eq", "value": value},
        }
        for place, (attribute, value) in enumerate(cut)
    ]
    return {"segments": [one["key"] for one in pinned], "pinned": pinned}


def compared(metric: str, strata: dict[str, Any], margin: float) -> dict[str, Any]:
    return {
        "metric": metric,
        "strata": strata,
        "margin": margin,
        "margin_reason": "As the demo's policy",
        "baseline": {"kind": "live"},
        **CLUSTERS,
    }


def limited(metric: str, strata: dict[str, Any], limit: float) -> dict[str, Any]:
    pooled = {"stratum_rule": "pooled"} if strata == {"pooled": True} else {}
    return {"metric": metric, "strata": strata, "limit": limit, **pooled, **CLUSTERS}


@cache
def species_found() -> tuple[str, ...]:
    rows = score_rows(data_directory(), "auxiliary", "test")
    return tuple(sorted({one.pai_fine for one, _ in rows if one.label == "attack"}))


@cache
def policy() -> list[Any]:
    parts = {"metric": "bpcer", "strata": segments(), "max_ratio": 1.25, "ratio_reason": "NIST", **CLUSTERS}
    same = {
        "strata": segments(),
        "limit": 0.3,
        "limit_reason": "A test's",
        "baseline": {"kind": "live"},
        **CLUSTERS,
    }
    return [
        criterion("bpcer", "noninferiority", compared("bpcer", segments(), 0.07)),
        criterion("apcer", "noninferiority", compared("apcer", {"species": list(SPECIES)}, 0.10)),
        criterion("bpnrr", "noninferiority", compared("bpnrr", segments(), 0.10)),
        criterion("apnrr", "noninferiority", compared("apnrr", {"species": list(SPECIES)}, 0.10)),
        criterion("every", "absolute", limited("apcer", {"species": list(species_found())}, 0.45)),
        criterion("pooled", "absolute", limited("bpcer", {"pooled": True}, 0.45)),
        criterion("parts", "ratio_to_whole", parts),
        criterion("same", "disagreement", same),
    ]


@cache
def canonical(system: str) -> pl.LazyFrame:
    header, *rows = csv.reader(io.StringIO(score_csv(data_directory(), system, "test").decode()))
    return frame_of(rows, MAPPING, tuple(header)).lazy()


@cache
def threshold(system: str) -> float:
    rows = list(score_rows(data_directory(), system, "devel"))

    def scores(label: str) -> Any:
        return np.array([score for one, score in rows if one.label == label and score is not None])

    return closest_errors_threshold(
        bona_fide=scores("bona_fide"),
        attacks=scores("attack"),
        polarity=Polarity.HIGHER_IS_ATTACK,
        at_threshold=AtThreshold.BONA_FIDE,
    ).threshold


def bands(system: str) -> ThresholdInput:
    return thresholds(bands=[BandInput(accept=threshold(system))])


def baseline(system: str) -> ReferenceInput:
    return reference(LIVE, [ANDROID]).model_copy(update={"name": system, "thresholds": bands(system)})


@cache
def judged(candidate: str, live: str) -> Result:
    given = inputs(
        thresholds=bands(candidate),
        references=[baseline(live)],
        datasets=[dataset(references={LIVE: table(LIVE)})],
        channels=[ANDROID],
    )
    frames = {"candidate": canonical(candidate), LIVE: canonical(live)}
    return compute(HEAD, policy(), Context(given, lambda one: frames[one.canonical_digest]), quiet)


def lines(result: Result, key: str) -> dict[str, dict[str, Any]]:
    found: Sequence[Any] = next(one for one in result.document["criteria"] if one["key"] == key)["strata"]
    return {next(iter(line["stratum"].values())): line for line in found}


@pytest.mark.parametrize(("candidate", "live"), PAIRS)
def test_every_pair_is_judged_on_every_line(candidate: str, live: str) -> None:
    result = judged(candidate, live)

    criteria = result.document["criteria"]
    assert {one["key"]: len(one["strata"]) for one in criteria} == {
        "bpcer": 8,
        "apcer": 8,
        "bpnrr": 8,
        "apnrr": 8,
        "every": len(species_found()),
        "pooled": 1,
        "parts": 8,
        "same": 8,
    }
    assert "evaluation_error" not in {one["reason_code"] for one in criteria}


@pytest.mark.parametrize(
    ("system", "cut", "events", "rows"),
    [("auxiliary", 0.5883780717849731, 245, 2287), ("quality_rbf", 0.9780208873963664, 440, 2281)],
)
def test_thresholds_and_refusals_are_those_known_before(
    system: str, cut: float, events: int, rows: int
) -> None:
    other = next(live for live in SYSTEMS if live != system)

    line = lines(judged(system, other), "pooled")["all"]

    assert threshold(system) == cut
    assert (line["events"], line["n"]) == (events, rows)


def test_skin_tone_6_fails_and_mask_rigid_stays_open() -> None:
    result = judged("auxiliary", "quality_rbf")

    six, rigid = lines(result, "bpcer")["skin_tone_6"], lines(result, "apcer")["mask_rigid"]
    assert (six["verdict"], six["n"], six["b"], six["c"]) == ("fail", 87, 21, 3)
    assert [f"{100 * six[name]:.1f}" for name in ("estimate", "lower", "upper")] == ["20.7", "8.4", "33.7"]
    assert (rigid["verdict"], rigid["reason_code"]) == ("inconclusive", "straddles_limit")
    assert (rigid["n"], rigid["b"], rigid["c"]) == (180, 58, 26)
    assert [f"{100 * rigid[name]:.1f}" for name in ("estimate", "lower", "upper")] == ["17.8", "-1.1", "35.5"]
    assert len({one["estimate"] > 0 for one in rigid["by_source_set"]}) == 2


def test_species_with_four_samples_say_that_no_statement_is_possible() -> None:
    few = [line for line in lines(judged("auxiliary", "quality_rbf"), "every").values() if line["n"] == 4]

    assert few
    assert {line["verdict"] for line in few} == {"inconclusive"}
    assert all("no statement possible from 4 captures" in line["sentence"] for line in few)
