"""Dossiers that hold: both verifiers say so, say whose key it rests on, and say what it cannot show."""

import base64
import zipfile
from pathlib import Path

import pytest

from governance.ledger.signing import SigningKey
from tests.audits.verification.building import OWN, dossier, remade, zipped
from tests.audits.verification.judging import Bench
from tests.audits.verification.ledgers import CHANNEL, LEDGER, STRANGER, SUCCESSOR, history
from tests.governance.ledger.merkle.trees import root


def test_a_dossier_is_verified_with_a_key_from_outside(bench: Bench) -> None:
    for_package, for_script = bench.judged(dossier()).values()

    assert (for_package.code, for_script.code) == (0, 0)
    assert for_package.text == for_script.text
    assert for_package.text.splitlines() == [
        "verified",
        'about:  {"release":"quality_rbf","revision":2}',
        f"ledger: example.org/countersign/ledger, 18 entries, signed by {LEDGER.id}",
        "here:   11 entries of 5 streams, 4 of them whole, and 33 files",
        "kept:   compared with nothing (--previous)",
        "What this cannot show:",
        "- That there is no other history: who holds key and database can write one. Keep what you verify.",
        "- Times are claims: no time authority has signed them.",
    ]


def test_files_may_be_stored_as_well_as_deflated(bench: Bench) -> None:
    assert bench.agreed(zipped(dossier(), zipfile.ZIP_STORED)).code == 0


def test_without_a_key_from_outside_a_dossier_is_in_order_and_untrusted(bench: Bench) -> None:
    answer = bench.agreed(dossier(), keys=())

    assert answer.code == 3
    assert answer.text.startswith("UNTRUSTED KEY: ")
    assert LEDGER.vkey in answer.text


def test_a_forger_who_brings_a_key_of_the_same_name_convinces_only_who_has_none(bench: Bench) -> None:
    forged = remade(log=history(keys=[STRANGER]))

    assert bench.agreed(forged).check == 3
    assert bench.agreed(forged, keys=()).code == 3


def test_a_key_may_be_typed_from_paper(bench: Bench) -> None:
    assert bench.agreed(dossier(), keys=("--vkey", LEDGER.vkey)).code == 0


@pytest.mark.parametrize("held", [LEDGER, SUCCESSOR], ids=["the old one", "the new one"])
def test_while_a_key_is_replaced_either_one_is_enough(bench: Bench, held: SigningKey) -> None:
    both = remade(log=history(keys=[LEDGER, SUCCESSOR]))

    answer = bench.agreed(both, keys=("--vkey", held.vkey))

    assert answer.code == 0
    assert f"signed by {held.id}\n" in answer.text


def test_a_dossier_of_before_a_new_key_is_verified_with_a_file_of_both(bench: Bench) -> None:
    keys = bench.directory / "keys"
    keys.write_text(f"# since 2026\n{SUCCESSOR.vkey}\n\n# before\n{LEDGER.vkey}\n")

    assert bench.agreed(dossier(), keys=("--vkey", str(keys))).code == 0


def test_a_period_holds_every_entry_of_it_and_those_about_itself(bench: Bench) -> None:
    log = history(noise=2)
    streams = [
        {"stream": CHANNEL, "entries": [1, 2], "whole": False, "why": "the entries of the time asked for"}
    ]
    own = {"stream": OWN, "last": 2, "whole": True}

    answer = bench.agreed(
        remade(
            lambda _log, content: (
                content.pop("attestations/approval.dsse.json")
                and content.pop("attestations/run.dsse.json")
                and content.pop(next(name for name in content if name.startswith("blobs/")))
            ),
            log=log,
            kind="period",
            range={"first": 3, "end": 5},
            streams=[*streams, own],
            blobs={"included": [], "left_out": []},
        )
    )

    assert answer.code == 0
    assert "4 entries of 2 streams, 1 of them whole" in answer.text


@pytest.mark.parametrize("size", [0, 1, 8, 13])
def test_the_dossier_before_is_shown_to_be_contained(bench: Bench, size: int) -> None:
    log = history()
    before = {"size": size, "root": base64.b64encode(root(log.leaves[:size])).decode()}

    assert bench.agreed(remade(log=log, previous=before)).code == 0


def test_letters_that_a_terminal_acts_upon_are_not_printed(bench: Bench) -> None:
    answers = bench.judged(remade(words=["\x1b[2Jverified by all\u202e"], subject={"title": "\x1b]0;x\x07"}))

    texts = "".join(answer.text for answer in answers.values())
    assert {answer.code for answer in answers.values()} == {0}
    assert not set("\x1b\x07\u202e") & set(texts)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["absent.zip", "--vkey", LEDGER.vkey], "absent.zip", id="no dossier"),
        pytest.param(["d.zip", "--vkey", "absent"], "absent", id="no key file"),
        pytest.param(["d.zip", "--vkey", "empty"], "no verifier key", id="a key file without a key"),
        pytest.param(["d.zip", "--vkey", LEDGER.vkey[:-2] + "AA"], "", id="a key with a wrong letter"),
        pytest.param(["d.zip", "--vkey", "d.zip"], "", id="a key file that is no text"),
        pytest.param(["d.zip", "--vkey", LEDGER.vkey, "--previous", "absent"], "absent", id="nothing held"),
    ],
)
def test_arguments_that_name_nothing_end_with_two(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(bench.directory)
    Path("d.zip").write_bytes(b"\xff\xfe")
    Path("empty").write_text("# nothing\n")

    answers = bench.asked(arguments)

    assert {answer.code for answer in answers.values()} == {2}
    assert all(sentence in answer.text for answer in answers.values())
