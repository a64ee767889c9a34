"""Whoever is forgotten leaves the record whole: proofs hold without the salt of a commitment (L13)."""

from pathlib import Path

from django.db import transaction
from pytest_django import Settings

from governance.ledger.checkpoints import open_checkpoint
from governance.ledger.commitments import commit
from governance.ledger.fsck.checking import check_record
from governance.ledger.heads import head_file
from governance.ledger.integrator import integrate_all
from governance.ledger.keys import signing_key
from governance.ledger.merkle.checking import check_inclusion
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Entry, Salt
from governance.ledger.notes import verifier_of
from governance.ledger.proving import prove_inclusion
from governance.ledger.sealing import seal_newest
from governance.ledger.signing import LEDGER
from governance.registry.models import System
from tests.governance.ledger.acts import person, rename
from tests.governance.ledger.reading import append, as_integrator, let_sign


def test_a_proof_holds_after_the_salt_was_erased(system: System, tmp_path: Path, settings: Settings) -> None:
    let_sign(settings, tmp_path)
    with transaction.atomic():
        commitment = commit("Ada Lovelace")
        entry = append(system.stream(), after={"display_name": commitment})
    rename(person(), system=system, name="Renamed")
    with as_integrator():
        integrate_all()
        seal_newest()

    erased, _ = Salt.objects.filter(commitment=commitment).delete()

    found, key = Entry.objects.select_related("leaf").get(id=entry.id), signing_key(LEDGER)
    assert erased == 1
    assert key is not None
    proof = prove_inclusion(found.leaf)
    head = open_checkpoint(proof.checkpoint, key.name, [verifier_of(key)])
    check_inclusion(proof.index, head.size, leaf_hash(bytes(found.body)), proof.hashes, head.root)
    assert check_record([verifier_of(key)], head_file()).findings == ()
