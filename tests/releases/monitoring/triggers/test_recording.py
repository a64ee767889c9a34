"""What fires and cannot be recorded asks for it all the same."""

from typing import Any

import pytest

from governance.ledger.models import Entry
from releases.monitoring.triggers import evaluation
from releases.monitoring.triggers.evidence import evidence_of
from releases.monitoring.triggers.services import CHANGES
from releases.monitoring.triggers.vocabulary import Action, Evaluated, State
from releases.rollouts.models import Deployment
from tests.factories.incidents import confirmed
from tests.factories.looked import hear, now, ticked
from tests.factories.watched import EVENT, RETRY, WORSE, closed, counted, evaluated, somebody, status, watched
from tests.factories.worlds import Prepared


def events(deployment: Deployment, key: str = "retry_spike") -> list[str]:
    entries = Entry.objects.filter(stream=status(deployment, key).stream()).order_by("stream_seq")
    return [str(entry.document["type"]) for entry in entries]


def test_a_trigger_that_cannot_be_recorded_keeps_no_other_from_being_heard(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = watched(prepared.here, RETRY, EVENT)
    counted(deployment, 0, *WORSE)
    confirmed(prepared.here, subject=somebody(deployment))
    monkeypatch.setattr(evaluation, "evidence_of", _unwritable)

    found = [evaluated(deployment, closed(deployment, 0)) for _ in range(4)]

    assert {tuple((one.key, one.action) for one in each.firings) for each in found} == {
        (("spoof", Action.ROLLBACK), ("retry_spike", Action.ROLLBACK))
    }
    assert [one.key for one in found[0].blocked] == ["spoof", "retry_spike"]
    row = status(deployment)
    assert (row.phase, row.action, row.evidence["problem"]) == (
        "firing",
        "rollback",
        "The whole evidence could not be recorded: ValueError.",
    )
    assert events(deployment)[-1] == "trigger.fired"


def test_what_fires_and_cannot_be_recorded_at_all_asks_for_it_at_every_look(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = watched(prepared.here, RETRY)
    monkeypatch.setitem(CHANGES, "trigger.fired", _refused)

    found = [_worse_again(deployment, place) for place in range(5)]
    hear(deployment.channel, closed(deployment, 4))
    ticked(closed(deployment, 4))

    assert {tuple(one.action for one in each.firings) for each in found} == {(Action.ROLLBACK,)}
    assert len({one.firings[0].digest for one in found}) == 1
    assert "; 1,000 and 1,000 subjects." in found[-1].firings[0].sentence
    assert [one.state for one in found[-1].states] == [State.ERROR]
    assert (now(deployment).state, status(deployment).phase) == ("rolled_back", "inactive")


def _worse_again(deployment: Deployment, place: int) -> Evaluated:
    counted(deployment, place, *WORSE)
    return evaluated(deployment, closed(deployment, place))


def _refused(*args: Any, **named: Any) -> Any:
    raise ValueError("the entry is too large")


def _unwritable(scene: Any, place: Any, *rest: Any) -> Any:
    if place.spec.key == "retry_spike":
        raise ValueError("not a number")
    return evidence_of(scene, place, *rest)
