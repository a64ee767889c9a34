"""Stored readings as pictures: the chart of a row, its meter of evidence, the bar of a drift. Nothing is read
from the database here."""

from dataclasses import dataclass
from datetime import timedelta

from audits.pages.chart_scales import Meter, meter_of
from audits.pages.trigger_charts import Chart, Names, Reading, Span, chart_of
from audits.pages.trigger_facts import Watch, Watched
from releases.bundles.triggers import CountedTrigger
from releases.monitoring.triggers.judgements import Judgement
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.wording import e_value, number


@dataclass(frozen=True)
class Sides:
    """What the two releases are called on the page."""

    candidate: str
    control: str


@dataclass(frozen=True)
class Bar:
    """A value beside its limit, in percent of the width; a bar is full at twice the limit."""

    look: str
    width: float
    label: str
    alarm: float = 50.0


def evidence_meter(newest: TriggerReading | None) -> tuple[Meter | None, str, str]:
    """The meter of a test that adds evidence up, its E and the one at which it trips; none for others."""
    if newest is None or newest.log_e is None or newest.log_e_limit is None:
        return None, "", ""
    e, alarm = e_value(newest.log_e), e_value(newest.log_e_limit)
    said = f"evidence of harm: E = {e}, alarm at {alarm}"
    return meter_of(newest.log_e, newest.log_e_limit, said), e, alarm


def chart_of_row(
    one: Watched, row: TriggerStatus | None, watch: Watch, sides: Sides, *, height: float
) -> Chart | None:
    spec = one.spec
    if row is None or not isinstance(spec, CountedTrigger):
        return None
    is_share = spec.metric != "latency_ms"
    factor, is_alarm = 100.0 if is_share else 1.0, getattr(spec, "test", "") != "e_process"
    late = max(spec.allowed_lateness_seconds, spec.label_lag_seconds)
    window = timedelta(seconds=spec.window_seconds)
    span = Span(watch.drawn_since, watch.until, max(watch.step, window), window + timedelta(seconds=late))
    names = Names(
        sides.candidate,
        sides.control,
        "limit" if is_alarm else "allowed",
        _percent if is_share else _number,
        _plain,
        is_alarm,
        _band(row, factor),
    )
    return chart_of([reading_of(point, factor) for point in one.readings], span, names, height=height)


def reading_of(point: TriggerReading, factor: float) -> Reading:
    """The stored reading in the unit that is drawn."""

    def drawn(value: float | None) -> float | None:
        return None if value is None else value * factor

    return Reading(
        point.at,
        drawn(point.value),
        drawn(point.control),
        drawn(point.limit),
        point.judgement == Judgement.BREACH.value,
    )


def _band(row: TriggerStatus, factor: float) -> tuple[float, float] | None:
    """What stands in for a control or a limit, as it was measured elsewhere: its estimate and upper bound."""
    memory = getattr(row, "memory", None)
    compared = (memory.memory.get("compared") if memory else None) or {}
    if "estimate" not in compared or "upper" not in compared:
        return None
    return float(compared["estimate"]) * factor, float(compared["upper"]) * factor


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _number(value: float) -> str:
    return f"{number(value)} ms"


def _plain(value: float) -> str:
    return f"{value:,.4g}".replace(",", " ")


def bar_of(newest: TriggerReading | None) -> Bar | None:
    """The bar of a value beside its limit, where both are known."""
    if newest is None or newest.value is None or not newest.limit:
        return None
    share = newest.value / newest.limit
    look = "inc" if share > 1 else "pass"
    return Bar(look, round(min(100.0, 50 * share), 2), f"PSI {newest.value:.3f}, limit {newest.limit:.3f}")
