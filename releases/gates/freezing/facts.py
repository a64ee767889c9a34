"""What of a revision is missing or ready, read when an evaluation is requested and frozen into its inputs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from governance.access.models import Account
from governance.registry.models import Channel, ComponentStatus, ComponentVersion, System
from releases.bundles.completeness import ReleaseIncomplete, check_complete
from releases.bundles.content import content_of
from releases.bundles.models import Assignment, Revision, RevisionState, Slot
from releases.bundles.sealed import served
from releases.gates.criteria.completeness import CompletenessSpec, Ready
from releases.gates.freezing.tables import datasets_of
from releases.gates.judging.criterion import Criterion
from releases.gates.vocabulary.fact_inputs import ApproversInput, FactsInput, PathInput, ReadinessInput
from releases.scores.models import ScoreTable

ApproverFacts = Callable[[Revision, datetime], ApproversInput]
DrillFacts = Callable[[System, datetime], float | None]


def facts_of(
    revision: Revision, slots: Sequence[Slot], criteria: Iterable[Criterion], at: datetime
) -> FactsInput:
    """What the criteria on completeness look at; whether all is ready only where one of them asks."""
    problems = []
    try:
        check_complete(content_of(revision))
    except ReleaseIncomplete as incomplete:
        problems = list(incomplete.field_errors)
    reports = [slot.component for slot in slots if slot.slot == "evaluation_report"]
    other = [report for report in reports if report.attributes["stack_digest"] != revision.stack_digest]
    datasets = datasets_of(slots)
    return FactsInput(
        slots_missing=[
            problem.message for problem in problems if problem.field.startswith(("slots", "channels"))
        ],
        card_missing=[
            problem.field.removeprefix("card.") for problem in problems if problem.field.startswith("card.")
        ],
        plans_missing=[problem.message for problem in problems if problem.field.startswith("roll")],
        datasets_without_report=[str(one) for one in datasets if not any(_is_on(r, one) for r in reports)],
        reports_of_other_stacks=[str(one) for one in datasets if any(_is_on(r, one) for r in other)],
        readiness=_readiness(revision, _asked(criteria), at),
    )


def _is_on(report: ComponentVersion, dataset: ComponentVersion) -> bool:
    """Whether a report names the dataset, by any of the names a dataset goes by, or holds scores on it."""
    names = {str(dataset), dataset.name, dataset.version, dataset.digest, str(dataset.id)}
    return report.attributes["dataset"] in names or bool(
        ScoreTable.objects.filter(evaluation_report=report, dataset__digest=dataset.digest).exists()
    )


@dataclass(frozen=True)
class Asked:
    """What criteria ask to be ready, and whether one of them asks for a drill."""

    ready: set[Ready]
    drill: bool


def _asked(criteria: Iterable[Criterion]) -> Asked:
    specs = [one.spec for one in criteria if isinstance(one.spec, CompletenessSpec)]
    ready = {ready for spec in specs for ready in spec.readiness or []}
    return Asked(ready, any(spec.max_drill_age_days is not None for spec in specs))


def _readiness(revision: Revision, asked: Asked, at: datetime) -> ReadinessInput | None:
    if not asked.ready:
        return None
    plan, release = revision.rollback_plan, revision.release
    owner = plan.get("owner", "")
    return ReadinessInput(
        rollback_owner=owner,
        rollback_owner_problem=_account_problem(owner),
        triggers=len(plan.get("triggers", [])),
        paths=[
            _path(revision, channel, plan.get("target")) for channel in revision.channels.order_by("name")
        ],
        last_drill_age_days=drill_facts()(release.system, at) if asked.drill else None,
        release_owner=release.owner_username,
        release_owner_problem=_account_problem(release.owner_username),
        approvers=approver_facts()(revision, at) if "owners_and_approvers" in asked.ready else None,
    )


def approver_facts() -> ApproverFacts:
    """What knows who could approve: it stands above the gates and is named in the settings."""
    found: ApproverFacts = import_string(settings.GATE_FACTS["approvers"])
    return found


def drill_facts() -> DrillFacts:
    """What knows when the way back was rehearsed: likewise."""
    found: DrillFacts = import_string(settings.GATE_FACTS["drills"])
    return found


def _account_problem(username: str) -> str:
    if not username:
        return "nobody is named"
    return (
        ""
        if Account.objects.filter(username=username, is_active=True).exists()
        else "the account is not active"
    )


def _path(revision: Revision, channel: Channel, named: str | None) -> PathInput:
    """Where a rollback on the channel leads: to the release that the plan names, or to what served before."""
    target = _named(revision, named) if named else _before(revision, channel)
    if target is None:
        problem = "the release that the plan names does not exist" if named else "nothing served it before"
        return PathInput(channel=channel.name, problem=problem)
    return PathInput(channel=channel.name, target=target.release.name, problem=_target_problem(target))


def _named(revision: Revision, release: str) -> Revision | None:
    rows = Revision.objects.filter(release_id=release, release__system=revision.release.system)
    return rows.select_related("release").order_by("-adopted", "-number").first()


def _before(revision: Revision, channel: Channel) -> Revision | None:
    rows = Assignment.objects.filter(served(), channel=channel).exclude(stable=revision)
    newest = rows.select_related("stable__release").order_by("-period").first()
    return newest.stable if newest else None


def _target_problem(target: Revision) -> str:
    has_served = Assignment.objects.filter(served(), stable=target).exists()
    if not (target.adopted or has_served or target.state == RevisionState.APPROVED):
        return f"{target.release.name} was neither adopted nor approved"
    if target.slots.filter(component__status=ComponentStatus.REVOKED).exists():
        return f"{target.release.name} holds a revoked component"
    return ""
