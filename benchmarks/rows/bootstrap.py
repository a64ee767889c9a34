"""The cluster bootstrap against scipy.stats.bootstrap over the same per-subject counts."""

import os
import sys
from pathlib import Path

import numpy as np

from benchmarks.environments import peer_python
from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, peak, ratios, wall
from benchmarks.row import Figure, Judgement, Row, Setting

PRODUCT, PEER = "bootstrap_ratios", "scipy.stats.bootstrap"
LEAST = 8.0
REPLICATES, METRICS, BATCH = 1_000, 18, 50
CLOSE = 0.25  # of an interval's width: both draw at random, and their bounds agree only so far


def counts_file(setting: Setting) -> Path:
    """Rows and events of each metric side by side, one row per subject."""
    subjects = 5_000 if setting.quick else 50_000
    place = setting.directory / f"counts-{subjects}x{METRICS}.npy"
    if not place.exists():
        setting.directory.mkdir(parents=True, exist_ok=True)
        draws = np.random.default_rng(11)
        frailty = draws.beta(0.5, 9.5, (subjects, 1))
        rows = draws.integers(5, 40, (subjects, METRICS))
        events = draws.binomial(rows, np.clip(frailty * draws.uniform(0.5, 2, METRICS), 0, 1))
        np.save(place, np.stack([rows, events], axis=2).reshape(subjects, 2 * METRICS).astype(np.uint8))
    return place


def contenders(setting: Setting) -> list[Contender]:
    """The product on all cores, the peer, and the peer again."""
    path, threads = str(counts_file(setting)), str(os.cpu_count() or 1)
    ours = (sys.executable, "-m", "benchmarks.resampling", path, str(REPLICATES), threads)
    python = peer_python("scipy", setting.directory)
    script = "benchmarks/peers/scipy_bootstrap.py"
    peer = Contender(PEER, (python, script, path, str(REPLICATES), str(BATCH)))
    return [Contender(PRODUCT, ours, {"OPENBLAS_NUM_THREADS": "1"}), peer, peer.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """Faster on the clock, with bounds that agree."""
    faster = ratios(samples, PEER, PRODUCT, wall)
    apart = _furthest(samples[PRODUCT][-1].answer, samples[PEER][-1].answer)
    agree = apart <= CLOSE
    sentence = (
        f"{REPLICATES:,} replicates of {METRICS} ratios come {faster.median:.1f} times as fast; the bounds "
        f"{'agree' if agree else 'DO NOT agree'}: they differ by at most {apart:.0%} of an interval's width."
    )
    figures = (
        Figure("scipy / product, clock", faster, "×"),
        Figure("scipy / product, CPU", ratios(samples, PEER, PRODUCT, cpu), "×"),
        Figure("A/A control: scipy / scipy, clock", ratios(samples, PEER + CONTROL, PEER, wall), "×"),
        Figure("product, clock", Spread.of([wall(one) for one in samples[PRODUCT]]), "s"),
        Figure("scipy, clock", Spread.of([wall(one) for one in samples[PEER]]), "s"),
        Figure("product, peak memory", Spread.of([peak(one) for one in samples[PRODUCT]]), "MiB"),
        Figure("scipy, peak memory", Spread.of([peak(one) for one in samples[PEER]]), "MiB"),
    )
    return Judgement(faster.median >= LEAST, sentence, figures, right=agree)


def _furthest(ours: list[list[float]], theirs: list[list[float]]) -> float:
    mine, other = np.array(ours), np.array(theirs)
    width = (other[:, 1] - other[:, 0])[:, np.newaxis]
    return float((np.abs(mine - other) / width).max())


ROW = Row(
    key="bootstrap",
    title="Cluster bootstrap against scipy.stats.bootstrap",
    goal=f"at least {LEAST:g} × as fast over the same per-subject counts",
    group="bootstrap",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
