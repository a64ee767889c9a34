"""Where a release stands, in one sentence derived from its facts. Nothing of it is stored. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """What the sentence is made of. Channels by name; ``seats`` are (filled, all) of an open request."""

    name: str
    number: int
    state: str
    adopted: bool = False
    is_newest: bool = True
    verdict: str = "none"
    overridden: str = ""
    """``inconclusive, overridden until …``: the verdict in words where an override in force goes past it."""
    live: Sequence[str] = ()
    on_the_way: Sequence[str] = ()
    """``held on mobile_web (guarded 25 %)``: where it is between its start and being live, in words."""
    is_held: bool = False
    rolled_back: Sequence[str] = ()
    superseded: Sequence[str] = ()
    ready: Sequence[str] = ()
    """Channels that an approval covers and where it is not live yet."""
    seats: tuple[int, int] | None = None
    asked_for: Sequence[str] = ()
    missing: Sequence[str] = ()
    """What a draft still lacks before it can be frozen."""
    unserved: Sequence[str] = ()
    """Channels of a draft on which nothing is on record as live."""
    closing_reason: str = ""


@dataclass(frozen=True)
class Standing:
    """The lead of the release's page."""

    look: str
    icon: str
    chip: str
    headline: str
    support: str = ""
    points: tuple[str, ...] = field(default=())


NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def number(count: int) -> str:
    """A small count as a word that begins a sentence."""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def listed(names: Sequence[str]) -> str:
    """``android``, ``android and ios``, ``android, ios and kiosk``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def standing(facts: Facts) -> Standing:
    """The state, the sentence and what comes next."""
    if not facts.is_newest:
        return Standing(
            "void",
            "block",
            "Void",
            f"Revision {facts.number} of {facts.name} is void: a newer revision took its place.",
            "Its results and votes stay on record and count no longer.",
        )
    if facts.on_the_way or facts.live or facts.rolled_back or facts.superseded:
        return _deployed(facts)
    makers = {
        "draft": _draft,
        "frozen": _frozen,
        "in_review": _in_review,
        "approved": _approved,
        "rejected": _rejected,
        "expired": _expired,
        "withdrawn": _withdrawn,
    }
    return makers[facts.state](facts)


def _asked(facts: Facts) -> str:
    if facts.seats is None:
        return ""
    filled, wanted = facts.seats
    many = f"{filled} of {wanted} seats {'is' if filled == 1 else 'are'} filled"
    return f"Approval for {listed(facts.asked_for)} is asked for: {many}."


def _deployed(facts: Facts) -> Standing:
    parts = list(facts.on_the_way)
    if facts.live:
        parts.append(f"live on {listed(facts.live)}")
    if facts.rolled_back:
        parts.append(f"rolled back on {listed(facts.rolled_back)}")
    if facts.superseded and not facts.live:
        parts.append(f"replaced on {listed(facts.superseded)}")
    headline = f"{facts.name} is {listed(parts)}."
    support = " ".join(part for part in (_adopted(facts), _asked(facts), _ready(facts)) if part)
    if facts.is_held:
        return Standing("held", "pause_circle", "Held", headline, support)
    if facts.on_the_way:
        return Standing("open", "stairs", "Rolling out", headline, support)
    if facts.live:
        return Standing("live", "sensors", "Live", headline, support)
    look, icon, chip = (
        ("void", "undo", "Rolled back") if facts.rolled_back else ("void", "history", "Replaced")
    )
    return Standing(look, icon, chip, headline, support)


def _adopted(facts: Facts) -> str:
    if not facts.adopted:
        return ""
    return (
        "It was adopted: it served before releases were governed, so no gate and no approval stand behind it."
    )


def _ready(facts: Facts) -> str:
    return f"It is approved for {listed(facts.ready)} and can go live there." if facts.ready else ""


def _draft(facts: Facts) -> Standing:
    if facts.missing:
        count = len(facts.missing)
        parts = "one part is" if count == 1 else f"{count} parts are"
        return Standing(
            "open",
            "edit",
            "Draft",
            f"{facts.name} is a draft and {parts} missing.",
            f"{_adoptable(facts)}Complete these before it can be frozen:",
            tuple(facts.missing),
        )
    return Standing(
        "open",
        "edit",
        "Draft",
        f"{facts.name} is a complete draft. Freeze it to have it evaluated.",
        "Freezing fixes its slots, card and plans by digest; a later change is a new revision.",
    )


def _adoptable(facts: Facts) -> str:
    if not facts.unserved:
        return ""
    return (
        f"Nothing is on record as live on {listed(facts.unserved)}. If this serves there already, a release "
        "manager can have it adopted as it is. "
    )


FROZEN = {
    "none": ("open", "ac_unit", "Frozen", "{name} is frozen. Ask for its evaluation.", ""),
    "requested": (
        "open",
        "progress_activity",
        "Being evaluated",
        "{name} is being evaluated.",
        "The result appears here by itself.",
    ),
    "error": (
        "inc",
        "error",
        "Evaluation failed",
        "The evaluation of {name} ended with an error. Ask for it again.",
        "An evaluation that could not be computed counts as inconclusive.",
    ),
    "fail": (
        "fail",
        "dangerous",
        "Gate failed",
        "{name} failed its gate and cannot go to approval.",
        "Read which line failed, change the release, and freeze a new revision.",
    ),
    "inconclusive": (
        "inc",
        "contrast",
        "Gate inconclusive",
        "{name} cannot go to approval: its gate is inconclusive.",
        "Bring what its lines ask for, data or a review, or change the release.",
    ),
    "pass": ("pass", "check_circle", "Gate passed", "{name} passed its gate. Ask for its approval.", ""),
    "overridden": (
        "held",
        "key",
        "Gate overridden",
        "{name} may go past its gate. Ask for its approval.",
        "Gate: {overridden}.",
    ),
}


def _frozen(facts: Facts) -> Standing:
    look, icon, chip, headline, support = FROZEN["overridden" if facts.overridden else facts.verdict]
    support = support.format(overridden=facts.overridden)
    more = f"The last request ended: {facts.closing_reason}" if facts.closing_reason else ""
    return Standing(
        look, icon, chip, headline.format(name=facts.name), " ".join(filter(None, (support, more)))
    )


def _in_review(facts: Facts) -> Standing:
    filled, wanted = facts.seats or (0, 0)
    if facts.seats is None:
        return Standing(
            "held",
            "schedule",
            "Request over",
            f"The request for {facts.name} takes no more votes.",
            facts.closing_reason,
        )
    many = f"{filled} of {wanted} seats {'is' if filled == 1 else 'are'} filled"
    return Standing(
        "open",
        "how_to_vote",
        "In review",
        f"{facts.name} is in review for {listed(facts.asked_for)}: {many}.",
        "It goes live when every seat is filled and a release manager starts it.",
    )


def _approved(facts: Facts) -> Standing:
    if not facts.ready:
        return Standing(
            "held", "schedule", "Approval over", f"The approval of {facts.name} has run out.", "Ask again."
        )
    return Standing(
        "pass",
        "verified",
        "Approved",
        f"{facts.name} is approved for {listed(facts.ready)} and not live yet.",
        "A release manager who did not cast the last vote brings it live.",
    )


def _rejected(facts: Facts) -> Standing:
    return Standing(
        "fail",
        "cancel",
        "Rejected",
        f"{facts.name} was rejected.",
        f"{facts.closing_reason} A change makes a new revision.".strip(),
    )


def _expired(facts: Facts) -> Standing:
    return Standing(
        "void",
        "schedule",
        "Approval expired",
        f"The approval of {facts.name} ran out before it went live.",
        "A change makes a new revision that can be evaluated and approved again.",
    )


def _withdrawn(facts: Facts) -> Standing:
    return Standing(
        "void", "block", "Withdrawn", f"{facts.name} is withdrawn.", "Its record stays; it never goes live."
    )
