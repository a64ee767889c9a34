"""The page of ledger keys: what is printed and handed to whoever checks without us."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

import audits.verification
from governance.access.custody_proposals import act_of, confirming_command, open_custody_proposals
from governance.access.ledger_keys import (
    propose_key_replacement,
    replace_lost_ledger_key,
    rotate_ledger_key,
)
from governance.access.models import Proposal
from governance.access.roles import Role
from tests.audits.pages.browsing import text_of
from tests.factories.cast import actor, administrator, grant, operator, person, second_administrator
from tests.factories.http import signed_in, with_token
from tests.governance.ledger.acts import found
from tests.governance.ledger.acts import person as found_by
from tests.governance.ledger.keeping import another_key, ledger_keys, number_and_sign, run
from tests.governance.ledger.reading import let_sign

KEY_API = "/api/v1/ledger/key"
LOST = "The disk with the key died."


@pytest.fixture
def reader(committed_db: str, tmp_path: Path, settings: Settings) -> Client:
    """Somebody without any grant, in an installation that signs."""
    let_sign(settings, tmp_path)
    administrator()
    client = signed_in(person("reader"))
    assert number_and_sign() == ""
    return client


def page(client: Client) -> str:
    response = client.get(reverse("admin:ledger_keys"))
    assert response.status_code == 200
    return response.content.decode()


def test_the_key_that_signs_is_shown_as_a_line_with_the_tree_and_the_script_to_check_with(
    reader: Client,
) -> None:
    (key,) = ledger_keys()
    script = Path(audits.verification.__file__).with_name("standalone.py").read_bytes()

    shown = page(reader)

    assert "One key signs the ledger" in shown
    assert f'aria-label="Verifier key">{key.vkey}</pre>' in shown
    assert hashlib.sha256(script).hexdigest() in shown
    assert "PRIVATE" not in shown


def test_during_a_rotation_both_keys_are_shown_and_afterwards_the_old_one_as_retired(reader: Client) -> None:
    run("rotate_ledger_key", reason="A year has passed.")
    number_and_sign()
    old, new = (key.vkey for key in ledger_keys())
    both = page(reader)
    api = with_token(person("service_reader")).get(KEY_API).json()["keys"]
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        run("rotate_ledger_key", end=True)
    retired = reader.get(KEY_API).json()["keys"]

    assert "Two keys sign the ledger" in both
    assert both.count('aria-label="Verifier key"') == 2
    assert [(one["vkey"], one["state"]) for one in api[1:]] == [(new, "signs"), (old, "overlaps")]
    assert api[2]["until"] > api[1]["since"] > api[2]["since"]
    assert [(one["vkey"], one["state"]) for one in retired[1:]] == [(new, "signs"), (old, "retired")]


def test_a_key_that_has_signed_nothing_is_not_one_to_hand_out(reader: Client) -> None:
    (true,), foreign = ledger_keys(), another_key()
    rotate_ledger_key(operator(), old=true.vkey, new=foreign.vkey, overlap=timedelta(days=30), reason="Why?")
    assert foreign.id in number_and_sign()

    shown, keys = page(reader), reader.get(KEY_API).json()["keys"]

    assert f'aria-label="Verifier key">{true.vkey}</pre>' in shown
    assert f'aria-label="Verifier key">{foreign.vkey}</pre>' not in shown
    assert "On record, has not signed yet" in shown
    assert {one["vkey"]: one["state"] for one in keys[1:]} == {foreign.vkey: "named", true.vkey: "overlaps"}


def test_without_a_key_the_page_says_what_to_do(
    committed_db: str, tmp_path: Path, settings: Settings
) -> None:
    settings.SIGNING_KEY_FILE, settings.VAR_DIR = None, tmp_path
    administrator()
    client = signed_in(person("reader"))

    shown = page(client)

    assert "No key signs the ledger" in shown
    assert "create_signing_key" in shown
    assert client.get(KEY_API).json() == {"keys": []}


def test_only_who_has_signed_in_sees_the_page(db: None) -> None:
    assert Client().get(reverse("admin:ledger_keys")).status_code == 302


@pytest.fixture
def proposed(reader: Client) -> Proposal:
    """Of two administrators the first proposes a new key in the place of a lost one."""
    second_administrator()
    (old,) = ledger_keys()
    new = another_key().vkey
    return propose_key_replacement(actor(administrator()), old=old.vkey, new=new, reason=LOST)


def test_the_second_administrator_finds_the_proposal_in_the_inbox_and_on_the_page_the_command(
    proposed: Proposal,
) -> None:
    client = signed_in(second_administrator())

    inbox, shown = text_of(client.get("/admin/")), text_of(client.get(reverse("admin:ledger_keys")))

    assert f"It is proposed to {act_of(proposed)}: {LOST}" in inbox
    assert "See how to confirm" in inbox
    assert f"admin proposes to {act_of(proposed)}. The reason given: {LOST}" in shown
    assert "Ask admin in person first" in shown
    assert confirming_command(proposed) in shown


def test_whoever_proposed_is_shown_that_another_must_confirm_and_is_not_asked(proposed: Proposal) -> None:
    client = signed_in(administrator())

    assert act_of(proposed) not in text_of(client.get("/admin/"))
    assert "You proposed it, so another administrator must confirm it" in text_of(
        client.get(reverse("admin:ledger_keys"))
    )


def test_nobody_else_sees_the_proposal(proposed: Proposal, reader: Client) -> None:
    local = person("local")
    grant(local, Role.ADMINISTRATOR, system=found(found_by(), slug="onboarding"))

    clients = [reader, signed_in(local)]

    assert [LOST in page(client) for client in clients] == [False, False]
    assert [LOST in text_of(client.get("/admin/")) for client in clients] == [False, False]


def test_what_is_confirmed_or_has_expired_waits_no_longer(proposed: Proposal) -> None:
    client = signed_in(second_administrator())
    given = proposed.arguments
    with time_machine.travel(proposed.expires_at):
        expired = list(open_custody_proposals(actor(second_administrator()), timezone.now()))
    replace_lost_ledger_key(
        actor(second_administrator()), old=given["old"], new=given["new"], reason=LOST, proposal=proposed.id
    )

    assert expired == []
    assert confirming_command(proposed) not in text_of(client.get(reverse("admin:ledger_keys")))
    assert act_of(proposed) not in text_of(client.get("/admin/"))
