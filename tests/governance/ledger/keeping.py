"""An installation with two administrators that signs, as the tests of its keys and epochs need it."""

import io
from pathlib import Path
from typing import Any

from django.core.management import call_command

from governance.ledger.fsck.checking import check_record
from governance.ledger.heads import head_file
from governance.ledger.integrator import integrate_all
from governance.ledger.keys import key_file, keys_for
from governance.ledger.models import SignedCheckpoint
from governance.ledger.notes import NoteFails, VerifierKey, open_note, verifier_of
from governance.ledger.sealing import seal_newest
from governance.ledger.signing import LEDGER, SigningKey, generate_key
from governance.project.embedded.directories import write_private
from governance.registry.models import System
from tests.governance.ledger.acts import person, rename
from tests.governance.ledger.reading import as_integrator

BACK_TO_TWO = """
DELETE FROM signed_checkpoint WHERE size > 2; DELETE FROM checkpoint WHERE size > 2;
DELETE FROM leaf WHERE index >= 2; UPDATE tree_state SET size = 2, tiled = 2;
ALTER TABLE tile DISABLE TRIGGER ledger_tile_grows;
UPDATE tile SET hashes = substring(hashes FROM 1 FOR 64);
ALTER TABLE tile ENABLE ALWAYS TRIGGER ledger_tile_grows;
"""
"""The tree is as it was at two leaves, as the owner of the database."""
LOSE = "DELETE FROM entry WHERE stream_seq > 2;"
"""And whatever came third in its stream or later is lost."""


def key_path() -> Path:
    """The file with the private keys."""
    path = key_file()
    assert path is not None
    return path


def ledger_keys() -> tuple[SigningKey, ...]:
    """The ledger's private keys in the file."""
    return keys_for(LEDGER)


def replace_keys(*texts: str) -> None:
    """The key file holds just these."""
    key_path().unlink(missing_ok=True)
    write_private(key_path(), "\n".join([*texts, ""]))


def another_key() -> SigningKey:
    """A new key with the name of the first one."""
    return generate_key(ledger_keys()[0].name)


def number_and_sign() -> str:
    """Number what waits and sign it; why nothing is signed, empty where all is well."""
    with as_integrator():
        integrate_all()
        return seal_newest()


def go_on(system: System, name: str = "Renamed") -> str:
    """One entry more, numbered and signed."""
    rename(person(), system=system, name=name)
    return number_and_sign()


def notes() -> list[str]:
    """The signed checkpoints, smallest first."""
    return list(SignedCheckpoint.objects.order_by("checkpoint_id").values_list("note", flat=True))


def origins() -> list[str]:
    """Their origins."""
    return [note.partition("\n")[0] for note in notes()]


def has_signed(key: SigningKey, note: str) -> bool:
    """Whether somebody who knows nothing but this key takes the checkpoint."""
    try:
        open_note(note, [verifier_of(key)])
    except NoteFails:
        return False
    return True


def faults(*keys: SigningKey | VerifierKey) -> list[str]:
    """What a check of the record finds, given these keys from elsewhere."""
    known = [key if isinstance(key, VerifierKey) else verifier_of(key) for key in keys]
    return [str(finding) for finding in check_record(known, head_file()).findings]


def run(*arguments: str, **options: Any) -> str:
    """What a command wrote."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()
