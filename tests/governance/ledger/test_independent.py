"""What the product signs and proves, opened by Go's own libraries, which share no line with it.

``independent/main.go`` asks ``sumdb/note`` and ``sumdb/tlog`` of golang.org/x/mod, which Debian ships.
"""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from governance.ledger.integrator import integrate, integrate_all
from governance.ledger.keys import key_for
from governance.ledger.merkle.tiles import tiles_of
from governance.ledger.models import Leaf
from governance.ledger.proving import prove_consistency, prove_inclusion
from governance.ledger.sealing import seal_newest
from governance.ledger.signing import LEDGER
from governance.ledger.stored_tree import tiles_at
from tests.governance.ledger.reading import as_integrator, let_sign, signed
from tests.governance.ledger.test_fsck import written

pytestmark = [pytest.mark.slow, pytest.mark.go]

SOURCE = Path(__file__).parent / "independent" / "main.go"
PACKAGES = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "CGO_ENABLED": "0", "GOFLAGS": ""}
ENTRIES = 600
Question = dict[str, Any]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built from Debian's packages and from nothing else."""
    place = tmp_path_factory.mktemp("independent")
    environment = {**os.environ, **PACKAGES, "GOCACHE": str(place / "cache")}
    subprocess.run(["go", "build", "-o", str(place / "asked"), str(SOURCE)], env=environment, check=True)
    return place / "asked"


@pytest.fixture
def record(committed_db: str, tmp_path: Path, settings: Settings) -> None:
    """Six hundred entries, signed at 200 and at 600."""
    let_sign(settings, tmp_path)
    written(0, ENTRIES - 1)
    with as_integrator():
        integrate(200)
        seal_newest()
        integrate_all()
        seal_newest()


def answers(program: Path, questions: list[Question]) -> list[str]:
    done = subprocess.run(
        [program], input=json.dumps(questions), capture_output=True, text=True, check=True, timeout=60
    )
    found: list[str] = json.loads(done.stdout)
    return found


def vkey() -> str:
    key = key_for(LEDGER)
    assert key is not None
    return key.vkey


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def inclusion(index: int) -> Question:
    """What a dossier holds of an entry: its body, the proof, the checkpoint."""
    leaf = Leaf.objects.select_related("entry").get(index=index)
    proof = prove_inclusion(leaf)
    steps = [text(step) for step in proof.hashes]
    body = text(bytes(leaf.entry.body))
    return {"Key": vkey(), "Note": proof.checkpoint, "Index": index, "Body": body, "Proof": steps}


def consistency() -> Question:
    """The two checkpoints that were signed, and the proof that they are of one history."""
    older, newer = signed()
    proof = prove_consistency(older.checkpoint_id, newer.checkpoint_id)
    steps = [text(step) for step in proof.hashes]
    return {"Key": vkey(), "Note": newer.note, "Older": older.note, "Proof": steps}


def from_tiles(index: int) -> Question:
    """All tiles as they are stored, from which the reader is to make the same proof."""
    places = {tile.path(): (tile.level, tile.index) for tile in tiles_of(ENTRIES)}
    stored = tiles_at(places.values())
    return {**inclusion(index), "Tiles": {path: text(stored[place]) for path, place in places.items()}}


def with_one_bit_turned(encoded: str, at: int = 0) -> str:
    changed = bytearray(base64.b64decode(encoded))
    changed[at] ^= 1
    return text(bytes(changed))


def changed(question: Question) -> list[Question]:
    """The question with one bit turned over in each of its parts in turn."""
    note = question["Note"]
    steps = [
        {**question, "Proof": [with_one_bit_turned(one) if one == step else one for one in question["Proof"]]}
        for step in question["Proof"]
    ]
    return [
        *steps,
        {**question, "Proof": question["Proof"][1:]},
        {**question, "Note": note.replace("\n600\n", "\n601\n")},
        {**question, "Note": note[:-10] + chr(ord(note[-10]) ^ 1) + note[-9:]},
        {**question, "Key": vkey().replace("countersign/ledger", "countersign/statements")},
    ]


def test_checkpoints_and_inclusion_proofs_hold_for_go(record: None, program: Path) -> None:
    questions = [inclusion(index) for index in (0, 1, 199, 200, 255, 256, 511, 512, 599)]

    assert answers(program, questions) == [""] * 9


def test_the_consistency_proof_of_two_checkpoints_holds_for_go(record: None, program: Path) -> None:
    assert answers(program, [consistency()]) == [""]


def test_go_makes_the_same_proofs_from_our_tiles(record: None, program: Path) -> None:
    assert answers(program, [from_tiles(0), from_tiles(300), from_tiles(599)]) == [""] * 3


def test_go_refuses_each_with_one_bit_turned_over(record: None, program: Path) -> None:
    entry, history, tiled = inclusion(300), consistency(), from_tiles(300)
    # The first tile is not read for entry 300: its root stands in the tile above.
    tiles = [
        {**tiled, "Tiles": {**tiled["Tiles"], path: with_one_bit_turned(tiled["Tiles"][path], 33)}}
        for path in ("0/001", "0/002.p/88", "1/000.p/2")
    ]
    questions = [
        *changed(entry),
        {**entry, "Body": with_one_bit_turned(entry["Body"], 20)},
        {**entry, "Index": 301},
        *changed(history),
        {**history, "Older": history["Older"].replace("\n200\n", "\n201\n")},
        *tiles,
    ]

    said = answers(program, questions)

    assert len(said) > 25
    assert [number for number, answer in enumerate(said) if not answer] == []
