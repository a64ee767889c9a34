"""What waits for the ledger has answered nobody: neither answers nor gaps nor dossiers say otherwise."""

from pathlib import Path

import pytest
from pytest_django import Settings

from audits.answers.answered import Question, Stands
from audits.answers.release_answers import answers_of
from audits.answers.report_gaps import _places
from audits.records.related import related_to_decision
from governance.registry.log_before_act import set_log_before_act
from releases.bundles.arms import Arm
from releases.bundles.models import Assignment
from releases.monitoring.drift.references import answered_since
from tests.audits.trace.decisions import Guarded, guarded
from tests.factories.cast import actor
from tests.factories.rollouts import on_its_way
from tests.factories.worlds import Prepared
from tests.governance.ledger.reading import let_sign


@pytest.fixture
def waiting(prepared: Prepared, settings: Settings, tmp_path: Path) -> Guarded:
    """The candidate started on android, and nothing of that signed."""
    let_sign(settings, tmp_path)
    admin = actor(prepared.here.cast.admin)
    set_log_before_act(admin, system=prepared.here.cast.system, on=True, reason="No act without a seal.")
    rollout = on_its_way(prepared.here, prepared.candidate, "android")[0]
    assignment = Assignment.objects.get(channel=rollout.channel, period__upper_inf=True)
    assert assignment.waits_for_seal
    return Guarded(prepared.here, prepared.candidate, rollout, assignment)


def test_it_is_told_to_have_answered_nobody(waiting: Guarded) -> None:
    found = answers_of(actor(waiting.here.cast.auditor), waiting.candidate)

    decided, watched = found.to(Question.DECIDED), found.to(Question.WATCHED)
    assert answered_since(waiting.rollout) is None
    assert decided.sentence.startswith("None yet: it is approved and has answered nobody.")
    assert (decided.stands, watched.stands) == (Stands.NOT_YET, Stands.NOT_YET)
    assert not [fact for fact in decided.facts if "answers people since" in fact.said]


def test_what_answers_meanwhile_is_what_reports_are_judged_by(waiting: Guarded) -> None:
    places = _places(actor(waiting.here.cast.auditor))

    assert (waiting.rollout.channel_id, waiting.here.baseline.pk) in places
    assert waiting.candidate.pk not in {revision for _, revision in places}


def test_a_dossier_of_a_decision_holds_the_assignment_that_answered(waiting: Guarded) -> None:
    made = waiting.reported(Arm.CONTROL, stamp="never-frozen")
    before = Assignment.objects.get(
        channel=waiting.rollout.channel, period__endswith=waiting.assignment.period.lower
    )

    found = related_to_decision(made)

    assert before.entry in found.entries()
    assert waiting.assignment.entry not in found.entries()


def test_once_it_serves_it_has_answered_since_then(prepared: Prepared) -> None:
    rollout = guarded(prepared)

    assert answered_since(rollout.rollout) == rollout.assignment.period.lower
