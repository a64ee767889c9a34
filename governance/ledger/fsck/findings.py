"""What a check of the record finds."""

from dataclasses import dataclass

_OF_ROWS = {
    "row": "not what its entries say",
    "unrecorded": "stands there without an entry",
    "gone": "not there any more, and its entries tell of it",
    "projection": "not what the grants say",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written; ``index`` is that of the first leaf concerned, if one is.

    Of a row that its entries contradict ``table``, ``row`` and ``column`` say which; what both sides say
    stands in the sentence alone, since findings are kept where people may not read every row.
    """

    kind: str
    sentence: str
    index: int | None = None
    table: str = ""
    row: str = ""
    column: str = ""

    def __str__(self) -> str:
        return self.sentence

    @property
    def summary(self) -> str:
        """The sentence without what stands in a row or in an entry."""
        if not self.table:
            return self.sentence
        where = " ".join(part for part in (self.table, self.row, self.column) if part)
        return f"{where}: {_OF_ROWS[self.kind]}."


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: how much was looked at, and what was found. ``unchecked`` says what could not be, and
    ``epochs`` that the log began anew, which whoever reads the outcome should know of.
    """

    leaves: int
    checkpoints: int
    signatures: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...] = ()
    rows: int = 0
    signed: str = ""
    epochs: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
