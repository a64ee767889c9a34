"""Keys and epochs of the ledger: the other administrators are asked, and all are told what came of it."""

import io
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from celery import current_app
from django.utils import timezone
from pytest_django import Settings

from governance.access.granting import TELL
from governance.access.ledger_epochs import begin_epoch, propose_epoch
from governance.access.ledger_keys import propose_key_replacement, replace_lost_ledger_key
from governance.access.models import Account, Proposal
from governance.access.roles import Role
from governance.access.second_administrator import TELL_OF_CUSTODY
from governance.ledger.custody_models import Epoch
from governance.notifications import tasks  # noqa: F401 - declares the tasks
from governance.notifications.models import Notification
from governance.notifications.names import CUSTODY_CHANGED, PROPOSAL_STORED
from governance.notifications.rendering import subject_of, text_of
from governance.outbox.models import OutboxMessage
from governance.registry.models import System
from tests.factories.cast import PASSWORD, actor, administrator, grant, person, second_administrator
from tests.governance.ledger.acts import found
from tests.governance.ledger.acts import person as person_acting
from tests.governance.ledger.keeping import (
    BACK_TO_TWO,
    LOSE,
    another_key,
    go_on,
    ledger_keys,
    replace_keys,
    run,
)
from tests.governance.ledger.reading import let_sign, tamper

LOST = "The disk with the key died."
DID = ("rotated", "retired")
KEYS = "/admin/ledger/keys/"


@pytest.fixture
def signing(committed_db: str, tmp_path: Path, settings: Settings) -> System:
    """Four entries signed, two at a time; two administrators, and an auditor who may read all of it."""
    let_sign(settings, tmp_path)
    system = found(person_acting(), slug="onboarding")
    go_on(system)
    go_on(system, "Renamed again")
    second_administrator()
    grant(person("auditor"), Role.AUDITOR)
    Notification.objects.all().delete()
    OutboxMessage.objects.all().delete()
    return system


def both() -> tuple[Account, Account]:
    return administrator(), second_administrator()


def worker_takes(task: str) -> None:
    """As often as the outbox may deliver it."""
    message = OutboxMessage.objects.filter(task=task).latest("created_at")
    current_app.tasks[task](str(message.id))
    OutboxMessage.objects.filter(id=message.id).update(done_at=None)
    current_app.tasks[task](str(message.id))


def told(event: str) -> list[str]:
    rows = Notification.objects.filter(event=event).order_by("account__username")
    return list(rows.values_list("account__username", flat=True))


def replacement(first: Account) -> Proposal:
    """The first administrator proposes a new key in the place of the lost one."""
    (old,) = ledger_keys()
    new = another_key()
    replace_keys(new.text())
    return propose_key_replacement(actor(first), old=old.vkey, new=new.vkey, reason=LOST)


def confirmed(proposal: Proposal, second: Account) -> None:
    given = proposal.arguments
    replace_lost_ledger_key(
        actor(second), old=given["old"], new=given["new"], reason=LOST, proposal=proposal.id
    )


def test_names_of_tasks_are_those_by_which_the_slice_below_asks_for_them() -> None:
    assert (TELL, TELL_OF_CUSTODY) == (PROPOSAL_STORED, CUSTODY_CHANGED)


def test_the_other_administrators_alone_are_told_which_key_is_to_take_which_place_and_where_to_confirm(
    signing: System,
) -> None:
    first, second = both()
    proposal = replacement(first)
    old, new = ("+".join(proposal.arguments[name].split("+")[:2]) for name in ("old", "new"))

    worker_takes(PROPOSAL_STORED)

    row = Notification.objects.get()
    assert (row.account, row.path) == (second, KEYS)
    assert f"admin proposes to put the ledger key {new} in the place of {old}, as lost." in text_of(row)
    assert f"The reason given: {LOST}" in text_of(row)
    until = f"until {proposal.expires_at:%-d %B %Y, %H:%M} UTC, at the shell of the integrator's host"
    assert until in text_of(row)


def test_whoever_proposed_is_told_that_a_key_was_replaced_and_whoever_confirmed_knows(
    signing: System,
) -> None:
    first, second = both()
    confirmed(replacement(first), second)

    worker_takes(CUSTODY_CHANGED)

    row = Notification.objects.get(event="ledger_key.replaced")
    assert row.account == first
    assert "admin proposed it and admin_two confirmed it." in text_of(row)
    assert LOST in text_of(row)


def test_nobody_is_asked_for_a_key_that_was_replaced_before_the_worker_came(signing: System) -> None:
    first, second = both()
    confirmed(replacement(first), second)

    worker_takes(PROPOSAL_STORED)

    assert told("proposal.stored") == []


def test_all_administrators_are_told_that_a_rotation_began_and_that_it_ended(signing: System) -> None:
    run("rotate_ledger_key", reason="A year has passed.")
    worker_takes(CUSTODY_CHANGED)
    go_on(signing)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        run("rotate_ledger_key", end=True)
        worker_takes(CUSTODY_CHANGED)

    (new,) = ledger_keys()
    began, ended = (Notification.objects.filter(event=f"ledger_key.{did}").first() for did in DID)
    assert began is not None
    assert ended is not None
    assert told("ledger_key.rotated") == told("ledger_key.retired") == ["admin", "admin_two"]
    assert f"{new.id} signs beside the old one" in subject_of(began)
    assert "A year has passed." in text_of(began)
    assert f"{new.id} signs alone" in subject_of(ended)
    assert "in other hands" not in text_of(ended)


def test_that_the_old_key_may_be_in_other_hands_is_said(signing: System) -> None:
    run("rotate_ledger_key", reason="A year has passed.")
    go_on(signing)
    run("rotate_ledger_key", end=True, compromised=True, reason="The laptop was stolen.")

    worker_takes(CUSTODY_CHANGED)

    row = Notification.objects.filter(event="ledger_key.retired").latest("created_at")
    assert "The old key is said to be in other hands." in text_of(row)
    assert "The laptop was stolen." in text_of(row)


def test_an_epoch_is_told_of_when_it_is_proposed_and_when_it_began(signing: System) -> None:
    first, second = both()
    tamper(BACK_TO_TWO + LOSE)
    reason = "The newest backup was older."

    proposal = propose_epoch(actor(first), reason=reason)
    worker_takes(PROPOSAL_STORED)
    begin_epoch(actor(second), reason=reason, proposal=proposal.id)
    worker_takes(CUSTODY_CHANGED)

    asked = Notification.objects.get(event="proposal.stored")
    begun = Notification.objects.get(event="ledger_epoch.begun")
    size = proposal.arguments["size"]
    assert (asked.account, asked.path, begun.account, begun.path) == (second, KEYS, first, KEYS)
    assert f"give up epoch 1 of the ledger, signed up to {size}, and begin another" in text_of(asked)
    assert f"under the name {Epoch.objects.get().origin}." in text_of(begun)
    assert f"A tree of {size} entries had been signed, and the database held 2" in text_of(begun)


def test_the_command_that_a_proposal_names_confirms_it(
    signing: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = ledger_keys()
    replace_keys(another_key().text())
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{PASSWORD}\n"))
    said = run("replace_ledger_key", by="admin", reason=LOST, lost=old.vkey, password_stdin=True)
    words = shlex.split(said.partition("manage.py ")[2])

    run(*[{"NAME": "admin_two", "…": LOST}.get(word, word) for word in words], "--password-stdin")

    assert Proposal.objects.get(verb="ledger_key.replaced").confirmed_by_username == "admin_two"
