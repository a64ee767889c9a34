"""What a check of the record finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written; ``index`` is that of the first leaf concerned, if one is."""

    kind: str
    sentence: str
    index: int | None = None

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: how much was looked at, and what was found. ``unchecked`` says what could not be."""

    leaves: int
    checkpoints: int
    signatures: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
