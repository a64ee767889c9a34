"""How a dossier is refused: by the first check that fails, with one sentence."""

CHECKS = {
    1: "the archive",
    2: "the list of files",
    3: "the checkpoint",
    4: "the description",
    5: "the proofs",
    6: "the streams",
    7: "the contents",
    8: "the material that entries name",
    9: "the statements",
    10: "the dossier before",
    11: "what you hold",
}
"""The checks in their order; ``docs/verifying.md`` has the same list."""

LONGEST_QUOTE = 90


class Unfit(ValueError):
    """A part does not hold; whoever checks it knows the number of the check."""


class Refused(Exception):
    """The dossier is refused."""

    def __init__(self, check: int, reason: str) -> None:
        super().__init__(f"refused at check {check} ({CHECKS[check]}): {reason}")
        self.check = check


def quoted(found: object) -> str:
    """What a dossier says, in letters that no terminal acts upon."""
    return ascii(found)[:LONGEST_QUOTE]


def printable(text: str) -> str:
    """A sentence of the dossier, without letters that a terminal acts upon."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
