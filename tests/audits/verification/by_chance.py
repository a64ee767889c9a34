"""Forgeries by chance, which nobody thought of."""

import json
import random
from collections.abc import Iterator
from typing import Any

from governance.ledger.canonical import digest_of_bytes
from tests.audits.verification.building import (
    LISTS,
    OWN,
    Files,
    anchored,
    contented,
    dossier,
    listing,
    manifested,
    material,
)
from tests.audits.verification.forging import as_it_is
from tests.audits.verification.ledgers import history

NOUGHTS = f"sha256:{'0' * 64}"
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    2**60,
    "",
    "x",
    [],
    [1],
    [None],
    {},
    {"a": 1},
    "sha256:" + "0" * 64,
)


def at_random(seed: int) -> Files:
    """A dossier with one file changed by chance, as clumsily or cleverly as chance has it."""
    chance = random.Random(seed)
    files = dossier()
    name = chance.choice(sorted(files.keys() - LISTS))
    chance.choice(BY_CHANCE)(chance, files, name)
    return chance.choice((as_it_is, manifested, manifested, contented))(files)


def issued_at_random(seed: int) -> Files:
    """A dossier by somebody who issues it rightly, and whose description says something odd in one place."""
    chance, log = random.Random(seed), history()
    log.add(OWN, "dossier.requested")
    content = material(log)
    about = json.loads(content["dossier.json"])
    place, key = chance.choice(list(_places(about)))
    place[key] = chance.choice(ODD)
    odd = json.dumps(about, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    listed = listing({**content, "dossier.json": odd})
    log.add(OWN, "dossier.issued", refs={"contents": digest_of_bytes(listed)})
    files = anchored(log, {**content, "contents-sha256.txt": listed})
    return manifested({**files, "dossier.json": odd})


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list within."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _flip(chance: random.Random, files: Files, name: str) -> None:
    at = chance.randrange(len(files[name]) * 8)
    changed = bytearray(files[name])
    changed[at // 8] ^= 1 << at % 8
    files[name] = bytes(changed)


def _drop_line(chance: random.Random, files: Files, name: str) -> None:
    lines = files[name].splitlines(keepends=True)
    lines.pop(chance.randrange(len(lines)))
    files[name] = b"".join(lines)


def _repeat_line(chance: random.Random, files: Files, name: str) -> None:
    lines = files[name].splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    files[name] = b"".join(lines)


def _cut(chance: random.Random, files: Files, name: str) -> None:
    files[name] = files[name][: chance.randrange(len(files[name]))]


def _remove(_chance: random.Random, files: Files, name: str) -> None:
    del files[name]


def _take_over(chance: random.Random, files: Files, name: str) -> None:
    files[name] = files[chance.choice([other for other in sorted(files) if files[other] != files[name]])]


def _rename(chance: random.Random, files: Files, name: str) -> None:
    files[f"{name}{chance.randrange(9)}"] = files.pop(name)


def _add(chance: random.Random, files: Files, name: str) -> None:
    folder = name.rpartition("/")[0]
    files[f"{folder}/more.txt".lstrip("/")] = chance.randbytes(20)


def _lose(chance: random.Random, files: Files, _name: str) -> None:
    """An entry goes with its proof, as if it had never been."""
    index = chance.choice([name[8:-5] for name in sorted(files) if name.startswith("entries/")])
    del files[f"entries/{index}.json"], files[f"proofs/{index}.tlog-proof"]


def _digit(chance: random.Random, files: Files, name: str) -> None:
    """A digit becomes another, so that what it stands in can still be read; without one, a bit is flipped."""
    data = files[name]
    places = [at for at, letter in enumerate(data) if chr(letter).isdigit()]
    if not places:
        _flip(chance, files, name)
        return
    at = chance.choice(places)
    digit = chance.choice([one for one in b"0123456789" if one != data[at]])
    files[name] = data[:at] + bytes([digit]) + data[at + 1 :]


BY_CHANCE = (_flip, _flip, _drop_line, _repeat_line, _cut, _remove, _lose, _take_over, _rename, _add, _digit)
