"""The way back of a rollout: where it lands, how long it took when it was rehearsed, what is switched at
once. Of one that was taken back: how it went."""

from dataclasses import dataclass

from audits.pages.rollout_facts import RolloutFacts
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.ledger.models import Entry
from governance.registry.kinds import KINDS
from releases.bundles.documents import IN_USERS_HANDS, stays_behind
from releases.rollouts.drills import latest_drill, seconds_away, seconds_back
from releases.rollouts.models import Drill, DrillState, Landing, Rollback
from releases.rollouts.progress_queries import lasting

Row = tuple[str, str]
DECIDES = ("model", "fusion", "threshold_policy", IN_USERS_HANDS)
"""Kinds of components that decide about people; the others stand behind them."""


@dataclass(frozen=True)
class SlotBack:
    """A slot of the stack, and whether a rollback changes it at once."""

    title: str
    version: str
    is_switched: bool
    text: str


@dataclass(frozen=True)
class WayBack:
    """The card: rows of a name and a text, and the slots."""

    title: str
    rows: tuple[Row, ...]
    slots: tuple[SlotBack, ...] = ()


def way_back(actor: Actor, facts: RolloutFacts) -> WayBack | None:
    """What a rollback would do; of one that was taken back, what it did; None where neither can be."""
    if facts.is_open:
        return WayBack("If it is rolled back", tuple(_rows(actor, facts)), tuple(slots_back(facts)))
    if facts.rollback is not None:
        return WayBack("The rollback", tuple(_done(facts, facts.rollback)))
    return None


def _rows(actor: Actor, facts: RolloutFacts) -> list[Row]:
    row, plan = facts.deployment, facts.deployment.revision.rollback_plan
    lands = "Nothing: nothing served the channel before."
    if facts.target:
        release = facts.target.deployment.revision.release.name
        verb = "stays live" if facts.is_on_its_way else "goes live again"
        lands = " ".join([f"{release}, which {verb} on {facts.channel}.", *facts.target.warnings])
    return [
        ("Lands on", lands),
        ("Takes effect", "At once; no gate and no second person."),
        _drilled(actor, facts),
        ("Owner", str(plan.get("owner", "")) or "nobody"),
        (
            "Afterwards",
            f"{row.release.name} stays off {facts.channel} until a new approval. Other channels keep it.",
        ),
        ("Steps", str(plan.get("steps", "")) or "none written down"),
    ]


def _drilled(actor: Actor, facts: RolloutFacts) -> Row:
    """How the last rehearsal went: on this channel where it is one for drills, else on any of the system."""
    channel = facts.deployment.channel
    if channel.drill:
        drill = latest_drill(channel)
        return "Last drill", drill_words(drill) if drill else "none yet"
    rows = visible_to(Drill.objects.filter(channel__system=facts.deployment.release.system_id), actor)
    last = rows.filter(state=DrillState.COMPLETED).select_related("channel").order_by("-started_at").first()
    if last is None:
        return "Last drill", "none yet: how long every instance takes to follow is not known."
    took = seconds_away(last)
    said = f"Every instance followed within {lasting(took)}" if took is not None else "It took its time"
    return "Last drill", f"{said}, {last.started_at:%-d %b %Y} on {last.channel.name}."


def drill_words(drill: Drill) -> str:
    """``Completed on 3 Nov, 14:05 UTC: 38 seconds there, 41 seconds back.``"""
    legs = [
        f"{lasting(seconds)} {way}"
        for way, seconds in (("there", seconds_away(drill)), ("back", seconds_back(drill)))
        if seconds is not None
    ]
    when = drill.ended_at or drill.started_at
    took = f": {', '.join(legs)}" if legs else ""
    missing = f" {drill.missing}" if drill.missing else ""
    return f"{drill.get_state_display()}, {when:%-d %b, %H:%M} UTC{took}.{missing}"


def slots_back(facts: RolloutFacts) -> list[SlotBack]:
    """What decides on the channel, slot by slot."""
    row = facts.deployment
    behind = stays_behind(row.revision.rollback_plan)
    found = []
    for slot in row.revision.slots.all():
        kind = slot.component.kind
        if kind not in DECIDES or (kind == IN_USERS_HANDS and slot.slot != row.channel.name):
            continue
        text = "at once"
        if kind == IN_USERS_HANDS:
            text = "not from here: it is in users' hands, and decisions say which one they ran"
        elif kind in behind:
            text = "not at once, as the plan says"
        found.append(SlotBack(KINDS[kind].title, str(slot.component), kind not in behind, text))
    return sorted(found, key=lambda one: (not one.is_switched, one.title))


def _done(facts: RolloutFacts, back: Rollback) -> list[Row]:
    rows = [
        ("Went back to", f"{back.target.release.name}, which answers {facts.channel}."),
        ("By", back.rolled_back_by_username),
        ("When", f"{back.rolled_back_at:%-d %b %Y, %H:%M:%S} UTC"),
    ]
    if back.triggers:
        rows.append(("Because of", ", ".join(back.triggers)))
    return [*rows, ("Seen to follow", landing_words(back))]


def landing_words(back: Rollback) -> str:
    """Whether every instance is seen to run what was gone back to."""
    if back.landed_at is not None:
        took = lasting((back.landed_at - back.rolled_back_at).total_seconds())
        return f"Every instance within {took}."
    if back.landing == Landing.ESCALATED:
        return f"Not every instance: {back.missing}"
    if back.landing == Landing.PENDING:
        return "Not yet: its instances are waited for."
    if _is_staged(back):
        return "Nobody could see it: this past is staged, and no instance ran then."
    return "Nobody watched whether the instances follow."


def _is_staged(back: Rollback) -> bool:
    """Whether it was told of a past that never was, as a demo does."""
    entries = Entry.objects.filter(stream=back.stream(), document__simulated=True)
    return entries.filter(document__after__rollback=str(back.pk)).exists()
