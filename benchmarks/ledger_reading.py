"""The measured process of the ledger's reading: proofs, the check of the whole record, and their floors."""

import hashlib
import random
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

from django.db import connection

from benchmarks.child import timed
from governance.ledger.fsck.checking import check_record
from governance.ledger.fsck.walking import _steps
from governance.ledger.heads import head_file
from governance.ledger.keys import key_for
from governance.ledger.merkle.checking import check_inclusion
from governance.ledger.models import Leaf, SignedCheckpoint, TreeState
from governance.ledger.notes import verifier_of
from governance.ledger.proving import Inclusion, prove_inclusion
from governance.ledger.signing import LEDGER
from governance.ledger.stored_tree import root_at
from governance.ledger.trusting import trust_in

SEED = 20_260
WARM = 50


def main(mode: str, many: str = "0") -> None:
    """Measure ``proofs`` or ``lookups``, so many; ``check`` or ``hashes`` of all there is, or so
    many ``signatures``.
    """
    works: dict[str, Callable[[], Callable[[], Any]]] = {
        "proofs": lambda: _asking(_prove, int(many)),
        "lookups": lambda: _asking(_look_up, int(many)),
        "check": lambda: _check,
        "hashes": lambda: _hash_all,
        "signatures": lambda: _signatures(int(many)),
    }
    timed(works[mode]())


def _asking(ask: Callable[[Any], Any], many: int) -> Callable[[], dict[str, float]]:
    """One question after the other about entries drawn at random; percentiles in milliseconds."""
    size = TreeState.objects.get().size
    drawn = random.Random(SEED).sample(range(size), many + WARM)  # noqa: S311 - figures, not secrets
    entries = dict(Leaf.objects.filter(index__in=drawn).values_list("index", "entry_id"))
    asked = [entries[index] for index in drawn]
    for entry in asked[:WARM]:
        ask(entry)

    def work() -> dict[str, float]:
        took = []
        for entry in asked[WARM:]:
            started = time.perf_counter()
            found = ask(entry)
            took.append((time.perf_counter() - started) * 1000)
            _verify(found)
        cuts = quantiles(took, n=100)
        return {"median": cuts[49], "p95": cuts[94], "p99": cuts[98], "entries": size}

    return work


def _look_up(entry: Any) -> Leaf:
    return Leaf.objects.get(entry_id=entry)


def _prove(entry: Any) -> Inclusion:
    """As the interface does: the leaf of the entry, the checkpoint signed last, the tiles, the hashes."""
    return prove_inclusion(Leaf.objects.get(entry_id=entry))


_roots: dict[int, bytes] = {}


def _verify(found: Leaf | Inclusion) -> None:
    if isinstance(found, Inclusion):
        if found.size not in _roots:
            _roots[found.size] = root_at(found.size)
        check_inclusion(found.index, found.size, found.leaf, found.hashes, _roots[found.size])


def _check() -> dict[str, int]:
    """All that ``verify_ledger`` computes of the tree, signatures and the head outside included."""
    key = key_for(LEDGER)
    if key is None:
        raise RuntimeError("there is no key")
    report = check_record([verifier_of(key)], head_file())
    return {
        "leaves": report.leaves,
        "findings": len(report.findings),
        "checkpoints": report.checkpoints,
        "signatures": report.signatures,
    }


def _signatures(many: int) -> Callable[[], int]:
    """The newest signed checkpoint, so many times: what a check takes longer for each that was signed."""
    key = key_for(LEDGER)
    if key is None:
        raise RuntimeError("there is no key")
    newest = SignedCheckpoint.objects.select_related("checkpoint").latest("checkpoint_id")
    root, trust = bytes(newest.checkpoint.root), trust_in([verifier_of(key)])

    def work() -> int:
        for _ in range(many):
            trust.check(newest.checkpoint_id, newest.note, root)
        return many

    return work


def _hash_all() -> dict[str, int]:
    """The floor of a check: every body is read and hashed once, and nothing is compared."""
    size = TreeState.objects.get().size
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # as the check has it
    for _first, _end, rows in _steps(size):
        for _index, _stored, body, _stream, _seq in rows:
            hashlib.sha256(b"\0" + body).digest()
    return {"leaves": size, "findings": 0}
