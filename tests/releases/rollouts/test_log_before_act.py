"""Log before act: what goes forward serves from the first signed checkpoint that covers it; what takes back,
pauses or rehearses never waits.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from governance.access.roles import Scope
from governance.errors import InvalidInput
from governance.ledger.integrator import integrate_all
from governance.ledger.models import Entry, SignedCheckpoint
from governance.ledger.sealing import seal_newest
from governance.registry.log_before_act import NothingIsSigned, set_log_before_act
from governance.registry.models import System
from releases.bundles.models import Assignment
from releases.bundles.queries import live_assignment, live_revision
from releases.bundles.sealed import PendingSeal
from releases.bundles.services import StillDeployed, withdraw_release
from releases.monitoring.windows.stretches import stretches_of
from releases.rollouts.advancing import StageTooYoung
from releases.rollouts.drills import start_drill
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.waits import what_it_waits_for
from tests.factories.approvals import candidate
from tests.factories.cast import actor
from tests.factories.http import Answer, signed_in, with_token
from tests.factories.rollouts import advanced, live, on_its_way, paused, planned, resumed, taken_back
from tests.factories.worlds import Prepared
from tests.governance.ledger.reading import as_integrator, let_sign
from tests.releases.monitoring.watching.test_drills import DRILL, rehearsed

ANDROID = "android"
WHY = "Nothing may decide that no outsider could check."
TICK = timedelta(microseconds=1)
GUARDED, GENERAL = {"kind": "guarded", "coverage": 0.1}, {"kind": "general"}
CONTEXT = {"targetingKey": "person-1", "channel": ANDROID}


def post(client: Client, address: str, body: dict[str, Any]) -> Answer:
    """A call with a body."""
    return client.post(address, json.dumps(body), content_type="application/json")


def number() -> None:
    """The integrator numbers what waits, and signs nothing."""
    with as_integrator():
        integrate_all()


def seal() -> None:
    """The integrator numbers and signs what waits."""
    with as_integrator():
        integrate_all()
        assert seal_newest() == ""


def switched_on(prepared: Prepared, settings: Settings, directory: Path) -> None:
    """The system waits for the ledger from now on."""
    let_sign(settings, directory)
    admin = actor(prepared.here.cast.admin)
    set_log_before_act(admin, system=prepared.here.cast.system, on=True, reason=WHY)


@pytest.fixture
def here(committed: Prepared, settings: Settings, tmp_path: Path) -> Prepared:
    """A world in which it does, and in which the integrator sees what is written."""
    switched_on(committed, settings, tmp_path)
    return committed


@pytest.fixture
def service(here: Prepared) -> Client:
    """The decision service."""
    return with_token(here.here.cast.integration, Scope.FLAGS)


def one(service: Client) -> dict[str, Any]:
    """What it is answered for one flag: the short way."""
    found = post(service, "/ofrep/v1/evaluate/flags/onboarding-liveness", {"context": CONTEXT}).json()
    return dict(found)


def all_of(service: Client) -> dict[str, Any]:
    """What it is answered for all flags: the long way."""
    (found,) = post(service, "/ofrep/v1/evaluate/flags", {"context": CONTEXT}).json()["flags"]
    return dict(found)


def newest() -> Assignment:
    """The assignment that was made last on the channel."""
    return Assignment.objects.get(channel__name=ANDROID, period__upper_inf=True)


def serving(here: Prepared) -> Assignment:
    """What answers there."""
    found = live_assignment(here.here.cast.channel(ANDROID))
    assert found is not None
    return found


@pytest.mark.parametrize("ask", [one, all_of])
def test_a_start_serves_once_a_signed_checkpoint_covers_it(
    here: Prepared, service: Client, ask: Callable[[Client], dict[str, Any]]
) -> None:
    seal()
    on_its_way(here.here, here.candidate, ANDROID)
    waiting = ask(service)
    number()
    unsigned = ask(service)
    seal()
    served = ask(service)

    assert waiting["metadata"]["pending_seal"] is True
    assert (waiting["value"]["release"], waiting["metadata"]["stage"]) == ("baseline", "general")
    assert unsigned == waiting
    assert "pending_seal" not in served["metadata"]
    assert (served["metadata"]["stage"], served["reason"]) == ("guarded", "SPLIT")


def test_what_was_live_at_any_moment_follows_the_same_rule(here: Prepared) -> None:
    on_its_way(here.here, here.candidate, ANDROID)
    seal()
    made = newest()
    signed_at = SignedCheckpoint.objects.latest("checkpoint_id").signed_at
    auditor = signed_in(here.here.cast.auditor)
    address = f"/api/v1/channels/{made.channel_id}/live/"

    before = auditor.get(address, {"at": (signed_at - TICK).isoformat()}).json()
    after = auditor.get(address, {"at": signed_at.isoformat()}).json()

    assert made.period.lower < signed_at
    assert (before["pending_seal"], before["candidate"]) == (True, None)
    assert "serves once a signed checkpoint" in before["sentence"]
    assert (after["pending_seal"], after["candidate"]["name"]) == (False, "v1")
    assert after["since"] == signed_at.isoformat().replace("+00:00", "Z")


def test_a_rollback_serves_at_once(here: Prepared) -> None:
    on_its_way(here.here, here.candidate, ANDROID)
    seal()
    exposed = serving(here)
    taken_back(here.here)

    back = serving(here)

    assert exposed.candidate == here.candidate
    assert (back.candidate, back.stable) == (None, here.here.baseline)
    assert back.pending_seal is False


def test_a_rollback_overtakes_what_still_waits_and_that_never_served(here: Prepared) -> None:
    on_its_way(here.here, here.candidate, ANDROID)
    taken_back(here.here)
    seal()

    found = [(one.stable, one.candidate) for one in stretches_of(here.here.cast.channel(ANDROID))]

    baseline = here.here.baseline
    assert (serving(here).stable, serving(here).candidate) == (baseline, None)
    assert found == [(baseline.pk, None), (baseline.pk, None)]


def test_no_stage_is_left_before_it_was_shown(here: Prepared) -> None:
    deployment = planned(here.here, GUARDED, GENERAL)
    with pytest.raises(PendingSeal, match="not in a signed checkpoint yet"):
        advanced(here.here, deployment)
    said = [one.sentence for one in what_it_waits_for(deployment, timezone.now()) if one.check == "seal"]
    seal()

    advanced(here.here, deployment)

    assert "Nobody is shown the stage until it is" in said[0]
    assert Deployment.objects.get(pk=deployment.pk).state == DeploymentState.LIVE
    assert serving(here).candidate == deployment.revision


def test_a_stage_lasts_as_much_longer_as_it_waited(here: Prepared) -> None:
    deployment = planned(here.here, {**GUARDED, "min_duration_seconds": 3600}, GENERAL)
    seal()
    made, signed_at = newest().period.lower, SignedCheckpoint.objects.latest("checkpoint_id").signed_at

    with time_machine.travel(made + timedelta(hours=1)), pytest.raises(StageTooYoung) as young:
        advanced(here.here, deployment)

    assert f"{signed_at + timedelta(hours=1):%F %T}" in young.value.message


def test_what_answers_while_another_waits_is_not_withdrawn(
    committed: Prepared, settings: Settings, tmp_path: Path
) -> None:
    world = committed.here
    live(world, committed.candidate, ANDROID)
    deployment = planned(world, GUARDED, GENERAL)
    switched_on(committed, settings, tmp_path)
    advanced(world, deployment)

    with pytest.raises(StillDeployed, match="people, until the ledger is signed"):
        withdraw_release(actor(world.cast.author), revision=committed.candidate, reason=WHY)


def test_a_pause_serves_at_once_and_what_is_resumed_waits(here: Prepared) -> None:
    (deployment,) = on_its_way(here.here, here.candidate, ANDROID)
    seal()
    paused(here.here, deployment)
    stopped = serving(here)
    resumed(here.here, deployment)
    still = serving(here)
    seal()
    on = serving(here)

    assert stopped.is_pause
    assert (still.pk, still.pending_seal) == (stopped.pk, True)
    assert (on.is_pause, on.pending_seal) == (False, False)


def test_what_is_paused_because_another_is_taken_back_waits_for_nothing(
    prepared: Prepared, settings: Settings, tmp_path: Path
) -> None:
    here = prepared.here
    (doomed,) = live(here, prepared.candidate, ANDROID)
    on_its_way(here, candidate(here, "2"), ANDROID)
    switched_on(prepared, settings, tmp_path)
    taken_back(here, deployment=doomed)

    found = serving(prepared)

    assert found.is_pause
    assert (found.stable, found.pending_seal) == (here.baseline, False)


def test_a_drill_waits_for_nothing(prepared: Prepared, settings: Settings, tmp_path: Path) -> None:
    here = prepared.here
    first, second = rehearsed(here)
    drilled = here.cast.channel(DRILL)
    before = live_revision(drilled)
    switched_on(prepared, settings, tmp_path)
    start_drill(actor(here.cast.release_manager), channel=drilled, reason=WHY)

    assert before == second
    assert live_revision(drilled) == first


def test_what_is_counted_begins_when_it_served(here: Prepared) -> None:
    on_its_way(here.here, here.candidate, ANDROID)
    channel = here.here.cast.channel(ANDROID)
    waiting = stretches_of(channel)
    seal()
    signed_at = SignedCheckpoint.objects.latest("checkpoint_id").signed_at

    first, second = stretches_of(channel)

    assert [one.candidate for one in waiting] == [None]
    assert (first.upper, second.lower, second.candidate) == (signed_at, signed_at, here.candidate.pk)


def test_a_system_without_the_switch_waits_for_nothing(committed: Prepared) -> None:
    on_its_way(committed.here, committed.candidate, ANDROID)

    found = serving(committed)

    assert found.candidate == committed.candidate
    assert (found.waits_for_seal, found.pending_seal) == (False, False)


def test_switching_it_off_lets_what_comes_next_serve_at_once(here: Prepared) -> None:
    set_log_before_act(actor(here.here.cast.admin), system=here.here.cast.system, on=False, reason=WHY)
    on_its_way(here.here, here.candidate, ANDROID)

    found = serving(here)

    assert found.candidate == here.candidate


def test_the_entry_of_an_assignment_says_that_it_waits(here: Prepared) -> None:
    on_its_way(here.here, here.candidate, ANDROID)

    document = newest().entry.document

    assert document["after"]["waits_for_seal"] is True


def test_it_is_not_switched_on_where_nothing_is_signed(prepared: Prepared, settings: Settings) -> None:
    settings.SIGNING_KEY_FILE = None
    admin, system = actor(prepared.here.cast.admin), prepared.here.cast.system

    with pytest.raises(NothingIsSigned, match="cannot wait for signed checkpoints"):
        set_log_before_act(admin, system=system, on=True, reason=WHY)

    assert System.objects.get(pk=system.pk).log_before_act is False


def test_it_is_not_switched_without_a_reason(prepared: Prepared, settings: Settings, tmp_path: Path) -> None:
    let_sign(settings, tmp_path)
    admin = actor(prepared.here.cast.admin)

    with pytest.raises(InvalidInput, match="say why"):
        set_log_before_act(admin, system=prepared.here.cast.system, on=True, reason=" ")


def test_an_administrator_sets_it_once_over_the_interface_with_a_reason(
    prepared: Prepared, settings: Settings, tmp_path: Path
) -> None:
    let_sign(settings, tmp_path)
    system = prepared.here.cast.system
    address = f"/api/v1/systems/{system.pk}/log-before-act/"
    admin, manager = signed_in(prepared.here.cast.admin), signed_in(prepared.here.cast.release_manager)

    first = post(admin, address, {"on": True, "reason": WHY})
    again = post(admin, address, {"on": True, "reason": WHY})
    bare = post(admin, address, {"on": False, "reason": " "})
    other = post(manager, address, {"on": False, "reason": WHY})

    assert (first.status_code, first.json()["log_before_act"]) == (200, True)
    assert (again.status_code, bare.status_code, other.status_code) == (200, 400, 403)
    entries = Entry.objects.filter(stream=system.stream(), document__type="system.log_before_act_set")
    assert [one.document["after"] for one in entries] == [{"log_before_act": True}]


def test_the_page_of_a_system_says_and_sets_it(
    prepared: Prepared, settings: Settings, tmp_path: Path
) -> None:
    let_sign(settings, tmp_path)
    system, admin = prepared.here.cast.system, signed_in(prepared.here.cast.admin)
    address = f"/admin/governance/system/{system.pk}/"

    before = admin.get(f"{address}change/").content.decode()
    form = admin.get(f"{address}log-before-act/").content.decode()

    assert "serves at once" in before
    assert "Rollback and pause never wait" in form
