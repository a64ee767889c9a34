"""Forgeries that are seen from the files alone: lists, checkpoint, description, proofs."""

import json

import pytest
from _pytest.mark import ParameterSet

from tests.audits.verification.building import (
    DOSSIER_ID,
    dossier,
    remade,
)
from tests.audits.verification.forging import (
    Forgery,
    as_it_is,
    described,
    edited,
    hash_flipped,
    naming,
    proved_to,
    renamed,
    resigned,
    swapped,
    with_,
)
from tests.audits.verification.ledgers import (
    LEDGER,
    LEFT_OUT,
    ORIGIN,
    RELEASE,
    STRANGER,
    history,
)

MANIFEST = "manifest-sha256.txt"


def case(check: int, sentence: str, forgery: Forgery, name: str) -> ParameterSet:
    """A forgery, at which check it is refused, and a part of the reason."""
    return pytest.param(check, sentence, forgery, id=f"{check} {name}")


EARLY = (
    case(
        2,
        "entries/1.json has another digest",
        lambda: edited("entries/1.json", b"draft", b"craft", as_it_is),
        "an entry is changed",
    ),
    case(2, "report.html", lambda: with_("report.html", None, as_it_is), "a file is removed"),
    case(2, "more.txt is not listed", lambda: with_("more.txt", b"", as_it_is), "a file is added"),
    case(2, "missing", lambda: with_(MANIFEST, None, as_it_is), "there is no list"),
    case(2, "Line", lambda: edited(MANIFEST, b"  ", b" ", as_it_is), "a line of the list is none"),
    case(
        2, "Line 1 of", lambda: with_(MANIFEST, dossier()[MANIFEST].upper(), as_it_is), "the list in capitals"
    ),
    case(
        2,
        "order",
        lambda: with_(MANIFEST, b"".join(sorted(dossier()[MANIFEST].splitlines(True))), as_it_is),
        "the list is not sorted by path",
    ),
    case(2, "end", lambda: with_(MANIFEST, dossier()[MANIFEST][:-1], as_it_is), "the list is cut off"),
    case(3, "does not hold", lambda: edited("checkpoint", b"\n18\n", b"\n17\n"), "another size"),
    case(3, "missing", lambda: with_("checkpoint", None), "no checkpoint"),
    case(3, "empty line", lambda: with_("checkpoint", b"words\n"), "no note"),
    case(3, "three lines", lambda: resigned(f"{ORIGIN}\n18\n{'A' * 43}=\nmore\n"), "a line more, and signed"),
    case(
        3,
        "log.vkey",
        lambda: with_("log.vkey", f"{STRANGER.vkey}\n".encode()),
        "another key is named",
    ),
    case(3, "policy.txt", lambda: edited("policy.txt", b"none", b"some"), "another policy"),
    case(
        3,
        "log.vkey",
        lambda: with_("log.vkey", b"# hello\n" + dossier()["log.vkey"]),
        "a comment beside the keys",
    ),
    case(3, "log.vkey", lambda: with_("log.vkey", None), "no key is named"),
    case(
        3,
        "is of the log 'example.org/countersign/epoch-2/ledger'",
        lambda: remade(log=history(origin="example.org/countersign/epoch-2/ledger")),
        "another log's, under the name of this one's key",
    ),
    case(3, "log.vkey", lambda: naming(LEDGER, LEDGER), "a key is named twice"),
    case(3, "has not signed", lambda: naming(LEDGER, STRANGER), "a key that has not signed is named too"),
    case(4, "missing", lambda: with_("dossier.json", None), "no description"),
    case(
        4,
        "canonical",
        lambda: with_("dossier.json", dossier()["dossier.json"] + b"\n"),
        "a newline behind it",
    ),
    case(4, "JSON", lambda: edited("dossier.json", b'{"', b'{"kind":"release","'), "a key twice"),
    case(4, "JSON", lambda: with_("dossier.json", b"[" * 100_000), "nested without end"),
    case(4, "deep", lambda: with_("dossier.json", b"[" * 70 + b"]" * 70), "nested too deep"),
    case(4, "JSON|fraction", lambda: edited("dossier.json", b'"revision":2', b'"revision":NaN'), "no number"),
    case(4, "whole|fraction", lambda: described(subject={"share": 0.5}), "a fraction"),
    case(
        4,
        "too large|canonical form",
        lambda: edited("dossier.json", b'"revision":2', b'"revision":9007199254740993'),
        "a number too large for JSON",
    ),
    case(4, "schema", lambda: described(schema="countersign.dossier.v2"), "another schema"),
    case(4, "id", lambda: described(id=DOSSIER_ID.replace("-", "")), "an id without dashes"),
    case(4, "kind", lambda: described(kind=["release"]), "a kind that is none"),
    case(
        4,
        "streams",
        lambda: described(streams=[{"stream": RELEASE, "last": True, "whole": True}]),
        "a truth value for a number",
    ),
    case(
        4,
        "streams",
        lambda: described(streams=[{"stream": RELEASE, "whole": False, "entries": [1]}]),
        "a part without a reason",
    ),
    case(4, "range", lambda: described(range={"first": 0, "end": 1}), "a range of a release"),
    case(4, "range", lambda: described(kind="period"), "a period without a range"),
    case(
        4,
        "range",
        lambda: described(kind="period", range={"first": 2, "end": 1}),
        "a period that ends before",
    ),
    case(
        4,
        "order|sorted",
        lambda: described(streams=json.loads(dossier()["dossier.json"])["streams"][::-1]),
        "streams out of order",
    ),
    case(
        4,
        "left_out",
        lambda: described(blobs={"included": [], "left_out": [LEFT_OUT]}),
        "left out without a reason",
    ),
    case(5, "1", lambda: edited("entries/1.json", b"draft", b"craft"), "an entry is changed"),
    case(5, "1", lambda: swapped("entries/1.json", "entries/2.json"), "two entries change places"),
    case(
        5, "proof", lambda: swapped("proofs/1.tlog-proof", "proofs/2.tlog-proof"), "two proofs change places"
    ),
    case(5, "checkpoint", lambda: proved_to(9), "a proof to an older tree"),
    case(5, "1", hash_flipped, "a letter of a proof"),
    case(5, "1", lambda: edited("proofs/1.tlog-proof", b"\n\n", b"\n" + b"A" * 43 + b"=\n\n"), "a hash more"),
    case(
        5, "1", lambda: edited("proofs/1.tlog-proof", b"\n\n", b"\nextra AAAA\n\n"), "data that nobody signed"
    ),
    case(5, "1", lambda: with_("proofs/1.tlog-proof", None), "an entry without a proof"),
    case(5, "1", lambda: with_("entries/1.json", None), "a proof without an entry"),
    case(5, "01", lambda: renamed("entries/1.json", "entries/01.json"), "a number with a nought in front"),
    case(5, "named", lambda: with_("entries/readme.txt", b""), "another file among the entries"),
    case(
        5,
        "Entry 1 |size of the tree",
        lambda: resigned(f"{ORIGIN}\n1\n{'A' * 43}=\n"),
        "a tree that is too small, and signed",
    ),
)
