"""OFREP's answers against those of a view that does nothing, over HTTP and behind the same middleware."""

import json
import sys
from pathlib import Path

from benchmarks.installation import installation
from benchmarks.measuring import CONTROL, Contender, Samples, Spread, cpu, ratios, wall
from benchmarks.row import Figure, Judgement, Row, Setting

PRODUCT, FLOOR = "ofrep", "bare view"
LEAST = 0.4
SYSTEM, CHANNEL = "onboarding-liveness", "ios"
SUBJECTS = [f"person-{number}" for number in range(100)]


def times(setting: Setting) -> int:
    """Questions per sample."""
    return 500 if setting.quick else 2_000


def contenders(setting: Setting) -> list[Contender]:
    """The protocol's address on the demo, with a rollout under way, and the bare view twice."""
    servers = installation(setting.directory)
    tokens = Path(servers.environment("ofrep")["COUNTERSIGN_VAR"]) / "tokens.json"
    environment = servers.fresh("ofrep", f"seed_demo --tokens {tokens}")
    token = json.loads(tokens.read_text())["integration"]
    asked = {
        "token": token,
        "contexts": [{"targetingKey": subject, "channel": CHANNEL} for subject in SUBJECTS],
        "times": times(setting),
    }

    def contender(name: str, path: str) -> Contender:
        given = json.dumps({**asked, "path": path})
        return Contender(name, (sys.executable, "-m", "benchmarks.asking", given), environment)

    floor = contender(FLOOR, "/bare")
    return [contender(PRODUCT, f"/ofrep/v1/evaluate/flags/{SYSTEM}"), floor, floor.again()]


def judge(setting: Setting, samples: Samples) -> Judgement:
    """The ratio of the rates decides: the bare view's seconds over the protocol's."""
    rate = ratios(samples, FLOOR, PRODUCT, wall)
    answers = samples[PRODUCT][-1].answer
    asked = times(setting)
    counted = ", ".join(f"{number} {variant}" for variant, number in sorted(answers.items()))
    sentence = (
        f"with token, grants and assignment read anew for each of {asked:,} answers ({counted}), "
        f"{rate.median * 100:.0f} % of the bare view's rate."
    )
    figures = (
        Figure("OFREP's rate / bare view's rate, clock", rate, "×"),
        Figure("the same by CPU of the web process", ratios(samples, FLOOR, PRODUCT, cpu), "×"),
        Figure("A/A control: bare / bare, clock", ratios(samples, FLOOR + CONTROL, FLOOR, wall), "×"),
        _each("one answer of OFREP, clock", samples, PRODUCT, asked),
        _each("one answer of the bare view, clock", samples, FLOOR, asked),
    )
    # An answer of nothing but "stable" would not have looked at the arms.
    return Judgement(
        rate.median >= LEAST, sentence, figures, right={"candidate", "control"} <= answers.keys()
    )


def _each(title: str, samples: Samples, name: str, asked: int) -> Figure:
    return Figure(title, Spread.of([wall(one) / asked * 1000 for one in samples[name]]), "ms")


ROW = Row(
    key="ofrep",
    title="OFREP against a bare view",
    goal=f"at least {LEAST:.0%} of a bare view's rate, with authentication, grants and assignments",
    group="ofrep",
    prepare=contenders,
    judge=judge,
    of_full_scale=True,
)
