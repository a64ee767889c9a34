"""Reading overrides: what a gate leaves to be overridden, and which override counts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, Value, When
from django.utils import timezone

from governance.access.models import Proposal
from governance.access.queries import visible_to
from governance.actors import Actor
from releases.bundles.models import Revision
from releases.gates.models import EvaluationStatus, GateEvaluation, Override, Verdict
from releases.gates.overrides.standing import Standing, overridden, standing_of

VERB = "override.given"
"""The verb that a proposal of an override names."""


def completed(revision: Revision) -> QuerySet[GateEvaluation]:
    """The revision's evaluations that came to a result, newest first."""
    rows = GateEvaluation.objects.filter(revision=revision, status=EvaluationStatus.COMPLETED)
    return rows.order_by("-requested_at", "-id")


def newest_result(revision: Revision) -> str:
    """The digest of the newest result of the revision; '' where there is none."""
    return completed(revision).values_list("result_digest", flat=True).first() or ""


def failing_criteria(result: Mapping[str, Any]) -> dict[str, str]:
    """What an override goes past: enforced blocking criteria that do not pass, by key with their titles."""
    return {
        str(one["key"]): str(one.get("title") or one["key"])
        for one in result.get("criteria", [])
        if one.get("severity") == "blocking"
        and one.get("mode") == "enforce"
        and one.get("counted", True)
        and one["verdict"] != Verdict.PASS
    }


def newest_result_of_row() -> Subquery:
    """The digest of the newest result of a row's revision, for lists."""
    newest = GateEvaluation.objects.filter(
        revision=OuterRef("revision"), status=EvaluationStatus.COMPLETED
    ).order_by("-requested_at", "-id")
    return Subquery(newest.values("result_digest")[:1])


def listed_overrides() -> QuerySet[Override]:
    """Overrides with what tells how each stands, in a fixed number of queries."""
    rows = Override.objects.select_related(
        "revision__release__system", "release__system", "evaluation__policy", "trigger__deployment"
    )
    return rows.defer("evaluation__inputs", "evaluation__result").annotate(
        newest_result=Case(
            When(trigger__isnull=True, then=newest_result_of_row()),
            When(trigger__deployment__stage_number=F("stage_number"), then=F("trigger__evidence_digest")),
            default=Value(""),
        )
    )


def gate_overrides() -> QuerySet[Override]:
    """Those that go past a gate, not past a trigger of a rollout."""
    return listed_overrides().filter(trigger__isnull=True)


def stands_at(override: Override, at: datetime) -> Standing:
    """How the override stands at ``at``."""
    found = getattr(override, "newest_result", None)  # lists read it with the rows
    if found is None:
        found = getattr(listed_overrides().get(pk=override.pk), "newest_result", "")
    return standing_of(override, found or "", at)


def overrides_of(revision: Revision) -> list[Override]:
    """All overrides of the revision, newest first."""
    return list(gate_overrides().filter(revision=revision).defer(None))


def override_in_force(revision: Revision, at: datetime) -> Override | None:
    """The override that lets the revision past its gate at ``at``, if there is one."""
    rows = gate_overrides().filter(revision=revision, withdrawn_at__isnull=True, expires_at__gt=at)
    return next((row for row in rows if stands_at(row, at) is Standing.IN_FORCE), None)


def overrides_said(evaluation: GateEvaluation) -> list[dict[str, str]]:
    """What goes past the evaluation's verdict, newest first, as the interface says it beside the verdict."""
    now = timezone.now()
    return [
        {
            "id": str(row.id),
            "standing": stands_at(row, now).value,
            "sentence": overridden(row, stands_at(row, now)),
        }
        for row in evaluation.overrides.all()
    ]


def is_used(override: Override) -> bool:
    """Whether an approval rests on it: then it is part of a decision and is not taken back."""
    return override.approval_requests.filter(state="approved").exists()


def open_proposals(actor: Actor, at: datetime) -> list[Proposal]:
    """Overrides that wait for their second person, of revisions that the actor sees, newest first."""
    rows = Proposal.objects.filter(verb=VERB, confirmed_at__isnull=True, expires_at__gt=at)
    waiting = list(rows.select_related("system").order_by("-proposed_at"))
    named = visible_to(Revision.objects.filter(pk__in=[row.arguments["revision"] for row in waiting]), actor)
    seen = {str(key) for key in named.values_list("pk", flat=True)}
    return [row for row in waiting if row.arguments["revision"] in seen]


def proposals_of(revision: Revision, at: datetime) -> list[Proposal]:
    """Overrides of the revision that were proposed for its newest result and wait for a second person."""
    rows = Proposal.objects.filter(
        verb=VERB,
        confirmed_at__isnull=True,
        expires_at__gt=at,
        system=revision.release.system,
        arguments__revision=str(revision.pk),
        arguments__result_digest=newest_result(revision),
    )
    return list(rows.order_by("-proposed_at"))
