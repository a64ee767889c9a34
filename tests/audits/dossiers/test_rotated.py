"""Dossiers while the ledger's key is rotated: whoever knows one of the keys in use verifies them with it."""

from pathlib import Path

from django.core.management import call_command

from audits.dossiers.making import make
from audits.dossiers.models import DossierStatus
from audits.dossiers.packing import stored_archive
from governance.ledger.keys import keys_for
from governance.ledger.signing import LEDGER
from tests.audits.dossiers.making import WORKER, Signing, both, files_in, sealed, written


def rotate() -> None:
    call_command("rotate_ledger_key", reason="A year has passed.")
    sealed()


def test_while_two_keys_sign_each_alone_verifies_a_dossier(signing: Signing, tmp_path: Path) -> None:
    old = signing.vkey
    first = signing.made()
    rotate()
    (new,) = {key.vkey for key in keys_for(LEDGER)} - {old}

    during = signing.made()
    later = signing.made()

    assert (first.status, during.previous_id, later.previous_id) == (DossierStatus.COMPLETED, None, during.pk)
    assert "previous-checkpoint" not in files_in(stored_archive(during))
    paths = [written(tmp_path, one) for one in (during, later)]
    assert [both(path, "--vkey", key) for path in paths for key in (old, new)] == [(0, 0)] * 4


def test_after_the_rotation_the_new_key_alone_verifies_and_the_older_one_is_contained(
    signing: Signing, tmp_path: Path
) -> None:
    old = signing.vkey
    sealed()
    rotate()
    during = signing.made()
    call_command("rotate_ledger_key", end=True, compromised=True, reason="It was copied.")
    sealed()

    after = signing.made()

    kept, path = written(tmp_path, during), written(tmp_path, after)
    assert after.previous_id == during.pk
    assert both(path, "--vkey", signing.vkey, "--previous", kept) == (0, 0)
    assert both(path, "--vkey", old) == (1, 1)


def test_a_rotation_between_issue_and_checkpoint_is_told_of(signing: Signing) -> None:
    signing.made()
    asked = signing.asked()
    sealed()
    issued = make(WORKER, asked)
    rotate()

    failed = make(WORKER, issued)

    assert failed.status == DossierStatus.FAILED
    assert "another key signs it, since the contents were fixed. Ask for the dossier again." in failed.problem
