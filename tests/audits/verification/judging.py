"""Both verifiers, asked as their users ask them."""

import contextlib
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from audits.verification import standalone
from audits.verification.__main__ import main
from tests.audits.verification.building import Files, zipped
from tests.audits.verification.ledgers import LEDGER

VERIFIERS: dict[str, Callable[[list[str]], int]] = {"package": main, "script": standalone.main}
CHECK = re.compile(r"refused at check (\d+) ")


class Answer(NamedTuple):
    """The exit code, the number of the check that refused, and what was printed."""

    code: int
    check: int | None
    text: str


class Bench:
    """A directory in which dossiers are laid before the verifiers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "key").write_text(f"# on paper\n{LEDGER.vkey}\n")

    def judged(
        self,
        dossier: Files | bytes,
        *,
        keys: Sequence[str] | None = None,
        held: Files | bytes | None = None,
        proof: bytes | None = None,
    ) -> dict[str, Answer]:
        """What each verifier says; ``keys`` replaces the arguments that name the key."""
        arguments = [
            self._laid("dossier.zip", dossier),
            *(("--vkey", str(self.directory / "key")) if keys is None else keys),
        ]
        if held is not None:
            arguments += ["--previous", self._laid("held", held)]
        if proof is not None:
            arguments += ["--consistency", self._laid("proof", proof)]
        return self.asked(arguments)

    def asked(self, arguments: list[str]) -> dict[str, Answer]:
        """What each verifier says to these arguments."""
        return {name: _asked(verifier, arguments) for name, verifier in VERIFIERS.items()}

    def agreed(
        self,
        dossier: Files | bytes,
        *,
        keys: Sequence[str] | None = None,
        held: Files | bytes | None = None,
        proof: bytes | None = None,
    ) -> Answer:
        """The answer, with the words of the package, once both are known to agree in code and check."""
        package, script = self.judged(dossier, keys=keys, held=held, proof=proof).values()
        assert package[:2] == script[:2], f"{package.text}\n{script.text}"
        return package

    def _laid(self, name: str, content: Files | bytes) -> str:
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else zipped(content))
        return str(path)


def _asked(verifier: Callable[[list[str]], int], arguments: list[str]) -> Answer:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = verifier(arguments)
    match = CHECK.match(out.getvalue())
    return Answer(code, int(match[1]) if match else None, out.getvalue())
