"""One bit that is turned over anywhere in what is stored of the tree is found, at its place (L7)."""

import random
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.ledger.integrator import integrate, integrate_all
from governance.ledger.models import Checkpoint, Entry, Leaf, SignedCheckpoint, Tile
from governance.ledger.sealing import seal_newest
from tests.governance.ledger.reading import as_integrator, let_sign, tamper
from tests.governance.ledger.test_fsck import FREE_TILES, checked, written

SEED, EACH = 7, 6
Place = tuple[str, int]


@pytest.fixture
def record(committed_db: str, tmp_path: Path, settings: Settings) -> None:
    """Three hundred entries, numbered and signed in two batches."""
    let_sign(settings, tmp_path)
    written(0, 299)
    with as_integrator():
        integrate(120)
        seal_newest()
        integrate_all()
        seal_newest()
    tamper(FREE_TILES)


def bytes_flipped(table: str, where: str, column: str, at: int, bit: int) -> str:
    """SQL that turns over one bit of a column of bytes; done twice, it is as before."""
    flipped = f"set_byte({column}, {at}, get_byte({column}, {at}) # {1 << bit})"
    return f"UPDATE {table} SET {column} = {flipped} WHERE {where}"


def flips() -> dict[str, Place]:
    """Statements, each with the kind of finding and the index it must lead to."""
    dice = random.Random(SEED)
    return {**bodies(dice), **leaves(dice), **tiles(dice), **roots(dice), **notes(dice)}


def bodies(dice: random.Random) -> dict[str, Place]:
    """Letters only: the database itself refuses a body that is no JSON any more."""
    rows = dice.sample(list(Leaf.objects.values_list("index", "entry__id", "entry__body")), EACH)
    return {
        bytes_flipped("entry", f"id = '{entry}'", "body", a_letter(dice, bytes(body)), 0): ("body", index)
        for index, entry, body in rows
    }


def a_letter(dice: random.Random, body: bytes) -> int:
    return dice.choice([at for at in range(len(body)) if body[at : at + 1].isalpha()])


def leaves(dice: random.Random) -> dict[str, Place]:
    return {
        bytes_flipped("leaf", f"index = {index}", "hash", dice.randrange(32), dice.randrange(8)): (
            "body",
            index,
        )
        for index in dice.sample(range(300), EACH)
    }


def tiles(dice: random.Random) -> dict[str, Place]:
    found = {}
    for level, index, hashes in Tile.objects.values_list("level", "index", "hashes"):
        at = dice.randrange(len(hashes))
        bad = (index * 256 + at // 32) << (8 * level)
        where = f"level = {level} AND index = {index}"
        found[bytes_flipped("tile", where, "hashes", at, dice.randrange(8))] = ("tile", bad)
    return found


def roots(dice: random.Random) -> dict[str, Place]:
    return {
        bytes_flipped("checkpoint", f"size = {size}", "root", dice.randrange(32), dice.randrange(8)): (
            "checkpoint",
            size - 1,
        )
        for size in Checkpoint.objects.values_list("size", flat=True)
    }


def notes(dice: random.Random) -> dict[str, Place]:
    """A letter of a note becomes its neighbour; line ends and the dash, which is no ASCII, stay."""
    found = {}
    for size, note in SignedCheckpoint.objects.values_list("checkpoint_id", "note"):
        for at in dice.sample([at for at, letter in enumerate(note, start=1) if "!" < letter < "~"], EACH):
            letter = f"chr(ascii(substr(note, {at}, 1)) # 1)"
            statement = f"UPDATE signed_checkpoint SET note = overlay(note placing {letter} from {at})"
            found[f"{statement} WHERE size = {size}"] = ("signature", size - 1)
    return found


def found_by(statement: str) -> list[Place]:
    """What a check finds while the bit is turned over."""
    tamper(statement)
    try:
        return [(one.kind, one.index if one.index is not None else -1) for one in checked().findings]
    finally:
        tamper(statement)


def test_a_single_bit_that_is_turned_over_is_found_at_its_place(record: None) -> None:
    expected = flips()

    found = {statement: found_by(statement) for statement in expected}

    assert len(expected) > 4 * EACH
    assert {statement: place for statement, place in expected.items() if place not in found[statement]} == {}
    assert checked().findings == ()
    assert Entry.objects.count() == 300
