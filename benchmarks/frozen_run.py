"""A run as a worker finds it, without a database: a policy of 46 criteria, and frozen inputs that name the
synthetic score tables.

Each rate is asked twice: the candidate's against a limit, and its difference to what is live against a
margin. Those of attacks are cut by eight species; those of genuine users, and APNRR too, by the segments of
five attributes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.score_tables import ATTRIBUTES, SPECIES
from governance.documents import checked
from releases.gates.criteria import KIND_OF
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.fact_inputs import FactsInput
from releases.gates.vocabulary.inputs import (
    BandInput,
    ChannelInput,
    DatasetInput,
    Inputs,
    ReferenceInput,
    TableInput,
    ThresholdInput,
)
from releases.scores.canonical import scan_canonical
from releases.statistics.thresholds import AtThreshold, Polarity

Spec = dict[str, Any]

CANDIDATE, LIVE = "candidate", "live"
BY_SPECIES = ("apcer", "apcer_with_retry", "apnrr")
BY_SEGMENT = ("apnrr", "bpcer", "bpcer_with_non_response", "bpnrr")
ASKED: dict[str, Spec] = {
    "absolute": {"limit": 0.3},
    "noninferiority": {
        "margin": 0.02,
        "margin_reason": "A margin of the benchmark",
        "baseline": {"kind": "live"},
    },
}


def criteria() -> list[Criterion]:
    """The policy's criteria, all blocking."""
    return [
        _criterion(f"{kind}-{metric}-{number}", kind, {"metric": metric, "strata": strata, **asked})
        for number, (metric, strata) in enumerate(_cuts())
        for kind, asked in ASKED.items()
    ]


def context_of(candidate: Sequence[str], baseline: Sequence[str]) -> Context:
    """The run's inputs: both stacks' tables at these paths, and a channel on which the baseline is live."""
    channel = ChannelInput(id="1", name="android")
    inputs = Inputs(
        manifest_digest=digest("manifest"),
        stack_digest=digest(CANDIDATE),
        policy_digest=digest("policy"),
        thresholds=_thresholds(),
        datasets=[_dataset(candidate, baseline)],
        references=[_reference(channel)],
        channels=[channel],
        channels_without_live=[],
        set_up=[],
        facts=FactsInput(),
    )
    return Context(inputs, lambda table: rows(table.canonical_digest))


def rows(path: str) -> pl.LazyFrame:
    """The rows of a table, which is named by its path where a registered one is by its digest."""
    return scan_canonical(Path(path))


def digest(name: str) -> str:
    """Something of the form of a digest for whatever has a name."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def _criterion(key: str, kind: str, spec: Spec) -> Criterion:
    known = KIND_OF[kind]
    parsed = checked(known.spec, spec, field="spec", title=key)
    return Criterion(key, 1, known, key, "bench", "blocking", "enforce", parsed)


def _cuts() -> Iterator[tuple[str, Spec]]:
    for metric in BY_SPECIES:
        yield metric, {"species": [f"species_{number}" for number in range(SPECIES)]}
    for metric in BY_SEGMENT:
        for attribute in ATTRIBUTES:
            yield metric, _segments(attribute)


def _segments(attribute: str) -> Spec:
    """The values of an attribute as segments, pinned as a lock does."""
    values = [f"{attribute}_{number}" for number in range(ATTRIBUTES[attribute])]
    pinned = [
        {
            "id": f"00000000-0000-7000-8000-{digest(value)[-12:]}",
            "key": value,
            "version": 1,
            "title": value,
            "protected": True,
            "predicate": {"attribute": attribute, "operator": "eq", "value": value},
        }
        for value in values
    ]
    return {"segments": values, "pinned": pinned}


def _thresholds() -> ThresholdInput:
    return ThresholdInput(
        digests=[digest("thresholds")],
        polarity=Polarity.HIGHER_IS_ATTACK,
        at_threshold=AtThreshold.BONA_FIDE,
        bands=[BandInput(accept=0.5, retry=0.6)],
    )


def _dataset(candidate: Sequence[str], baseline: Sequence[str]) -> DatasetInput:
    ours, theirs = (
        [_table(path, stack) for path in paths] for stack, paths in ((CANDIDATE, candidate), (LIVE, baseline))
    )
    return DatasetInput(
        id="dataset",
        name="captures",
        digest=digest("dataset"),
        candidate=ours[0],
        candidate_parts=ours[1:],
        references={LIVE: theirs[0]},
        reference_parts={LIVE: theirs[1:]},
    )


def _table(path: str, stack: str) -> TableInput:
    return TableInput(
        id=path,
        file_digest=digest(path),
        canonical_digest=path,
        stack_digest=digest(stack),
        polarity=Polarity.HIGHER_IS_ATTACK,
        rows=0,
        age_days=1.0,
    )


def _reference(channel: ChannelInput) -> ReferenceInput:
    return ReferenceInput(
        revision=LIVE,
        release=LIVE,
        name=LIVE,
        number=1,
        stack_digest=digest(LIVE),
        thresholds=_thresholds(),
        live_on=[channel],
    )
