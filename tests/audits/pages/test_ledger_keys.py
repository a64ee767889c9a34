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
from tests.factories.cast import administrator, person
from tests.factories.http import signed_in, with_token
from tests.governance.ledger.keeping import ledger_keys, number_and_sign, run
from tests.governance.ledger.reading import let_sign

KEY_API = "/api/v1/ledger/key"


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
