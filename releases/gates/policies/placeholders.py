"""What a preset leaves open, and how each gap is filled: from the system, or by whoever adds the preset.

A placeholder stands in a preset's criteria as text, like ``"$species"``. One that the system fills may stay
empty (no protected segment yet, nothing was ever live): criteria that name it are then left out, and said to
be. One that the writer fills is asked for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from governance.errors import invalid
from releases.gates.policies.system_facts import SystemFacts

Shape = Literal["names", "share", "number", "text", "release", "none"]

MOST_NAMES = 200
LONGEST_NAME = 200
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Placeholder:
    """A gap: its name behind the ``$``, what people read, the ``shape`` of its value, and how it is filled.

    ``filled`` answers from the system and what was given (None if nothing was), None where nothing fills it;
    ``why_empty`` says what that means. ``example`` stands in sentences where nothing is filled in yet.
    """

    name: str
    label: str
    help: str
    shape: Shape
    example: Any
    filled: Callable[[SystemFacts, Any], Any]
    suggested: Callable[[SystemFacts], Any] = lambda facts: None
    why_empty: str = ""

    @property
    def is_asked(self) -> bool:
        """Whether somebody can give it."""
        return self.shape != "none"

    @property
    def is_needed(self) -> bool:
        """Whether somebody must give it, since nothing else fills it."""
        return self.is_asked and not self.why_empty


def names(value: Any, field: str) -> list[str]:
    """A list of names, each once.

    Raises:
        InvalidInput: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise invalid(field, "a list of names is wanted.")
    found = list(dict.fromkeys(one.strip() for one in value))
    if not 0 < len(found) <= MOST_NAMES or any(len(one) > LONGEST_NAME for one in found):
        raise invalid(field, f"1 to {MOST_NAMES} names of at most {LONGEST_NAME} characters are wanted.")
    return found


def number(value: Any, field: str) -> float:
    """A number.

    Raises:
        InvalidInput: it is something else, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(field, "a number is wanted.")
    if isinstance(value, float) and not math.isfinite(value):
        raise invalid(field, "a finite number is wanted.")
    if abs(value) > 2**53 - 1:
        raise invalid(field, "a smaller number is wanted.")
    return float(value)


def share(value: Any, field: str) -> float:
    """A number between 0 and 1, both excluded.

    Raises:
        InvalidInput: it is something else.
    """
    found = number(value, field)
    if not 0 < found < 1:
        raise invalid(field, "a share between 0 and 1 is wanted; 5 % is 0.05.")
    return found


def text(value: Any, field: str) -> str:
    """Words.

    Raises:
        InvalidInput: none, too many, or no text.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise invalid(field, f"1 to {LONGEST_TEXT} characters are wanted.")
    return value.strip()


def _species(facts: SystemFacts, given: Any) -> Any:
    return names(given, "values.species")


def _segments(facts: SystemFacts, given: Any) -> Any:
    return list(facts.protected) or None if given is None else names(given, "values.protected_segments")


def _reference(facts: SystemFacts, given: Any) -> Any:
    """The pinned baseline: the release that was given, else the one that is live now."""
    chosen = facts.live if given is None else given
    if chosen is None:
        return None
    try:
        chosen = str(UUID(str(chosen)))
    except ValueError:
        raise invalid("values.reference", "the id of a release is wanted.") from None
    if chosen not in dict(facts.references):
        raise invalid("values.reference", "it names no release of this system that was ever live.")
    return {"kind": "pinned", "release": chosen}


def _live(facts: SystemFacts, given: Any) -> Any:
    """The live baseline; before anything was live the fixed limits judge the first release alone."""
    return {"kind": "live"} if facts.has_served else {"kind": "live", "when_no_baseline": "absolute_only"}


def _given(name: str, read: Callable[[Any, str], Any]) -> Callable[[SystemFacts, Any], Any]:
    return lambda facts, given: read(given, f"values.{name}")


PLACEHOLDERS: dict[str, Placeholder] = {
    one.name: one
    for one in (
        Placeholder(
            "species",
            "Attack species",
            "One per line, as the score tables name them.",
            "names",
            ["the species you name"],
            _species,
            lambda facts: list(facts.species) or None,
        ),
        Placeholder(
            "protected_segments",
            "Protected segments",
            "Keys, one per line. Left empty: all that are protected now.",
            "names",
            ["your protected segments"],
            _segments,
            lambda facts: list(facts.protected) or None,
            "no segment of the system is protected",
        ),
        Placeholder(
            "reference",
            "Reference release",
            "Compared with for as long as the policy is in force. Left empty: what is live now.",
            "release",
            {"kind": "pinned", "release": "00000000-0000-7000-8000-000000000000"},
            _reference,
            lambda facts: facts.live,
            "nothing was ever live, so there is no reference release",
        ),
        Placeholder("live", "What is live", "", "none", {"kind": "live"}, _live),
        Placeholder(
            "apcer_limit",
            "Target for attacks accepted",
            "The most that is tolerable of any species, as a share: 5 % is 0.05.",
            "share",
            0.05,
            _given("apcer_limit", share),
        ),
        Placeholder(
            "margin",
            "Margin against the baselines",
            "How much worse is tolerable, as a share: 5 points are 0.05.",
            "share",
            0.05,
            _given("margin", share),
        ),
        Placeholder(
            "margin_reason",
            "Why that margin",
            "Read by everybody who approves.",
            "text",
            "your reason",
            _given("margin_reason", text),
        ),
        Placeholder(
            "budget_ms",
            "Latency budget in milliseconds",
            "95 % of the answers come within it.",
            "number",
            1000.0,
            _given("budget_ms", number),
        ),
        Placeholder(
            "max_drill_age_days",
            "Age of the last drill in days",
            "How long ago the way back may have been rehearsed.",
            "number",
            90.0,
            _given("max_drill_age_days", number),
        ),
    )
}
