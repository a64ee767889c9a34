"""Checkpoints that witnesses have cosigned: both verifiers pass over lines of keys that they do not know."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from governance.ledger.notes import cosign
from governance.ledger.signing import COSIGNATURE, SigningKey, generate_key
from tests.audits.verification.building import remade
from tests.audits.verification.judging import Bench
from tests.audits.verification.ledgers import LEDGER, Log, history
from tests.audits.verification.test_held import shown_apart

WITNESS = generate_key("witness.example.net/w1", COSIGNATURE)
MANY = [generate_key(f"witness.example.net/w{number}", COSIGNATURE) for number in range(1, 17)]
NAMESAKE = generate_key(LEDGER.name, COSIGNATURE)
SAME_BYTES = SigningKey(LEDGER.name, LEDGER.private, COSIGNATURE)
OF_THE_FUTURE = f"— witness.example.net/w2 {'A' * 6000}\n"
"""A signature of a type that is not known yet, and longer."""


@dataclass
class CosignedLog(Log):
    """A log whose checkpoints bear lines of witnesses, and ``more``."""

    witnesses: Sequence[SigningKey] = (WITNESS,)
    more: str = ""

    def checkpoint(self, size: int | None = None) -> bytes:
        """The lines stand below the log's own signature."""
        note = super().checkpoint(size)
        text = note.decode().partition("\n\n")[0] + "\n"
        lines = [cosign(text, one, 1_700_000_000) for one in self.witnesses]
        return note + "".join([*lines, self.more]).encode()


@pytest.mark.parametrize(
    ("witnesses", "more"),
    [
        pytest.param([WITNESS], "", id="one"),
        pytest.param(MANY, "", id="sixteen"),
        pytest.param([NAMESAKE], "", id="with the name of the log"),
        pytest.param([SAME_BYTES], "", id="with the name and the bytes of the log's key"),
        pytest.param([WITNESS], OF_THE_FUTURE, id="of another type"),
    ],
)
def test_lines_of_unknown_keys_are_passed_over(
    bench: Bench, witnesses: Sequence[SigningKey], more: str
) -> None:
    cosigned = CosignedLog(history().bodies, witnesses=witnesses, more=more)

    answer = bench.agreed(remade(log=cosigned))

    assert (answer.code, answer.text.splitlines()[0]) == (0, "verified")
    assert f"18 entries, signed by {LEDGER.id}\n" in answer.text


def test_a_cosigned_checkpoint_is_something_to_hold(bench: Bench) -> None:
    """The one that a witness has cosigned is the file that ``--previous`` takes."""
    log = history()
    new = remade(log=log)
    held, another = (CosignedLog(one.bodies).checkpoint(12) for one in (log, history(noise=4)))
    given = json.dumps(shown_apart(12, log)).encode()

    assert bench.agreed(new, held=held, proof=given).code == 0
    assert bench.agreed(new, held=another, proof=given).check == 11


def test_a_witness_alone_signs_for_no_log(bench: Bench) -> None:
    unsigned = CosignedLog(history().bodies, keys=())

    assert bench.agreed(remade(log=unsigned)).check == 3
