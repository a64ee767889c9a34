"""The p95 trigger on real series: what it detects, and how often it cries wolf."""

import numpy as np

from releases.monitoring.triggers.backtest import BackTest, back_test, compared
from releases.monitoring.triggers.given import Given
from releases.monitoring.triggers.presets import preset
from releases.monitoring.triggers.series import Window
from tests.releases.monitoring.triggers.shared_series import (
    latency_incidents,
    nab,
    needs_nab,
    needs_petshop,
    petshop,
)

DAY = 24 * 12
"""Windows of five minutes."""


def quantile_of(windows: list[Window]) -> float:
    return float(np.quantile([window.ours.point or 0.0 for window in windows], 0.99))


def run(windows: list[Window], limit: float) -> BackTest:
    """The preset's trigger on windows that hold the quantile as a number."""
    trigger = preset("p95_latency").trigger(limit=limit, test="immediate")
    return back_test(trigger, windows, Given())  # type: ignore[arg-type]  # the preset is of a counted kind


def detected(limit: float) -> list[str]:
    return [name for name in latency_incidents() if run(petshop()[name], limit).spells]


@needs_petshop
def test_with_the_limit_of_the_first_quiet_day_10_of_14_incidents_are_detected_and_the_rest_is_quiet() -> (
    None
):
    quiet = petshop()["noissue"]
    limit = quantile_of(quiet[:DAY])

    assert len(latency_incidents()) == 14
    assert len(detected(limit)) == 10
    assert run(quiet[DAY:], limit).spells == ()


@needs_petshop
def test_with_the_limit_of_all_49_quiet_hours_10_of_14_incidents_are_detected_and_no_alarm_is_false() -> None:
    quiet = petshop()["noissue"]
    limit = quantile_of(quiet)

    assert len(detected(limit)) == 10
    assert run(quiet, limit).spells == ()


def seen_in(name: str) -> tuple[int, int, int]:
    """Labelled spans, those that were seen, and false alarms; the limit is that of the first 15 %."""
    windows, incidents = nab(name)
    found = compared(run(windows, quantile_of(windows[: len(windows) * 15 // 100])), incidents)
    return len(incidents), len(found.detected), len(found.false_alarms)


@needs_nab
def test_on_a_database_both_labelled_spans_are_seen_without_a_false_alarm() -> None:
    assert seen_in("realAWSCloudwatch/rds_cpu_utilization_cc0c53") == (2, 2, 0)


@needs_nab
def test_on_a_server_whose_normal_shifts_one_of_three_is_seen_and_four_alarms_are_false() -> None:
    assert seen_in("realKnownCause/ec2_request_latency_system_failure") == (3, 1, 4)
