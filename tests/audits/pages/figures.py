"""Figures of a run as they are kept, small enough to compute by hand what is drawn from them."""

from typing import Any

BINS = 4
RANGE = {"low": 0.0, "high": 1.0, "bins": BINS}


def rate(
    captures: int, events: int, lower: float | None, upper: float | None, **given: Any
) -> dict[str, Any]:
    """A rate with its bounds; as many subjects as captures unless ``given`` says otherwise."""
    estimate = events / captures if captures else None
    return {
        "captures": captures,
        "subjects": float(captures),
        "events": events,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        **given,
    }


def counts(accept: list[int], reject: list[int], retry: list[int] | None = None) -> dict[str, list[int]]:
    """Captures of a class by decision."""
    return {"accept": accept, "retry": retry or [0] * BINS, "reject": reject}


PRINT = rate(100, 10, 0.05, 0.2)
MASK = rate(50, 25, 0.4, 0.6)
FEW = rate(4, 4, 0.2, 1.0)
GENUINE = rate(200, 10, 0.02, 0.1)


def stack(of: str = "candidate", **given: Any) -> dict[str, Any]:
    """A stack whose worst judged species is mask."""
    return {
        "of": of,
        "polarity": "higher_is_attack",
        "at_threshold": "bona_fide",
        "bands": [band()],
        "by_transaction": False,
        "left_out": 0,
        "captures": {"bona_fide": 200, "attack": 154},
        "bpcer": GENUINE,
        "species": {"mask": MASK, "print_low": PRINT, "makeup": FEW},
        "judged": ["mask", "print_low"],
        "point": {"apcer": {**MASK, "species": "mask"}, "bpcer": GENUINE},
        "curve": [[0.5, 0.1587, 0.0, -1.0], [0.1587, 0.5, -1.0, 0.0], [0.0228, 0.8413, -2.0, 1.0]],
        "curves": {"mask": [[0.0, -1.0], [-1.0, 0.0]], "print_low": [[0.0, -2.0], [-1.0, -1.0]]},
        "histogram": {
            **RANGE,
            "counts": {
                "bona_fide": counts([100, 80, 10, 0], [0, 0, 6, 4]),
                "attack": counts([5, 20, 10, 0], [0, 0, 19, 100]),
            },
        },
        **given,
    }


def band(accept: float = 0.6, retry: float | None = None, **conditions: Any) -> dict[str, Any]:
    """A band for everything unless ``conditions`` narrow it."""
    plain = {"use_case": None, "channel": None, "segment": None}
    return {"accept": accept, "retry": retry, **plain, **conditions}


LIVE = {"name": "old", "revision": 1, "kind": "live", "channels": ["android"]}
COVERAGE = {
    "groups": [
        {"key": "female", "title": "Female as annotators perceived"},
        {"key": "tone_6", "title": "Tone 6"},
    ],
    "rows": [
        {"species": "", "cells": [[200, 200.0], [90, 80.0], [30, 4.0]]},
        {"species": "mask", "cells": [[50, 20.0], [12, 12.0], [0, 0.0]]},
        {"species": "print_low", "cells": [[100, 9.0], [60, 8.0], [40, 7.0]]},
    ],
}
MINIMA = {"min_subjects": 5, "min_presentations": 20}
NAMES = {"candidate": "new", "baseline": "old"}


def figures(*comparisons: dict[str, Any]) -> dict[str, Any]:
    """Kept figures of these comparisons."""
    return {"minima": MINIMA, "comparisons": list(comparisons), "calibration": {"bins": 15, "datasets": []}}


def comparison(**given: Any) -> dict[str, Any]:
    """Candidate and live on one dataset."""
    both = [stack(), stack("baseline")]
    plain = {"dataset": "faces", "baseline": LIVE, "stacks": both, "coverage": COVERAGE, "why": ""}
    return {**plain, **given}
