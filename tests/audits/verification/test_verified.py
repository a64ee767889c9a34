"""Dossiers that hold: both verifiers say so, say whose key it rests on, and say what it cannot show."""

import base64
import json
import zipfile
from pathlib import Path

import pytest

from governance.ledger.canonical import canonical_bytes
from governance.ledger.signing import SigningKey
from tests.audits.verification.building import OWN, dossier, remade, zipped
from tests.audits.verification.judging import Bench
from tests.audits.verification.ledgers import CHANNEL, LEDGER, RUN, STRANGER, SUCCESSOR, history
from tests.governance.ledger.merkle.trees import root


def test_a_dossier_is_verified_with_a_key_from_outside(bench: Bench) -> None:
    for_package, for_script = bench.judged(dossier()).values()

    assert (for_package.code, for_script.code) == (0, 0)
    assert for_package.text == for_script.text
    assert for_package.text.splitlines() == [
        "verified",
        'about:  {"release":{"id":"r","name":"quality_rbf"},"revision":2} (release r)',
        f"ledger: example.org/countersign/ledger, 18 entries, signed by {LEDGER.id}",
        "here:   11 entries of 5 streams, 4 of them whole, and 33 files",
        "kept:   compared with nothing (--previous)",
        "What this cannot show:",
        "- That there is no other history: who holds key and database can write one. Keep what you verify.",
        "- That nothing else belongs to it: which streams do, and where a period ends, is the issuer's word.",
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


def test_a_key_that_is_typed_is_never_taken_for_a_file_of_that_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile archive that was unpacked may have laid one there."""
    monkeypatch.chdir(bench.directory)
    laid = Path(LEDGER.vkey)
    laid.parent.mkdir(parents=True)
    laid.write_text(STRANGER.vkey)

    answer = bench.agreed(remade(log=history(keys=[STRANGER])), keys=("--vkey", LEDGER.vkey))

    assert (answer.code, answer.check) == (1, 3)


@pytest.mark.parametrize("held", [LEDGER, SUCCESSOR], ids=["the old one", "the new one"])
def test_while_a_key_is_replaced_either_one_is_enough(bench: Bench, held: SigningKey) -> None:
    both = remade(log=history(keys=[LEDGER, SUCCESSOR]))

    answer = bench.agreed(both, keys=("--vkey", held.vkey))

    assert answer.code == 0
    assert f"signed by {held.id}\n" in answer.text


def test_a_file_may_hold_several_keys_of_which_one_is_enough(bench: Bench) -> None:
    keys = bench.directory / "keys"
    keys.write_text(f"# since 2026\n{SUCCESSOR.vkey}\n\n# before\n{LEDGER.vkey}\n")

    assert bench.agreed(dossier(), keys=("--vkey", str(keys))).code == 0


def test_a_period_holds_every_entry_of_it_and_those_about_itself(bench: Bench) -> None:
    log = history(noise=2)
    log.bodies[3:5] = [
        canonical_bytes({**json.loads(log.bodies[at]), "at": f"2026-01-0{at}"}) for at in (3, 4)
    ]
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
    assert "(entries 3 to 4, of 2026-01-03 to 2026-01-04)\n" in answer.text


def test_runs_whose_signed_statement_is_not_here_are_counted(bench: Bench) -> None:
    log = history()
    log.add(RUN, "gate_evaluation.completed", after={"verdict": "pass"})

    answers = bench.judged(remade(log=log))

    texts = ["- What 1 of 2 gate runs signed: it is not here.\n" in one.text for one in answers.values()]
    assert ({one.code for one in answers.values()}, texts) == ({0}, [True, True])


@pytest.mark.parametrize("size", [0, 1, 8, 13])
def test_the_dossier_before_is_shown_to_be_contained(bench: Bench, size: int) -> None:
    log = history()
    before = {"size": size, "root": base64.b64encode(root(log.leaves[:size])).decode()}

    assert bench.agreed(remade(log=log, previous=before)).code == 0


def titled(title: str) -> dict[str, object]:
    return {"title": title, "release": {"id": "r"}}


def test_letters_that_a_terminal_acts_upon_are_not_printed(bench: Bench) -> None:
    answers = bench.judged(remade(words=["\x1b[2Jverified by all\u202e"], subject=titled("\x1b]0;x\x07")))

    texts = "".join(answer.text for answer in answers.values())
    assert {answer.code for answer in answers.values()} == {0}
    assert not set("\x1b\x07\u202e") & set(texts)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["absent.zip", "--vkey", LEDGER.vkey], "absent.zip", id="no dossier"),
        pytest.param(["d.zip", "--vkey", "absent"], "absent", id="no key file"),
        pytest.param(["d.zip", "--vkey", "empty"], "no verifier key", id="a key file without a key"),
        pytest.param(["d.zip", "--vkey", LEDGER.vkey[:-2] + "AA"], "letter", id="a key with a wrong letter"),
        pytest.param(["d.zip", "--vkey", "d.zip"], "decode", id="a key file that is no text"),
        pytest.param(["d.zip", "--vkey", LEDGER.vkey, "--previous", "absent"], "absent", id="nothing held"),
        pytest.param(["d.zip", "--vkey", LEDGER.vkey, "--previous", ""], "", id="an unset variable"),
        pytest.param(["d.zip", "--vkey", ""], "", id="an unset variable for the key"),
        pytest.param(
            ["d.zip", "--vkey", LEDGER.vkey, "--consistency", "d.zip"], "needs --previous", id="a proof alone"
        ),
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
