"""Whether a system may wait for signed checkpoints: what was signed decides, not which process is asked."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from governance.ledger.sealing import note_trouble
from governance.registry.log_before_act import NothingIsSigned, set_log_before_act
from governance.registry.models import System
from tests.factories.cast import actor, administrator
from tests.governance.ledger.keeping import go_on, number_and_sign
from tests.governance.ledger.reading import as_integrator, let_sign

WHY = "The ledger comes first."


def test_a_web_process_without_the_key_switches_it_on_while_another_signs_and_not_while_none_does(
    system: System, settings: Settings, tmp_path: Path
) -> None:
    let_sign(settings, tmp_path)
    assert go_on(system) == ""
    admin = actor(administrator())
    assert number_and_sign() == ""
    settings.SIGNING_KEY_FILE = None

    with as_integrator():
        note_trouble("the disk is full")
    with pytest.raises(NothingIsSigned, match="because the disk is full"):
        set_log_before_act(admin, system=system, on=True, reason=WHY)
    with as_integrator():
        note_trouble("")
    go_on(system, "Renamed again")
    later = timezone.now() + timedelta(minutes=2)
    with (
        time_machine.travel(later, tick=False),
        pytest.raises(NothingIsSigned, match="has waited for its signature since"),
    ):
        set_log_before_act(admin, system=system, on=True, reason=WHY)

    set_log_before_act(admin, system=system, on=True, reason=WHY)

    assert System.objects.get(pk=system.pk).log_before_act
