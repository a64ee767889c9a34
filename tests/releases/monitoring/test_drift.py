"""Drift of a release on a channel: its scores and mixes against its first day, or against its gate."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from releases.bundles.arms import Arm
from releases.monitoring.drift.measuring import DriftFigures, Reference, score_drift
from releases.monitoring.drift.reading import Period, attribute, binned, quantiles, score, shares
from releases.monitoring.drift.references import answered_since
from releases.monitoring.drift.sheet import DriftSheet, drift_sheet
from releases.monitoring.replaying.replay import Fusion
from releases.monitoring.terms.services import Wanted, set_terms
from releases.rollouts.models import Deployment
from releases.statistics.drift import bin_counts, quantile_edges
from tests.audits.trace.decisions import Guarded, guarded
from tests.factories.cast import actor
from tests.factories.incidents import confirmed
from tests.factories.traffic import traffic
from tests.factories.worlds import Prepared

DAY = timedelta(days=1)
PHONES = ("pixel", "galaxy")


@dataclass(frozen=True)
class Watched:
    """A candidate guarded on android, three days after its start."""

    rollout: Guarded
    started: datetime

    @property
    def deployment(self) -> Deployment:
        return self.rollout.rollout

    def meets(self, day: int, **terms: Any) -> None:
        """Traffic of 120 people in the middle of a day after the start."""
        here, channel = self.rollout.here, self.rollout.here.cast.channel("android")
        begins = self.started + day * DAY + timedelta(hours=6)
        traffic(here, channel, self.rollout.candidate, begins=begins, person=f"day-{day}", **terms)

    def drift(self, day: int) -> DriftFigures:
        begins = self.started + day * DAY
        return score_drift(self.deployment, since=begins, until=begins + DAY)

    def sheet(self, day: int) -> DriftSheet:
        begins = self.started + day * DAY
        return drift_sheet(self.deployment, since=begins, until=begins + DAY)


@pytest.fixture
def watched(prepared: Prepared) -> Iterator[Watched]:
    rollout = guarded(prepared)
    started = answered_since(rollout.rollout)
    assert started is not None
    with time_machine.travel(started + 4 * DAY, tick=True):
        yield Watched(rollout, started)


def device(number: int) -> dict[str, Any]:
    return {"attributes": {"capture_device": PHONES[number % 2], "quality": number / 120}, "sdk": "2.3.1"}


def test_scores_like_those_of_the_first_day_have_not_moved(watched: Watched) -> None:
    watched.meets(0)
    watched.meets(2, score=lambda number: (number + 0.5) / 120)

    found = watched.drift(2)

    assert (found.reference, found.reference_size, found.current_size) == (Reference.FIRST_DAY, 120, 120)
    assert (found.reference_subjects, found.current_subjects, found.bins) == (120, 120, 10)
    assert found.bins_reference == (12,) * 10
    assert found.moved is False


def test_scores_that_rose_have_moved_with_all_figures(watched: Watched) -> None:
    watched.meets(0)
    watched.meets(2, score=lambda number: 0.5 + number / 240)

    found = watched.drift(2)

    assert found.moved is True
    assert found.psi is not None
    assert found.psi_limit == pytest.approx(2 / 120 * 16.919, abs=1e-3)
    assert found.ks == pytest.approx(0.5, abs=0.02)
    assert found.ks_p_value is not None
    assert found.ks_p_value < 1e-9
    assert found.wasserstein == pytest.approx(0.25, abs=0.01)


def test_people_count_not_captures(watched: Watched) -> None:
    watched.meets(0)
    watched.meets(2, each=lambda number: {"subject": f"one-of-few-{number % 20}"})

    found = watched.drift(2)

    assert (found.current_size, found.current_subjects, found.moved) == (120, 20, None)
    assert found.problem == "The period holds 20 people; 50 are needed."


def test_a_period_without_decisions_is_no_finding(watched: Watched) -> None:
    watched.meets(0)

    found = watched.drift(2)

    assert (found.moved, found.psi, found.current_size) == (None, None, 0)
    assert "holds 0 people" in found.problem


def test_decisions_of_another_release_and_errors_do_not_count(watched: Watched) -> None:
    watched.meets(0)
    watched.meets(2)
    watched.meets(2, each=lambda number: {"outcome": "error"})
    watched.meets(2, each=lambda number: {"stamp": watched.rollout.here.baseline.manifest_digest})
    watched.meets(2, each=lambda number: {"scores": {"depth": 0.1}})

    assert watched.drift(2).current_size == 120


def test_during_the_first_day_the_gate_is_the_reference(watched: Watched) -> None:
    watched.meets(0)

    found = watched.drift(0)

    assert found.reference is Reference.GATE
    assert found.reference_size > 0
    assert sum(found.bins_reference) == found.reference_size


def test_an_adopted_release_on_its_first_day_has_no_reference(prepared: Prepared) -> None:
    live = Deployment.objects.get(
        revision=prepared.here.baseline, channel=prepared.here.cast.channel("android")
    )
    started = answered_since(live)
    assert started is not None

    found = score_drift(live, since=started, until=started + DAY)

    assert (found.reference, found.moved) == (Reference.NONE, None)
    assert "no gate kept scores" in found.problem
    assert drift_sheet(live, since=started, until=started + DAY).measures[0].problem == found.problem


def test_bins_and_quantiles_are_those_of_the_pure_functions(watched: Watched) -> None:
    scores = [((number * 37) % 120) / 120 for number in range(120)]
    watched.meets(0, score=lambda number: scores[number])
    period = Period(
        (watched.deployment.channel_id,), watched.rollout.candidate.pk, watched.started, watched.started + DAY
    )
    value = score(Fusion("weighted", ("depth", "texture"), {"depth": 0.5, "texture": 0.5}))

    edges = quantiles(period, value).edges(10)

    assert edges == pytest.approx(quantile_edges(scores, 10))
    assert binned(period, value, edges).counts == bin_counts(scores, edges)


def test_a_fusion_weighs_its_inputs_and_a_decision_that_lacks_one_is_left_out(watched: Watched) -> None:
    given = ({"depth": 1, "texture": 4}, {"depth": 2, "texture": 4}, {"texture": 4})
    watched.meets(0, many=3, each=lambda number: {"scores": given[number]})
    period = Period(
        (watched.deployment.channel_id,), watched.rollout.candidate.pk, watched.started, watched.started + DAY
    )

    found = quantiles(period, score(Fusion("weighted", ("depth", "texture"), {"depth": 2, "texture": 0.5})))

    assert (found.decisions, found.subjects) == (2, 2)
    assert (found.values[0], found.values[-1]) == (4.0, 6.0)


def test_categories_that_no_decision_states_count_as_not_stated(watched: Watched) -> None:
    watched.meets(0, many=4, each=lambda number: device(number) if number else {})
    period = Period(
        (watched.deployment.channel_id,), watched.rollout.candidate.pk, watched.started, watched.started + DAY
    )

    found = shares(period, attribute("capture_device"))

    assert found.counts == {"galaxy": 2, "pixel": 1, "not stated": 1}
    assert found.subjects == 4


def test_the_sheet_says_what_moved_and_what_has_not(watched: Watched) -> None:
    watched.meets(0, each=device)
    blurred = {"attributes": {"capture_device": "galaxy", "quality": 0.1}}
    watched.meets(2, each=lambda number: device(1) | blurred)

    found = watched.sheet(2)

    by_key = {one.key: one for one in found.measures}
    assert {one.key for one in found.moved} == {"attribute:capture_device", "quality"}
    assert [(row.name, row.before, row.now) for row in by_key["attribute:capture_device"].rows] == [
        ("galaxy", 0.5, 1.0),
        ("pixel", 0.5, 0.0),
    ]
    assert "moved against its first day there: PSI" in by_key["quality"].sentence
    assert by_key["sdk"].problem == "All of it is of one kind, then and now."
    assert by_key["traffic"].rows[0].name == "android"
    assert by_key["attacks"].sentence == "No attack was confirmed in this period."


def test_a_channel_that_reported_at_one_of_the_two_times_only_is_no_traffic_that_moved(
    watched: Watched,
) -> None:
    here, candidate = watched.rollout.here, watched.rollout.candidate
    channels = [here.cast.channel(name) for name in ("ios", "mobile_web")]
    begins = [watched.started + day * DAY + timedelta(hours=6) for day in (0, 2, 2)]
    watched.meets(0)
    watched.meets(2)
    alone = {one.key: one for one in watched.sheet(2).measures}["traffic"]
    traffic(here, channels[0], candidate, begins=begins[2], person="ios-2")
    none_else = {one.key: one for one in watched.sheet(2).measures}["traffic"]
    traffic(here, channels[1], candidate, begins=begins[0], person="web-0")
    traffic(here, channels[1], candidate, begins=begins[1], person="web-2")

    both = {one.key: one for one in watched.sheet(2).measures}["traffic"]

    assert (alone.moved, none_else.moved) == (None, None)
    left = "left out: ios, with decisions of one of the two times only"
    assert none_else.problem == f"Nothing to compare; {left}."
    assert (both.moved, both.also, both.reference_people, both.people) == (False, left, 240, 240)
    assert [(row.name, row.before, row.now) for row in both.rows] == [
        ("android", 0.5, 0.5),
        ("mobile_web", 0.5, 0.5),
    ]


def test_the_sheet_of_the_first_day_compares_scores_with_the_gate_and_the_mix_with_nothing(
    watched: Watched,
) -> None:
    watched.meets(0, each=device)

    found = {one.key: one for one in watched.sheet(0).measures}

    assert found["score"].against == "genuine users of its gate"
    assert "not over" in found["attribute:capture_device"].problem
    assert found["attribute:capture_device"].moved is None


def test_a_species_that_the_gate_did_not_look_at_has_moved(watched: Watched) -> None:
    begins = watched.started + 2 * DAY
    watched.meets(2, many=1)
    confirmed(watched.rollout.here, subject=watched.rollout.subject(Arm.CANDIDATE), happened_at=begins)

    found = {one.key: one for one in watched.sheet(2).measures}["attacks"]

    assert found.moved is True
    assert found.sentence == "1 attack was confirmed; the gate did not look at mask_print."


def test_the_terms_of_the_system_say_which_attributes_are_compared(watched: Watched) -> None:
    here = watched.rollout.here
    wanted = Wanted(72, 0.1, (7,), 30, ("lighting",), "sharpness")
    set_terms(actor(here.cast.release_manager), system=here.cast.system, wanted=wanted, reason="Ours.")

    found = [one.key for one in watched.sheet(2).measures]

    assert found == ["score", "traffic", "sdk", "attribute:lighting", "quality", "attacks"]


def test_the_first_day_is_that_of_the_first_decision(watched: Watched) -> None:
    watched.meets(1)
    watched.meets(3)

    found = watched.drift(3)

    assert (found.reference, found.reference_subjects, found.moved) == (Reference.FIRST_DAY, 120, False)


def test_a_first_day_that_met_few_people_leaves_the_gate_as_reference(watched: Watched) -> None:
    watched.meets(0, many=10)
    watched.meets(2)

    found = watched.drift(2)

    assert found.reference is Reference.GATE
    assert found.current_subjects == 120


def test_an_attribute_that_nobody_states_is_no_measure(watched: Watched) -> None:
    watched.meets(0)
    watched.meets(2)

    assert "attribute:capture_device" not in {one.key for one in watched.sheet(2).measures}
