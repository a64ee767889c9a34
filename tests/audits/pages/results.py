"""Results of evaluations as they are stored, with the real numbers of two releases of the demo."""

from typing import Any

LIVE = {"kind": "live", "name": "quality_rbf", "revision": 1, "channels": ["android"]}
PINNED = {"kind": "pinned", "name": "quality_linear", "revision": 1, "channels": []}


def line(title: str, verdict: str, **numbers: Any) -> dict[str, Any]:
    """One stratum; ``kind`` says how it was cut."""
    kind = numbers.pop("kind", "segment")
    reasons = {"fail": "violates", "pass": "meets", "inconclusive": "straddles_limit"}
    return {
        "stratum": {kind: title},
        "title": title,
        "verdict": verdict,
        "reason_code": reasons[verdict],
        "sentence": f"{title}: {verdict}.",
        "dataset": "gradgpad_test_2.1.0",
        "baseline": LIVE,
        **numbers,
    }


SKIN_TONE_6 = line(
    "Skin tone 6 as annotators perceived",
    "fail",
    n=87,
    subjects=42,
    estimate=0.2069,
    lower=0.0842,
    upper=0.3371,
    limit=0.07,
    candidate_rate=0.2989,
    baseline_rate=0.0920,
    p=0.023,
    p_adjusted=0.26,
)
SKIN_TONE_5 = line(
    "Skin tone 5 as annotators perceived",
    "inconclusive",
    n=129,
    subjects=48,
    estimate=0.0,
    lower=-0.0949,
    upper=0.0949,
    limit=0.07,
    candidate_rate=0.217,
    baseline_rate=0.217,
    more_subjects=37,
    needs="needs 37 more subjects of skin tone 5",
)
FEMALE = line(
    "Female as annotators perceived",
    "pass",
    n=632,
    subjects=206,
    estimate=-0.0870,
    lower=-0.157,
    upper=-0.021,
    limit=0.07,
    candidate_rate=0.097,
    baseline_rate=0.184,
)
PRINT_MEDIUM = line(
    "print medium",
    "pass",
    kind="species",
    baseline=None,
    n=220,
    subjects=96,
    estimate=0.35,
    lower=0.2896,
    upper=0.4144,
    limit=0.45,
    candidate_rate=0.35,
)


def criterion(key: str, metric: str, verdict: str, *strata: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A criterion that decides, unless ``given`` says otherwise."""
    return {
        "key": key,
        "kind": "noninferiority",
        "title": key,
        "severity": "blocking",
        "mode": "enforce",
        "spec": {"metric": metric} if metric else {},
        "verdict": verdict,
        "sentence": f"{key}.",
        "counted": True,
        "notes": [],
        "strata": list(strata),
        **given,
    }


def result(verdict: str, *criteria: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The document of a completed evaluation."""
    return {"verdict": verdict, "sentence": f"{verdict}: so.", "criteria": list(criteria), **given}


FAILING = result(
    "fail",
    criterion("bpcer_live", "bpcer", "fail", SKIN_TONE_5, FEMALE, SKIN_TONE_6),
    criterion("apcer_benchmark", "apcer", "pass", PRINT_MEDIUM),
)
