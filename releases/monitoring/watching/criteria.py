"""What a plan asks a stage to show, judged on what was counted. Pure.

Both questions are asked by tests that may be looked at after every window: whether the candidate is shown to
be no worse than allowed, and whether it is shown to be worse than that. Most of the time neither is: that is
inconclusive, and the stage goes on.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from releases.bundles.stage_terms import StageCriterion, StageKind, StageMeasure
from releases.monitoring.triggers.wording import TITLES, evidence, percent, points
from releases.monitoring.vocabulary.series import EVERYBODY, OF_REPLAYS, Metric
from releases.monitoring.watching.counted import Counted
from releases.rollouts.readings import Check, CheckState
from releases.rollouts.waits import criteria_unmeasured
from releases.statistics.paired_sequential import PairedSums, log_paired_excess, log_paired_noninferiority
from releases.statistics.sequential import (
    TwoArmBlock,
    TwoArmProcess,
    e_threshold,
    log_below_e_value,
    log_rate_e_value,
    noninferiority_block,
    noninferiority_process,
)


@dataclass(frozen=True)
class Weight:
    """Evidence on both questions, as natural logarithms; ``tests`` share the risk of a false alarm, and
    ``tries`` stays in the stage that of showing what is not so."""

    log_shown: float
    log_worse: float
    alpha: float
    tests: int
    tries: int = 1

    @property
    def needed(self) -> float:
        """Logarithm of the evidence at which it is shown: all strata must be, so none is charged for it. Each
        stay after a pause begins anew and needs twice as much as the one before, so that pausing until it
        comes out well has at most twice the risk, however often it is done."""
        return math.log(e_threshold(self.alpha)) + (self.tries - 1) * math.log(2)

    @property
    def alarming(self) -> float:
        """Logarithm of the evidence at which it is shown to be worse: any stratum may raise the alarm.

        Half of the risk is that of the stage's run, which goes on over pauses; a quarter is that of the stay
        after the first pause, an eighth of the next: together no more, however often it is paused.
        """
        return math.log(e_threshold(self.alpha, tests=self.tests)) + self.tries * math.log(2)

    @property
    def state(self) -> CheckState:
        """Done, failed, or neither yet."""
        if self.log_worse >= self.alarming:
            return CheckState.FAILED
        return CheckState.DONE if self.log_shown >= self.needed else CheckState.WAITING


@dataclass(frozen=True)
class Line:
    """One criterion for one segment, and what is asked of it in words."""

    key: str
    segment: str
    asked: str

    @property
    def name(self) -> str:
        """Its key among the checks."""
        return f"{self.key}:{self.segment}" if self.segment else self.key

    @property
    def among(self) -> str:
        """Of whom it is said."""
        return f"{self.segment}: " if self.segment else ""


def criteria_checks(counted: Counted, protected: Sequence[str]) -> Iterator[Check]:
    """Each criterion of the stage, each stratum of it in turn; ``protected`` are the segments in force."""
    step = counted.step
    if not step.stage.measures:
        yield from criteria_unmeasured(step)
        return
    words = [criterion for criterion in step.stage.criteria if criterion.measure is None]
    tests = sum(len(strata_of(one.measure, protected)) for one in step.stage.measures if one.measure)
    for criterion in step.stage.measures:
        yield from _judged(counted, criterion, protected, tests)
    for criterion in words:
        said = criterion.description.strip().rstrip(".") or criterion.key
        yield Check(
            "criteria",
            CheckState.NOT_EVALUATED,
            f"{said}: words for people; whoever advances it answers for that.",
            key=criterion.key,
        )


def strata_of(measure: StageMeasure, protected: Sequence[str]) -> list[str]:
    """Everybody, and the segments that are judged one by one beside."""
    if measure.segments == "everybody":
        return [EVERYBODY]
    return [EVERYBODY, *(protected if measure.segments == "protected" else measure.segments)]


def _judged(
    counted: Counted, criterion: StageCriterion, protected: Iterable[str], tests: int
) -> Iterator[Check]:
    measure = criterion.measure
    if measure is None:
        return
    judge = _against_control if measure.margin is not None else _against_limit
    if judge is _against_control and counted.step.stage.kind is StageKind.SHADOW:
        judge = _against_shadow
    for segment in strata_of(measure, list(protected)):
        yield judge(counted, criterion.key, measure, segment, tests)


def weigh_blocks(blocks: Sequence[TwoArmBlock], margin: float, alpha: float, tests: int) -> Weight:
    """The evidence of both arms, block by block."""
    turned = [noninferiority_block(block) for block in blocks]
    shown, _ = noninferiority_process(margin).path(turned)
    worse, _ = TwoArmProcess.start(margin).path(blocks)
    return Weight(shown.log_e, worse.log_e, alpha, tests)


def _against_control(counted: Counted, key: str, measure: StageMeasure, segment: str, tests: int) -> Check:
    margin, metric = measure.margin or 0.0, Metric(measure.metric)
    blocks = counted.blocks(metric, segment)
    a, n = sum(one.treatment_events for one in blocks), sum(one.treatment_subjects for one in blocks)
    b, m = sum(one.control_events for one in blocks), sum(one.control_subjects for one in blocks)
    line = Line(key, segment, f"no more than {points(margin)[1:]} worse than the control")
    if not n or not m:
        return _nobody(line, measure)
    weight = replace(weigh_blocks(blocks, margin, measure.alpha, tests), tries=counted.tries)
    said = (
        f"{percent(a / n)} of {n:,.0f} people {TITLES[metric]} against {percent(b / m)} of {m:,.0f} in the "
        f"control ({points(a / n - b / m)})"
    )
    numbers = {"events": a, "subjects": n, "control_events": b, "control_subjects": m, "margin": margin}
    return _check(line, said, weight, numbers)


def _against_shadow(counted: Counted, key: str, measure: StageMeasure, segment: str, tests: int) -> Check:
    """Both answers to the same captures: whom only the candidate would not accept, and whom it alone would.

    Beside the margin it says when more got worse than better by more than chance, however little that is:
    the sequential McNemar test of the pairs that differ.
    """
    margin, arm = measure.margin or 0.0, counted.watched
    worse, subjects = counted.total(Metric.STRICTER, segment, arm)
    better, _ = counted.total(Metric.LOOSER, segment, arm)
    line = Line(key, segment, f"no more than {points(margin)[1:]} worse than the release beside it")
    if not subjects:
        return _nobody(line, measure, " with both answers")
    pairs = PairedSums(worse, better, max(0.0, subjects - worse - better))
    shown, excess = log_paired_noninferiority(pairs, margin), log_paired_excess(pairs, margin)
    weight = Weight(shown, excess, measure.alpha, tests, counted.tries)
    log_mcnemar = log_rate_e_value(worse, better, 0.5)
    said = (
        f"of {subjects:,} people {percent(worse / subjects)} would not be accepted who are today, and "
        f"{percent(better / subjects)} the other way round ({points((worse - better) / subjects)})"
    )
    if weight.state is not CheckState.FAILED and log_mcnemar >= weight.needed:
        said += f", which is more than chance ({evidence(log_mcnemar, weight.needed)})"
    numbers = {"worse": worse, "better": better, "subjects": subjects, "margin": margin}
    if math.isfinite(log_mcnemar):
        numbers["log_e_mcnemar"] = round(log_mcnemar, 6)
    return _check(line, said, weight, numbers)


def _against_limit(counted: Counted, key: str, measure: StageMeasure, segment: str, tests: int) -> Check:
    limit, metric = measure.limit or 0.0, Metric(measure.metric)
    events, subjects = counted.total(metric, segment, counted.watched)
    line = Line(key, segment, f"below {percent(limit)}")
    if not subjects:
        return _nobody(line, measure)
    events = min(events, subjects)
    weight = Weight(
        log_below_e_value(events, subjects - events, limit),
        log_rate_e_value(events, subjects - events, limit),
        measure.alpha,
        tests,
        counted.tries,
    )
    who = "replayed decisions" if metric in OF_REPLAYS else "people"
    said = f"{percent(events / subjects)} of {subjects:,} {who} {TITLES[metric]}"
    return _check(line, said, weight, {"events": events, "subjects": subjects, "limit": limit})


def _check(line: Line, said: str, weight: Weight, numbers: dict[str, float]) -> Check:
    verdict = {
        CheckState.DONE: f"Shown to be {line.asked}",
        CheckState.WAITING: f"Not shown yet to be {line.asked}",
        CheckState.FAILED: f"Shown not to be {line.asked}",
    }[weight.state]
    e = (
        evidence(weight.log_worse, weight.alarming)
        if weight.state is CheckState.FAILED
        else evidence(weight.log_shown, weight.needed)
    )
    logs = {"log_e_shown": weight.log_shown, "log_e_worse": weight.log_worse}
    return Check(
        "criteria",
        weight.state,
        f"{line.among}{said}. {verdict} ({e}).",
        key=line.name,
        numbers={
            **numbers,
            **{name: round(value, 6) for name, value in logs.items() if math.isfinite(value)},
            "log_e_needed": round(weight.needed, 6),
            "log_e_alarming": round(weight.alarming, 6),
        },
    )


def _nobody(line: Line, measure: StageMeasure, where: str = "") -> Check:
    if not where and measure.margin is not None:
        where = " in one of the arms"
    who = "no decision was replayed" if measure.metric in OF_REPLAYS else f"nobody was counted{where}"
    return Check(
        "criteria",
        CheckState.WAITING,
        f"{line.among}{who} yet. To be shown: {TITLES[measure.metric]}, {line.asked}.",
        key=line.name,
        numbers={"subjects": 0},
    )
