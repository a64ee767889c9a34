"""What the reader kept: the one thing that shows a history which was written anew with the right key."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from governance.ledger.canonical import canonical_bytes
from governance.ledger.signing import generate_key
from tests.audits.verification.building import (
    OWN,
    Files,
    contented,
    dossier,
    issued,
    manifested,
    material,
    remade,
)
from tests.audits.verification.forging import APPROVAL_FILE, another_past, edited, head_of
from tests.audits.verification.judging import Bench
from tests.audits.verification.ledgers import LEDGER, RELEASE, REQUEST, STRANGER, SUCCESSOR, Log, history
from tests.governance.ledger.merkle.trees import proof

SIZE = 18
"""Of the tree of ``dossier()``."""


SECOND = f"{OWN[:-1]}2"
"""The stream of another dossier about the same."""


def second(log: Log, *, last: int | None = None, without: str = "", **changed: Any) -> Files:
    """Another dossier from a ledger that holds one already; ``last`` cuts the release's stream, ``without``
    names a file that is not in it."""
    log.add(SECOND, "dossier.requested")
    content = material(log, **changed)
    content.pop(without, None)
    about = json.loads(content["dossier.json"])
    rows = [
        {**one, "last": last or one["last"]} if one["stream"] == RELEASE else one for one in about["streams"]
    ]
    own = {"stream": SECOND, "last": 2, "whole": True}
    about["streams"] = sorted(
        [*(one for one in rows if one["stream"] != OWN), own], key=lambda one: str(one["stream"])
    )
    about["id"] = SECOND.removeprefix("dossier:")
    return issued(log, {**content, "dossier.json": canonical_bytes(about)}, SECOND)


def grown(*, before: int = SIZE) -> Files:
    """A later dossier about the same, after the one of ``dossier()``."""
    log = longer()
    return second(log, previous=head_of(log, before))


def longer() -> Log:
    """The ledger of ``dossier()`` after that, with another entry of the release."""
    log = history()
    remade(log=log)
    log.add(RELEASE, "release.retired")
    return log


def registering(names: Sequence[str]) -> Log:
    """The ledger in which beside all else each of these components was registered."""
    log = history()
    for name in names:
        log.add(name, "component.registered")
    return log


def shown_apart(old: int, log: Log) -> dict[str, Any]:
    """A proof as the installation answers it: that the log begins with so many entries."""
    hashes = [base64.b64encode(one).decode() for one in proof(old, log.leaves)]
    return {"old_size": old, "new_size": len(log.bodies), "old_root": "", "new_root": "", "hashes": hashes}


def test_an_older_dossier_is_contained_in_the_one_that_follows_it(bench: Bench) -> None:
    answer = bench.agreed(grown(), held=dossier())

    assert answer.code == 0
    assert "kept:   what you kept is contained in it; all of its entries are here\n" in answer.text


def test_a_dossier_contains_itself(bench: Bench) -> None:
    assert bench.agreed(dossier(), held=dossier()).code == 0


def test_a_checkpoint_that_was_kept_is_enough(bench: Bench) -> None:
    answer = bench.agreed(grown(), held=dossier()["checkpoint"])

    assert answer.code == 0
    assert "kept:   what you kept is contained in it\n" in answer.text


def test_a_history_written_anew_with_the_right_key_is_seen(bench: Bench) -> None:
    """Everything is signed, every proof holds; only what was kept disagrees."""
    anew = remade(log=another_past())

    alone, held = bench.agreed(anew), bench.agreed(anew, held=dossier())

    assert alone.code == 0
    assert (held.code, held.check) == (1, 11)
    assert "Entry 2 is another one than it was: the past was rewritten" in held.text


def test_a_history_written_anew_is_seen_by_a_checkpoint_alone(bench: Bench) -> None:
    held = bench.agreed(remade(log=another_past()), held=dossier()["checkpoint"])

    assert (held.code, held.check) == (1, 11)
    assert "different roots at 18 entries" in held.text


def test_an_entry_that_is_cut_off_the_end_of_its_stream_is_seen(bench: Bench) -> None:
    """A dossier may say that a stream ends earlier than it does, and nothing in it tells otherwise."""
    log = history()
    log.add(RELEASE, "release.retired")
    older = remade(log=log)
    cut = second(log, last=3, previous=head_of(log, len(log.bodies)))

    alone, held = bench.agreed(cut), bench.agreed(cut, held=older)

    assert alone.code == 0
    assert (held.code, held.check) == (1, 11)
    assert "leaves it out" in held.text


def test_entries_of_a_kept_dossier_that_are_not_here_at_all_are_counted(bench: Bench) -> None:
    """Somebody may ask who may read less; the issuer may also have reasons."""
    log = longer()
    about = json.loads(grown()["dossier.json"])
    rows = [one for one in about["streams"] if one["stream"] not in (REQUEST, SECOND)]

    new = second(log, without=APPROVAL_FILE, streams=rows, previous=head_of(log, SIZE))
    answers = bench.judged(new, held=dossier())

    assert {one.code for one in answers.values()} == {0}
    told = "; NOT HERE: 3 of its entries, of the streams 'approval_request:a'\n"
    assert [told in one.text for one in answers.values()] == [True, True]


def test_of_many_streams_that_are_not_here_three_are_named_and_the_rest_are_counted(bench: Bench) -> None:
    names = [f"component:{number}" for number in range(5)]
    log = registering(names)
    rows = json.loads(dossier()["dossier.json"])["streams"]
    rows += [{"stream": one, "last": 1, "whole": True} for one in names]
    held = remade(log=log, streams=sorted(rows, key=lambda row: str(row["stream"])))
    size = len(log.leaves)
    log.add(RELEASE, "release.retired")

    answers = bench.judged(second(log, previous=head_of(log, size)), held=held)

    assert {one.code for one in answers.values()} == {0}
    told = (
        "NOT HERE: 5 of its entries, of the streams 'component:0', 'component:1', 'component:2' and 2 more\n"
    )
    assert [told in one.text for one in answers.values()] == [True, True]


@pytest.mark.parametrize("form", ["json", "witness"])
def test_what_the_dossier_does_not_show_a_proof_that_came_apart_shows(bench: Bench, form: str) -> None:
    log = longer()
    new = second(log, previous=head_of(log, 9))
    told = shown_apart(SIZE, log)
    lines = "\n".join([f"old {SIZE}", *told["hashes"], "", ""])
    given = {"json": json.dumps(told), "witness": lines + new["checkpoint"].decode()}[form].encode()

    alone = bench.agreed(new, held=dossier())
    shown = bench.agreed(new, held=dossier(), proof=given)
    rewritten = bench.agreed(new, held=remade(log=another_past())["checkpoint"], proof=given)

    assert (alone.code, alone.check) == (1, 11)
    assert f"/api/v1/ledger/proofs/consistency?from={SIZE}&to={len(log.bodies)}" in alone.text
    assert shown.code == 0
    assert (rewritten.code, rewritten.check) == (1, 11)


@pytest.mark.parametrize(
    ("old", "changed"),
    [
        pytest.param(17, {}, id="from another size"),
        pytest.param(SIZE, {"new_size": 24}, id="to another size"),
        pytest.param(SIZE, {"hashes": []}, id="without its hashes"),
        pytest.param(SIZE, {"hashes": "AAAA"}, id="no list"),
        pytest.param(SIZE, {"hashes": [1, None]}, id="no hashes"),
        pytest.param(SIZE, {"hashes": ["A" * 43 + "="] * 64}, id="too many"),
    ],
)
def test_a_proof_of_something_else_shows_nothing(bench: Bench, old: int, changed: dict[str, Any]) -> None:
    log = longer()
    new = second(log, previous=head_of(log, 9))
    given = json.dumps({**shown_apart(old, log), **changed}).encode()

    answer = bench.agreed(new, held=dossier(), proof=given)

    assert (answer.code, answer.check) == (1, 11)


@pytest.mark.parametrize("given", [b"", b"{", b"[]", b"old 18\n\n", b"\xff"])
def test_what_is_no_proof_shows_nothing_even_where_none_was_needed(bench: Bench, given: bytes) -> None:
    answer = bench.agreed(grown(), held=dossier(), proof=given)

    assert (answer.code, answer.check) == (1, 11)


def test_a_key_of_before_is_good_for_what_was_signed_before_and_for_nothing_else(bench: Bench) -> None:
    """Whoever stole the old key signs histories with it; those must not pass beside the new one."""
    log = longer()
    log.keys = (SUCCESSOR,)
    before = {"previous-checkpoint": dossier()["checkpoint"]}
    new = manifested({**second(log, previous=head_of(log, SIZE)), **before})
    keys = ("--vkey", SUCCESSOR.vkey, "--previous-vkey", LEDGER.vkey)

    with_both = bench.agreed(new, keys=keys, held=dossier())
    with_the_new_alone = bench.agreed(new, keys=keys[:2])
    forged = bench.agreed(dossier(), keys=keys)

    assert with_both.code == 0
    assert with_the_new_alone.check == 10
    assert (forged.code, forged.check) == (1, 3)


def test_what_was_kept_of_another_log_is_told_apart(bench: Bench) -> None:
    other = generate_key("example.org/b")
    kept = remade(log=history(keys=[other], origin="example.org/b"))

    answer = bench.agreed(grown(), keys=("--vkey", LEDGER.vkey, "--previous-vkey", other.vkey), held=kept)

    assert (answer.code, answer.check) == (1, 11)
    assert "another installation" in answer.text


def test_what_came_after_the_contents_were_fixed_is_not_left_out(bench: Bench) -> None:
    """The held dossier was asked for later and completed earlier; it knows an entry more of the release."""
    log = history()
    log.add(OWN, "dossier.requested")
    content = material(log)
    log.add(RELEASE, "release.retired")
    held = second(log)
    content["dossier.json"] = canonical_bytes(
        {**json.loads(content["dossier.json"]), "previous": head_of(log, len(log.bodies))}
    )

    assert bench.agreed(issued(log, content), held=held).code == 0


@pytest.mark.parametrize(
    ("new", "held", "sentence"),
    [
        pytest.param(dossier, grown, "newer", id="the newer one is held"),
        pytest.param(
            grown, lambda: remade(log=history(keys=[STRANGER])), "older dossier itself", id="a stranger's"
        ),
        pytest.param(
            grown,
            lambda: remade(log=history(origin="example.org/b")),
            "older dossier itself is refused at check 3",
            id="another log's",
        ),
        pytest.param(
            grown,
            lambda: edited("report.html", b"A", b"B", contented),
            "older dossier itself",
            id="a forged one",
        ),
        pytest.param(grown, lambda: b"words", "is a text, an empty line", id="neither"),
        pytest.param(grown, lambda: b"\xff\xfe", "is a text, an empty line", id="no text"),
        pytest.param(
            grown, lambda: history(keys=[STRANGER]).checkpoint(8), "key", id="a stranger's checkpoint"
        ),
    ],
)
def test_what_was_kept_and_does_not_fit_is_refused_with_the_reason(
    bench: Bench, new: object, held: object, sentence: str
) -> None:
    assert callable(new)
    assert callable(held)

    answer = bench.agreed(new(), held=held())

    assert (answer.code, answer.check) == (1, 11)
    assert sentence in answer.text


def test_without_a_key_from_outside_what_was_kept_is_compared_under_the_keys_that_came(bench: Bench) -> None:
    assert bench.agreed(grown(), keys=(), held=dossier()).code == 3
    assert bench.agreed(remade(log=another_past()), keys=(), held=dossier()).check == 11
