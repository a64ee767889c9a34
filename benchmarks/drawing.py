"""The measured process of a run's pictures: judge a policy on two stacks' tables as a worker does, then draw.

A worker draws after it has judged, from the scan that is there by then. So the run is judged first, by clocks
of its own, and what is measured is the drawing alone: the figures of both stacks with their calibration, as
the bytes that a run keeps. The most memory ever held is that of judging and drawing together.

Django is set up before this is imported (rows/drawing.py), so that its size counts, but no database is
asked: what a run stores, and the hashing of the stored tables, are not measured.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.child import peak_kib, timed
from benchmarks.frozen_run import context_of, criteria, rows
from governance.ledger.canonical import canonical_bytes, plain
from releases.gates.attestations.figures import reliability_of
from releases.gates.figures.whole import figures_of
from releases.gates.judging.context import Context
from releases.gates.judging.criterion import Criterion
from releases.gates.runs.computation import PolicyHead, compute
from releases.statistics.thresholds import Polarity


def main(given: str) -> None:
    """Judge, then draw by the clock. ``given`` names the tables of both stacks."""
    stacks: dict[str, list[str]] = json.loads(given)
    context, wanted = context_of(stacks["candidate"], stacks["baseline"]), criteria()
    judging = judged(context, wanted)
    timed(lambda: {**drawn(context, wanted, list(stacks.values())), **judging})


def judged(context: Context, wanted: Sequence[Criterion]) -> dict[str, Any]:
    """The verdict on the policy, what it took, and the most memory held until then."""
    started, used = time.perf_counter(), time.process_time()
    head = PolicyHead("policy", "policy", 1, context.inputs.policy_digest)
    result = compute(head, wanted, context, lambda done, total, step: None)
    return {
        "judging_seconds": time.perf_counter() - started,
        "judging_cpu_seconds": time.process_time() - used,
        "judging_peak_kib": peak_kib(),
        "criteria": len(wanted),
        "lines": sum(len(one["strata"]) for one in result.document["criteria"]),
        "verdict": result.verdict,
    }


def drawn(context: Context, wanted: Sequence[Criterion], stacks: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The size and the digest of what the run's pictures are drawn from."""
    figures = figures_of(context, wanted)
    calibration = [
        asdict(reliability_of([rows(path) for path in paths], Polarity.HIGHER_IS_ATTACK)) for paths in stacks
    ]
    body = canonical_bytes(plain({**figures, "calibration": calibration}))
    return {"bytes": len(body), "digest": hashlib.sha256(body).hexdigest()}
