"""Checkpoint, tiles and proofs over HTTP: what a stranger needs to check the ledger without us."""

import base64
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from governance.access.roles import Role
from governance.ledger.checkpoints import TreeHead, open_checkpoint
from governance.ledger.integrator import integrate_all
from governance.ledger.keys import signing_key
from governance.ledger.merkle.checking import check_consistency, check_inclusion
from governance.ledger.merkle.hashing import leaf_hash
from governance.ledger.models import Entry, Leaf, SignedCheckpoint
from governance.ledger.notes import NoteFails, cosign, split_note, verifier_key
from governance.ledger.proof_texts import read_proof
from governance.ledger.sealing import seal_newest
from governance.ledger.signing import COSIGNATURE, LEDGER, generate_key
from governance.ledger.witness_models import Cosignature
from tests.factories.cast import administrator, grant, person, system_with_channels
from tests.factories.http import with_token
from tests.governance.ledger.reading import as_integrator, let_sign

LEDGER_API = "/api/v1/ledger"


@pytest.fixture
def client(committed_db: str, tmp_path: Path, settings: Settings) -> Client:
    """A reader of one system, in an installation whose first entries are signed."""
    let_sign(settings, tmp_path)
    reader = person("reader")
    grant(reader, Role.AUDITOR, system=system_with_channels())
    caller = with_token(reader)
    sealed()
    return caller


def sealed() -> None:
    with as_integrator():
        integrate_all()
        assert seal_newest() == ""


def head(client: Client) -> TreeHead:
    """The newest head, checked with the verifier key as it was handed out."""
    key = signing_key(LEDGER)
    assert key is not None
    known = [verifier_key(key.vkey)]
    return open_checkpoint(client.get(f"{LEDGER_API}/checkpoint").content.decode(), key.name, known)


def decoded(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(one) for one in hashes]


def test_the_proof_of_an_entry_leads_from_its_body_to_the_signed_root(client: Client) -> None:
    entry = Entry.objects.order_by("at")[2]

    answer = client.get(f"{LEDGER_API}/proofs/inclusion", {"entry": str(entry.id)}).json()

    signed, proof = head(client), read_proof(answer["proof"])
    body = leaf_hash(bytes(entry.body))
    check_inclusion(answer["index"], signed.size, body, decoded(answer["hashes"]), signed.root)
    assert (proof.index, list(proof.hashes)) == (answer["index"], decoded(answer["hashes"]))
    assert proof.checkpoint == answer["checkpoint"]
    by_index = client.get(f"{LEDGER_API}/proofs/inclusion", {"index": answer["index"]}).json()
    assert by_index == answer


def test_the_log_has_only_grown_between_two_checkpoints(client: Client) -> None:
    before = head(client)
    person("later")
    sealed()
    after = head(client)

    answer = client.get(f"{LEDGER_API}/proofs/consistency", {"from": before.size, "to": after.size}).json()

    check_consistency(before.size, after.size, decoded(answer["hashes"]), before.root, after.root)
    assert after.size > before.size
    assert (answer["old_root"], answer["new_root"]) == tuple(
        base64.b64encode(one.root).decode() for one in (before, after)
    )


def test_entries_and_tiles_of_the_log_are_the_same_leaves(client: Client) -> None:
    size = head(client).size
    everything = with_token(administrator())

    tile = client.get(f"{LEDGER_API}/tile/0/000.p/{size}")
    bundle = everything.get(f"{LEDGER_API}/tile/entries/000.p/{size}")

    stored = Leaf.objects.order_by("index").values_list("hash", flat=True)
    assert tile.content == b"".join(map(bytes, stored))
    assert (tile["Content-Type"], "immutable" in tile["Cache-Control"]) == ("application/octet-stream", True)
    assert bundle["Cache-Control"] == "no-store"
    assert [leaf_hash(body) for body in bodies_of(bundle.content)] == list(map(bytes, stored))


def bodies_of(bundle: bytes) -> list[bytes]:
    """Entries behind their lengths, as tlog-tiles has them."""
    if not bundle:
        return []
    length = int.from_bytes(bundle[:2], "big")
    return [bundle[2 : 2 + length], *bodies_of(bundle[2 + length :])]


def test_the_entries_are_for_those_who_may_read_the_whole_installation(client: Client) -> None:
    answer = client.get(f"{LEDGER_API}/tile/entries/000.p/1")

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("address", ["checkpoint", "tile/0/000.p/1", "proofs/inclusion?index=0"])
def test_whoever_has_not_signed_in_reads_nothing_of_the_tree(client: Client, address: str) -> None:
    assert Client().get(f"{LEDGER_API}/{address}").status_code == 401


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("tile/0/000", 404, "no such tile in the tree yet"),
        ("tile/0/000.p/255", 404, "no such tile in the tree yet"),
        ("tile/9/000.p/1", 404, "no such tile"),
        ("tile/٣/000.p/1", 404, "no such tile"),
        (f"tile/{'9' * 5000}/000.p/1", 404, "no such tile"),
        ("tile/0/0.p/1", 404, "no tile '0.p/1'"),
        ("tile/0/000.p/256", 404, "no tile"),
        ("tile/0/000.p/0", 404, "no tile"),
        ("tile/0/000.p/1000", 404, "no tile"),
        ("tile/0/" + "x000/" * 9 + "000", 404, "no tile"),
        ("tile/0/x999/x999/x999/x999/x999/999", 404, "no such tile"),
        ("proofs/inclusion", 400, "entry: give either"),
        ("proofs/inclusion?entry=a&index=1", 400, "entry: give either"),
        ("proofs/inclusion?entry=a", 400, "entry: found 'a'"),
        ("proofs/inclusion?entry=00000000-0000-0000-0000-000000000000", 404, "no such entry"),
        ("proofs/inclusion?index=-1", 400, "index: found '-1'"),
        ("proofs/inclusion?index=999999999999999999", 404, "no such entry"),
        ("proofs/inclusion?size=1&index=0", 400, "size: unknown query parameter"),
        ("proofs/consistency?from=1", 400, "to: found ''"),
        ("proofs/consistency?from=3&to=2", 400, "give the smaller size first"),
        ("proofs/consistency?from=3&to=999999999", 400, "to: the tree that was signed last has"),
    ],
)
def test_what_is_not_there_or_cannot_be_read_is_refused_by_name(
    client: Client, address: str, status: int, says: str
) -> None:
    answer = client.get(f"{LEDGER_API}/{address}")

    assert (answer.status_code, says in answer.json()["detail"]) == (status, True)


def test_an_entry_that_came_since_the_last_signature_is_not_sealed_yet(client: Client) -> None:
    person("later")
    with as_integrator():
        integrate_all()
    newest = Leaf.objects.order_by("-index")[0]

    answer = client.get(f"{LEDGER_API}/proofs/inclusion", {"index": newest.index})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_sealed")
    assert "Ask again" in answer.json()["next_step"]


def test_without_any_signature_there_is_no_checkpoint_to_read(committed_db: str) -> None:
    answer = with_token(administrator()).get(f"{LEDGER_API}/checkpoint")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "/readyz" in answer.json()["next_step"]


PROOF = f"c2sp.org/tlog-proof@v1\nindex 5\n{base64.b64encode(bytes(32)).decode()}\n\nnote"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (("@v1", "@v2"), "begins with"),
        (("\n\n", "\n"), "ends with a checkpoint"),
        (("index 5", "extra AAAA\nindex 5"), "'index <number>' is wanted"),
        (("index 5", "index 05"), "'index <number>' is wanted"),
        (("index 5", "index ٥"), "'index <number>' is wanted"),
        (("AAA=", "AAB="), "is no hash"),
        (("AAA=", "!"), "is no hash"),
        (("\n\n", "\n" + "A\n" * 64 + "\n"), "no tree is that high"),
    ],
)
def test_a_text_that_is_no_proof_is_refused(changes: tuple[str, str], says: str) -> None:
    found: Any = read_proof(PROOF)

    assert (found.index, found.hashes, found.checkpoint) == (5, (bytes(32),), "note")
    with pytest.raises(NoteFails, match=says):
        read_proof(PROOF.replace(*changes))


@pytest.fixture
def witnesses(settings: Settings, tmp_path: Path) -> Path:
    """The file of witnesses that the settings name; none stands in it yet."""
    settings.LEDGER_WITNESSES_FILE = tmp_path / "witnesses"
    settings.LEDGER_WITNESSES_FILE.touch()
    return tmp_path / "witnesses"


def cosigned(name: str, witnesses: Path) -> str:
    """A witness of this name, which the file names, has cosigned the newest checkpoint; the line."""
    signed, key = SignedCheckpoint.objects.latest("checkpoint_id"), generate_key(name, COSIGNATURE)
    with witnesses.open("a") as file:
        file.write(f"witness {name} {key.vkey} https://witness.example.net\n")
    line = cosign(split_note(signed.note)[0], key, 1_700_000_000).strip()
    now = timezone.now()
    Cosignature.objects.create(checkpoint=signed, witness=key.id, line=line, seen_at=now, stored_at=now)
    return line


def test_a_checkpoint_is_handed_out_with_what_witnesses_have_signed(client: Client, witnesses: Path) -> None:
    address = f"{LEDGER_API}/checkpoint"
    plain = client.get(address).content.decode()
    lines = [cosigned(name, witnesses) for name in ("witness.example.net/w1", "witness.example.net/w2")]
    entry = Entry.objects.order_by("at")[2]

    answer = client.get(address)
    proof = client.get(f"{LEDGER_API}/proofs/inclusion", {"entry": str(entry.id)}).json()

    assert answer.content.decode() == f"{plain}{lines[0]}\n{lines[1]}\n"
    assert read_proof(proof["proof"]).checkpoint == proof["checkpoint"] == answer.content.decode()
    assert head(client).text() == split_note(plain)[0]


def test_the_newest_cosigned_checkpoint_is_had_for_the_asking(client: Client, witnesses: Path) -> None:
    address = f"{LEDGER_API}/checkpoint"
    before = client.get(address, {"cosigned": "true"})
    line = cosigned("witness.example.net/w1", witnesses)
    older = client.get(address).content
    person("later")
    sealed()

    assert before.status_code == 404
    assert "No witness has cosigned a checkpoint" in before.json()["detail"]
    assert client.get(address, {"cosigned": "true"}).content == older
    assert client.get(address, {"cosigned": "false"}).content == client.get(address).content
    assert line not in client.get(address).content.decode()
    assert client.get(address, {"cosigned": "yes"}).status_code == 400
