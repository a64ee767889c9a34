"""The model card and the plans of a revision as rows of a name and a text."""

from dataclasses import dataclass
from typing import Any

from audits.pages.plan_words import PlanWords, plan_words
from governance.registry.kinds import KINDS
from releases.bundles.documents import IN_USERS_HANDS, stays_behind
from releases.bundles.models import Release, Revision

CARD = (
    ("what_changed", "What changed"),
    ("why", "Why"),
    ("data", "Data"),
    ("channels_tested", "Channels tested"),
    ("expected_benefits", "Expected benefits"),
    ("known_risks", "Known risks"),
    ("rollback_trigger", "Rollback trigger"),
)


@dataclass(frozen=True)
class Text:
    """A row of a card or plan; an empty text is a gap and shown as one."""

    name: str
    text: str
    links: tuple[str, ...] = ()


def card_rows(revision: Revision) -> list[Text]:
    """The card, every field, filled or not."""
    rows = [Text(title, str(revision.card.get(key, ""))) for key, title in CARD]
    links = tuple(str(link) for link in revision.card.get("references", []))
    return [*rows, *([Text("References", "", links)] if links else [])]


def stage_rows(revision: Revision) -> PlanWords:
    """The stages of the rollout plan, with what to know before approving it."""
    return plan_words(revision.rollout_plan)


def stays_behind_words(plan: dict[str, Any]) -> str:
    """What a rollback does not change at once, slot by slot."""
    others = [KINDS[slot].title for slot in stays_behind(plan) if slot != IN_USERS_HANDS]
    named = f" Nor, as the plan says: {', '.join(others)}." if others else ""
    return f"The SDK: it is in users' hands, and decisions say which one they ran.{named}"


def plan_rows(revision: Revision) -> list[Text]:
    """The rollback plan."""
    plan = revision.rollback_plan
    triggers = "\n".join(
        f"{trigger.get('description', '')} ({trigger.get('action', 'rollback')})"
        for trigger in plan.get("triggers", [])
    )
    target = "The last approved or adopted release of the channel"
    if plan.get("target"):
        named = Release.objects.filter(id=plan["target"]).first()
        target = str(named) if named else f"Release {plan['target']}, which is not known"
    return [
        Text("Back to", target),
        Text("Owner", str(plan.get("owner", ""))),
        Text("Steps", str(plan.get("steps", ""))),
        Text("Not switched at once", stays_behind_words(plan)),
        Text("Triggers", triggers),
    ]
