"""The review brief: the page on which an approver decides."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from audits.pages.attestations import attestation_rows
from audits.pages.changes import comparisons
from audits.pages.doubts import doubts_of
from audits.pages.evidence import decides, lines_of, worst_first
from audits.pages.findings import Finding, finding_of
from audits.pages.forest import difference_forest, rate_forest, unit_forests
from audits.pages.frame import draw, visible_revision
from audits.pages.mini import WorstPicture, worst_picture
from audits.pages.overrides import Shown, override_offers, override_shown, waiting_overrides
from audits.pages.pictures import pictures_of
from audits.pages.plans import card_rows, plan_rows, stage_rows
from audits.pages.seating import Seating, foreseen, seating_of
from audits.pages.standing import listed
from audits.pages.weighing import Weighed, weighed
from governance.access.admin_base import Offer, admin_url
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.ledger.queries import entry_of
from governance.registry.models import System
from releases.approvals.models import ApprovalRequest, RequestState, VoteDecision
from releases.approvals.queries import effective_state, warnings_of
from releases.bundles.differences import ChannelDifference, difference_by_channel
from releases.bundles.models import Release, Revision
from releases.gates.models import GateEvaluation, GatePolicy
from releases.gates.policies.policy_page import comparison_url

BUTTONS = (
    ("reject", "Reject", "cancel"),
    ("request_changes", "Request changes", "edit"),
    ("approve", "Approve", "check"),
)
VERDICTS = {"fail": 0, "inconclusive": 1, "pass": 2}


def brief(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The brief of one revision."""
    revision = visible_revision(request, pk)
    actor = actor_from(request)
    asked = newest_request(revision)
    shown = weighed(revision, asked)
    evaluation = shown.evaluation
    found = finding_of(revision.release.name, evaluation)
    seating = seating_of(actor, asked) if asked else None
    differences = _differences(revision, seating)
    context = {
        "revision": revision,
        "release": revision.release,
        "release_url": f"{admin_url(Release, 'change', revision.release_id)}?revision={revision.number}",
        "evaluation": evaluation,
        "finding": found,
        "seating": seating,
        "foreseen": foreseen(actor, revision) if evaluation and asked is None else None,
        "comparisons": comparisons(revision, differences),
        "one_step": one_step(revision, differences),
        "is_drill": any(one.channel.drill for one in differences),
        "card": card_rows(revision),
        "plan": plan_rows(revision),
        "stages": stage_rows(revision),
        "reviews": attestation_rows(actor, revision, [evaluation] if evaluation else []),
        "overtaken": shown,
        **_deciding(actor, revision, shown, seating, found),
        **evidence_context(evaluation, found, revision, asked),
    }
    system = revision.release.system
    crumbs = [("Inbox", reverse("admin:index")), (str(system), admin_url(System, "change", system.pk))]
    crumbs.append((revision.release.name, ""))
    return draw(
        request, "countersign/brief.html", context, title=f"Review of {revision.release}", crumbs=crumbs
    )


def _deciding(
    actor: Actor,
    revision: Revision,
    shown: Weighed,
    seating: Seating | None,
    found: Finding,
) -> dict[str, Any]:
    """What the reader may do: vote on an open request; else let it past a gate that is not passed."""
    opened = seating if seating is not None and seating.is_open else None
    past = override_shown(revision, opened.request.override if opened else None)
    return {
        "override": past,
        "proposed": [] if opened else waiting_overrides(actor, revision),
        "offers": vote_offers(opened, found, past)
        if opened
        else override_offers(actor, revision, shown.evaluation, past),
        "say": say_of(seating, found, past, shown.overtaken),
    }


def _differences(revision: Revision, seating: Seating | None) -> list[ChannelDifference]:
    """What changes, on the channels that an open request asks for, else on all that the revision touches."""
    found = difference_by_channel(revision).values()
    if seating is None or not seating.is_open:
        return list(found)
    return [one for one in found if one.channel.name in seating.channels]


def one_step(revision: Revision, differences: Sequence[ChannelDifference]) -> str:
    """Where nothing is live nobody could answer beside the candidate, so the stages are skipped there."""
    names = sorted(one.channel.name for one in differences if one.baseline is None)
    if not names or revision.adopted or len(revision.rollout_plan.get("stages", [])) < 2:
        return ""
    return (
        f"Nothing is live on {listed(names)}: a rollout there takes one step, to its last stage at once. "
        "The stages before it are skipped."
    )


def requests_of(revision: Revision) -> QuerySet[ApprovalRequest]:
    """The revision's requests, newest first.

    Whoever may read the revision reads all of them, also those for other channels: a release that touches a
    reader's channel is read whole, and a page that left some out would say what is not so. What is to be done
    about them is another matter: see ``Seating.elsewhere``.
    """
    return (
        ApprovalRequest.objects.filter(revision=revision)
        .select_related(
            "release__system",
            "revision__release__system",
            "evaluation__policy",
            "override__release__system",
            "override__revision",
            "override__evaluation",
            "system",
        )
        .prefetch_related("channel_rows__channel", "votes")
        .order_by("-requested_at")
    )


def newest_request(revision: Revision) -> ApprovalRequest | None:
    """The request a page is about: the open one, else the newest."""
    rows = list(requests_of(revision))
    opened = [row for row in rows if effective_state(row, timezone.now()) is RequestState.OPEN]
    return next(iter(opened or rows), None)


def evidence_context(
    evaluation: GateEvaluation | None, found: Finding, revision: Revision, asked: ApprovalRequest | None
) -> dict[str, Any]:
    """Everything about the numbers; nothing where there is no completed evaluation."""
    if evaluation is None or found.verdict in {"requested", "error", "none"}:
        return {"picture": None}
    lines = lines_of(evaluation.result)
    picture: WorstPicture | None = worst_picture(found.worst)
    criteria = sorted(evaluation.result.get("criteria", []), key=lambda one: VERDICTS.get(one["verdict"], 3))
    return {
        "picture": picture,
        "differences": difference_forest(lines),
        "rates": rate_forest(lines),
        "unit_panels": unit_forests(lines),
        "pictures": pictures_of(evaluation, revision.release.name, lines, found.worst),
        "criteria": [{**one, "decides": decides(one), "look": _look(one)} for one in criteria],
        "doubts": doubts_of(
            evaluation,
            found,
            revoked_of(revision),
            warnings_of(asked) if asked else (),
            former_policies(evaluation),
        ),
        "evidence": worst_first(lines),
        "inputs": evaluation.result.get("inputs", {}),
        "policy_entry": entry_of(evaluation.policy.stream(), "gate_policy.locked")
        if evaluation.policy
        else None,
        "evaluation_entry": entry_of(evaluation.stream(), "gate_evaluation.completed"),
    }


def _look(criterion: dict[str, Any]) -> str:
    return {"fail": "fail", "inconclusive": "inc", "pass": "pass"}[criterion["verdict"]]


def revoked_of(revision: Revision) -> list[str]:
    """Components of the revision that were revoked since."""
    return [str(slot.component) for slot in revision.slots.all() if slot.component.status == "revoked"]


def former_policies(evaluation: GateEvaluation) -> dict[str, str]:
    """Other policies that judged earlier runs of the line, by name, each compared with that of this run."""
    now = evaluation.policy
    digests = {run["policy_digest"] for run in evaluation.inputs.get("earlier_runs", ())}
    if now is None or not digests - {now.digest, ""}:
        return {}
    rows = GatePolicy.objects.filter(system=now.system_id, digest__in=digests).exclude(pk=now.pk)
    return {str(row): comparison_url(now, row) for row in rows.order_by("locked_at")}


def vote_url(revision: Revision, decision: str) -> str:
    """Where a vote of this kind is cast."""
    return reverse("admin:review_vote", args=[revision.pk, decision.replace("_", "-")])


def vote_offers(seating: Seating, found: Finding, past: Shown | None) -> tuple[Offer, ...]:
    """Reject, ask for changes, approve; the one that the gate's answer suggests stands out, and none past an
    override, which is the voter's to weigh."""
    unless_past = "" if past and past.is_in_force else "request_changes"
    suggests = "approve" if found.verdict == "pass" else unless_past
    if seating.elsewhere:
        return ()
    looks = {"reject": "cs-dan", suggests: "cs-pri"}
    revision = seating.request.revision
    return tuple(
        Offer(label, vote_url(revision, key), icon, looks.get(key, ""), seating.refusals[key])
        for key, label, icon in BUTTONS
    )


def say_of(
    seating: Seating | None, found: Finding, past: Shown | None, overtaken: str = ""
) -> tuple[str, str]:
    """The bar's words: which seat is the reader's, and what is in the way."""
    if (seating is None or not seating.is_open) and past is not None and past.is_in_force:
        return "The gate is overridden.", "Approval can be requested on the release page."
    if seating is None:
        if found.verdict == "pass":
            return "No request for approval yet.", "Once it is asked for, the seats are shown here."
        return "No request for approval.", "A gate that is not passed goes to approval only past an override."
    if not seating.is_open:
        state = seating.state.label.lower()
        return f"This request is {state}.", seating.request.closing_reason
    if seating.elsewhere:
        others = listed(seating.channels)
        return f"A request for other channels is open: {others}.", "You read it; others vote."
    return _vote_said(seating, overtaken)


def _vote_said(seating: Seating, overtaken: str) -> tuple[str, str]:
    """Whose vote it is. Who may reject has a vote, also where nobody can approve any more."""
    locked = seating.refusals[VoteDecision.APPROVE]
    if seating.refusals[VoteDecision.REJECT]:
        return "Not your vote.", locked
    yours = f"You vote for: {', '.join(seating.yours) or 'a seat'}."
    if locked:
        return (yours if seating.yours else "You may still say no."), f"Approve is locked: {locked}"
    if overtaken:
        return yours, "Your vote is about the result that the request was made on, not about the newest."
    return yours, "Your vote binds to exactly what this page shows."
