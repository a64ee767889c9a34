"""Who gets what on a channel, drawn: candidate [0, c), control [0.5, 0.5 + c), the rest. Pure.

The picture follows :mod:`releases.bundles.arms`: the same two ranges, on the same scale from 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from releases.bundles.arms import CONTROL_BEGINS
from releases.bundles.documents import StageKind
from releases.bundles.models import Assignment

NARROW = 0.1
"""Below this share a part has no room for its name."""


@dataclass(frozen=True)
class Part:
    """One range of the bar, in percent of its width."""

    look: str
    x: float
    width: float
    name: str


@dataclass(frozen=True)
class Shares:
    """The bar of a channel with a candidate on its way, and the sentence that says the same."""

    parts: tuple[Part, ...]
    ticks: tuple[tuple[float, str], ...]
    candidate: str
    stable: str
    sentence: str

    @property
    def label(self) -> str:
        """The text alternative."""
        return self.sentence


def shares_of(assignment: Assignment) -> Shares | None:
    """The bar of an assignment; None where nothing is on its way."""
    if assignment.candidate is None:
        return None
    candidate, stable = assignment.candidate.release.name, assignment.stable.release.name
    share = assignment.treatment_share
    parts = _parts(share, candidate, stable)
    marks = sorted({0.0, *(part.x for part in parts), 100.0})
    return Shares(
        parts,
        tuple((mark, f"{mark / 100:.4g}") for mark in marks),
        candidate,
        stable,
        _sentence(assignment, candidate, stable),
    )


def _parts(share: float, candidate: str, stable: str) -> tuple[Part, ...]:
    if not share:
        return (Part("rest", 0, 100, stable),)
    begins = CONTROL_BEGINS
    rows: Sequence[tuple[str, float, float, str]] = (
        ("candidate", 0, share, candidate),
        ("rest", share, begins, f"{stable}, rest"),
        ("control", begins, begins + share, f"{stable}, control"),
        ("rest", begins + share, 1, f"{stable}, rest"),
    )
    return tuple(
        Part(look, start * 100, (end - start) * 100, name if end - start >= NARROW else "")
        for look, start, end, name in rows
        if end > start
    )


def _sentence(assignment: Assignment, candidate: str, stable: str) -> str:
    share = f"{assignment.treatment_share * 100:.4g} %"
    keys = len(assignment.internal_keys)
    if assignment.treatment_share:
        rest = 1 - 2 * assignment.treatment_share
        others = f"; the other {rest * 100:.4g} % stay on {stable} too" if rest > 0 else ""
        return f"{share} of the people get {candidate}, {share} are its control on {stable}{others}."
    if keys:
        named = f"{keys} named test key{'' if keys == 1 else 's'}"
        return f"{candidate} answers {named}; everybody else gets {stable}."
    if assignment.stage == StageKind.SHADOW:
        return f"Everybody gets {stable}; {candidate} is scored beside it and decides nothing."
    return f"Everybody gets {stable}; nobody gets {candidate}."
