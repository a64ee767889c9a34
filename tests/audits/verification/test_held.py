"""What the reader kept: the one thing that shows a history which was written anew with the right key."""

import json
from typing import Any

import pytest

from governance.ledger.canonical import canonical_bytes
from tests.audits.verification.building import (
    OWN,
    Files,
    contented,
    dossier,
    issued,
    material,
    remade,
)
from tests.audits.verification.forging import another_past, edited, head_of
from tests.audits.verification.judging import Bench
from tests.audits.verification.ledgers import RELEASE, STRANGER, Log, history

SIZE = 18
"""Of the tree of ``dossier()``."""


SECOND = f"{OWN[:-1]}2"
"""The stream of another dossier about the same."""


def second(log: Log, *, last: int | None = None, **changed: Any) -> Files:
    """Another dossier from a ledger that holds one already; ``last`` cuts the release's stream."""
    log.add(SECOND, "dossier.requested")
    content = material(log, **changed)
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
    log = history()
    remade(log=log)
    log.add(RELEASE, "release.retired")
    return second(log, previous=head_of(log, before))


def test_an_older_dossier_is_contained_in_the_one_that_follows_it(bench: Bench) -> None:
    answer = bench.agreed(grown(), held=dossier())

    assert answer.code == 0
    assert "kept:   what you kept is contained in it" in answer.text


def test_a_dossier_contains_itself(bench: Bench) -> None:
    assert bench.agreed(dossier(), held=dossier()).code == 0


def test_a_checkpoint_that_was_kept_is_enough(bench: Bench) -> None:
    assert bench.agreed(grown(), held=dossier()["checkpoint"]).code == 0


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
        pytest.param(lambda: grown(before=9), dossier, "proves nothing about", id="one is missing"),
        pytest.param(
            grown, lambda: remade(log=history(keys=[STRANGER])), "older dossier itself", id="a stranger's"
        ),
        pytest.param(
            grown,
            lambda: remade(log=history(origin="example.org/b")),
            "another installation",
            id="another log's",
        ),
        pytest.param(
            grown,
            lambda: edited("report.html", b"A", b"B", contented),
            "older dossier itself",
            id="a forged one",
        ),
        pytest.param(grown, lambda: b"words", "", id="neither"),
        pytest.param(grown, lambda: b"\xff\xfe", "", id="no text"),
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
