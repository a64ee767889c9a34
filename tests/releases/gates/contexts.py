"""Contexts without a database: canonical frames by the pure functions of scores, with inputs around them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from governance.documents import checked
from releases.gates.criteria import KIND_OF
from releases.gates.judging.context import Context
from releases.gates.vocabulary.fact_inputs import FactsInput
from releases.gates.vocabulary.inputs import (
    AttestationInput,
    BandInput,
    ChannelInput,
    DatasetInput,
    Inputs,
    ReferenceInput,
    TableInput,
    ThresholdInput,
)
from releases.gates.vocabulary.outcomes import CriterionOutcome
from tests.factories.gates import HEADER, META, THRESHOLD, table_rows
from tests.releases.scores.tables import frame_of

STACK = "sha256:" + "ab" * 32
DATASET = "sha256:" + "da" * 32
ANDROID, WEB = ChannelInput(id="1", name="android"), ChannelInput(id="2", name="mobile_web")
LIVE, PINNED = "live", "pinned"
SOME_ERRORS = {"print": 4, "mask": 4, "1": 4, "6": 4}
HALF_WRONG = {"print": 20, "mask": 20, "1": 20, "6": 20}
MORE = ("latency_ms", "channel")
ALL_WRONG = {"print": 40, "mask": 40, "1": 40, "6": 40}

Rows = Sequence[Sequence[str]]


def stack_of(name: str) -> str:
    """The stack digest of a reference."""
    return STACK if name == "candidate" else "sha256:" + name.encode().hex().ljust(64, "0")[:64]


def thresholds(**changes: Any) -> ThresholdInput:
    """One band for everything: rejected above the threshold."""
    plain = {
        "digests": ["sha256:" + "cc" * 32],
        "polarity": "higher_is_attack",
        "at_threshold": "bona_fide",
        "bands": [BandInput(accept=THRESHOLD)],
    }
    return ThresholdInput(**{**plain, **changes})


def table(name: str, **changes: Any) -> TableInput:
    """The table of a stack, named after it."""
    plain = {
        "id": name,
        "file_digest": f"file of {name}",
        "canonical_digest": name,
        "stack_digest": stack_of(name),
        "polarity": "higher_is_attack",
        "rows": 160,
        "age_days": 1.0,
    }
    return TableInput(**{**plain, **changes})


def reference(name: str, live_on: Iterable[ChannelInput] = ()) -> ReferenceInput:
    """A revision to compare with, whose id is its name."""
    return ReferenceInput(
        revision=name,
        release=f"release of {name}",
        name=name,
        number=1,
        stack_digest=stack_of(name),
        thresholds=thresholds(),
        live_on=list(live_on),
    )


def frame(rows: Rows) -> pl.LazyFrame:
    """The rows of a table in their canonical form; fields behind those of HEADER are those of MORE."""
    width = max((len(row) for row in rows), default=len(HEADER))
    more = MORE[: width - len(HEADER)]
    mapping = {**META["mapping"], **{name: name for name in more}}
    return frame_of(rows, mapping, (*HEADER, *more)).lazy()


def timed(rows: Rows, *, slow: int = 0, fast_ms: str = "200", slow_ms: str = "900") -> Rows:
    """The rows with answer times; the first ``slow`` of each stratum are slow."""
    return [(*row, slow_ms if int(row[0].split("-")[1]) < slow else fast_ms) for row in rows]


def retried(rows: Rows, retries: int) -> Rows:
    """The rows with scores in the retry band for the first ``retries`` of each stratum."""
    return [(*row[:5], "0.7") if int(row[0].split("-")[1]) < retries else row for row in rows]


def with_retry_band() -> ThresholdInput:
    """Accepted up to the threshold, a retry up to 0.8."""
    return thresholds(bands=[BandInput(accept=THRESHOLD, retry=0.8)])


def attestation(kind: str = "calibration_review", **changes: Any) -> AttestationInput:
    """A reviewer who accepts what was seen."""
    plain = {
        "kind": kind,
        "acceptable": True,
        "digest": "sha256:" + "a7" * 32,
        "age_days": 1.0,
        "attested_by": "qa_lead",
    }
    return AttestationInput(**{**plain, **changes})


def dataset(**changes: Any) -> DatasetInput:
    """The test dataset with a table of the candidate and of both references."""
    plain = {
        "id": "dataset",
        "name": "faces",
        "digest": DATASET,
        "candidate": table("candidate"),
        "references": {LIVE: table(LIVE), PINNED: table(PINNED)},
    }
    return DatasetInput(**{**plain, **changes})


def inputs(**changes: Any) -> Inputs:
    """A complete release for two channels, on both of which ``live`` serves."""
    plain = {
        "manifest_digest": "sha256:" + "ee" * 32,
        "stack_digest": STACK,
        "policy_digest": "sha256:" + "ff" * 32,
        "thresholds": thresholds(),
        "datasets": [dataset()],
        "references": [reference(LIVE, [ANDROID, WEB]), reference(PINNED)],
        "channels": [ANDROID, WEB],
        "channels_without_live": [],
        "set_up": [],
        "facts": FactsInput(),
    }
    return Inputs(**{**plain, **changes})


def context(
    candidate: Rows | None = None, tables: Mapping[str, Rows] | None = None, **changes: Any
) -> Context:
    """A run on the rows given; references err as in SOME_ERRORS unless ``tables`` says otherwise."""
    rows = {
        "candidate": table_rows(SOME_ERRORS) if candidate is None else candidate,
        LIVE: table_rows(SOME_ERRORS),
        PINNED: table_rows(SOME_ERRORS),
        **(tables or {}),
    }
    return Context(inputs(**changes), lambda table: frame(rows[table.canonical_digest]))


def absolute_spec(**changes: Any) -> dict[str, Any]:
    """At most 45 % of the attacks of each species accepted."""
    return {"metric": "apcer", "strata": {"species": ["print", "mask"]}, "limit": 0.45, **changes}


def paired_spec(**changes: Any) -> dict[str, Any]:
    """At most 15 points worse than what is live, for each species."""
    return {
        "metric": "apcer",
        "strata": {"species": ["print", "mask"]},
        "margin": 0.15,
        "margin_reason": "A test's margin",
        "baseline": {"kind": "live"},
        **changes,
    }


def segments_of(*tones: str) -> dict[str, Any]:
    """Strata of skin tones, pinned as a lock does."""
    pinned = [
        {
            "id": f"00000000-0000-7000-8000-00000000000{tone}",
            "key": f"skin_tone_{tone}",
            "version": 1,
            "title": f"skin tone {tone}",
            "protected": True,
            "predicate": {"attribute": "skin_tone", "operator": "eq", "value": tone},
        }
        for tone in tones
    ]
    return {"segments": [f"skin_tone_{tone}" for tone in tones], "pinned": pinned}


def pinned_baseline() -> dict[str, Any]:
    """The reference release, pinned as a lock does."""
    some_id = "00000000-0000-7000-8000-000000000001"
    return {
        "kind": "pinned",
        "release": some_id,
        "pinned": {
            "release": some_id,
            "name": PINNED,
            "revision": some_id,
            "number": 1,
            "stack_digest": stack_of(PINNED),
        },
    }


def pooled_spec(**changes: Any) -> dict[str, Any]:
    """Genuine users, all together."""
    return {"strata": {"pooled": True}, "stratum_rule": "pooled", **changes}


def judged(kind: str, spec: dict[str, Any], given: Context) -> CriterionOutcome:
    """What a kind says of a specification, as somebody writes it."""
    known = KIND_OF[kind]
    return known.evaluate(given, checked(known.spec, spec, field="spec", title=kind))
