"""The model card and the plans of a revision as rows of a name and a text."""

from dataclasses import dataclass

from releases.bundles.documents import has_guarded_stage
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
STAGES = {"general": ("General", "All traffic of the channel at once")}


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


def stage_rows(revision: Revision) -> tuple[list[Text], bool]:
    """The stages of the rollout plan, and whether a part of the traffic comes before all of it."""
    stages = [
        STAGES.get(str(stage.get("kind")), (str(stage.get("kind")), ""))
        for stage in revision.rollout_plan.get("stages", [])
    ]
    return [Text(name, text) for name, text in stages], has_guarded_stage(revision.rollout_plan)


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
        Text("Triggers", triggers),
    ]
