"""One decision traced back: which model and threshold made it, which evaluation and votes stand behind it,
which stage and arm it fell into (S21, S22, S24). A fixed number of queries, and nothing is changed.
"""

from collections.abc import Sequence

from audits.trace.evidence import entries_behind, gate_of, sealed_steps, votes_of
from audits.trace.facts import Placed, Sdk, Trace, Untimely
from audits.trace.sdks import is_of_release
from audits.trace.timeliness import named, untimely
from governance.registry.models import ComponentVersion
from releases.approvals.models import Approval
from releases.bundles.arms import Arm, arm_of, position
from releases.bundles.models import Revision, Slot
from releases.bundles.queries import assignments_at
from releases.gates.models import GateEvaluation
from releases.monitoring.decisions.models import Decision
from releases.monitoring.replaying.queries import replay_of
from releases.monitoring.replaying.replay import Replay
from releases.monitoring.replaying.replayer import UNKNOWN_STAMP
from releases.rollouts.models import Deployment


def trace_decision(decision: Decision) -> Trace:
    """Everything on record behind a decision from :func:`traced_decisions`."""
    revision = decision.revision
    slots = _slots(revision)
    placed = _placed(decision)
    deployment, later = _deployments(decision, placed)
    approval = deployment.approval if deployment else None
    evaluation = _evaluation(decision, approval)
    # What was recorded after the decision is no evidence for it.
    entries = [one for one in entries_behind(revision, evaluation, approval) if one.at <= decision.at]
    wrong_time = untimely(decision, deployment, later)
    replayed = (
        replay_of(decision, slots, decision.channel.system) if revision else Replay(problem=UNKNOWN_STAMP)
    )
    return Trace(
        decision=decision,
        revision=revision,
        slots=tuple(slots),
        sdk=_sdk(decision, slots),
        replay=replayed,
        policy=_policy(slots, replayed),
        gate=gate_of(evaluation, entries, approval),
        deployment=deployment,
        votes=votes_of(approval, entries),
        placed=placed,
        sealed=sealed_steps(
            entries,
            decision,
            evaluation=evaluation,
            approval=approval,
            deployment=deployment,
            assignment=placed.assignment if placed else None,
        ),
        untimely=wrong_time,
        notes=_notes(decision, placed, deployment, wrong_time),
    )


def _slots(revision: Revision | None) -> list[Slot]:
    if revision is None:
        return []
    rows = Slot.objects.filter(revision=revision).select_related("component", "channel")
    return list(rows.order_by("slot", "channel__name", "role"))


def _placed(decision: Decision) -> Placed | None:
    """Stage and arm from what was assigned at that moment; None where nothing was live."""
    assignment = assignments_at(decision.at).filter(channel=decision.channel_id).first()
    if assignment is None:
        return None
    arm = arm_of(assignment, decision.subject)
    expected = assignment.answering(arm)
    return Placed(
        assignment=assignment,
        stage=assignment.stage,
        arm=arm,
        u=position(assignment.salt, decision.subject) if assignment.salt else None,
        expected=expected,
        as_expected=decision.revision_id == expected.id,
    )


def _deployments(decision: Decision, placed: Placed | None) -> tuple[Deployment | None, Deployment | None]:
    """By which deployment the revision came to answer on the channel: the one assigned then, else the last
    that had started. Where none had, the first that started later, which is no evidence."""
    if decision.revision_id is None:
        return None, None
    rows = Deployment.objects.filter(revision=decision.revision_id, channel=decision.channel_id)
    found = list(
        rows.select_related(
            "revision__release",
            "rollback",
            "approval__request__evaluation__policy",
            "approval__request__override",
        )
        .prefetch_related("approval__request__votes")
        .order_by("-started_at", "-id")
    )
    assigned = placed.assignment.deployment_id if placed else None
    earlier = [one for one in found if one.started_at <= decision.at]
    by_then = next((one for one in earlier if one.id == assigned), next(iter(earlier), None))
    return by_then, found[-1] if found and by_then is None else None


def _evaluation(decision: Decision, approval: Approval | None) -> GateEvaluation | None:
    """The evaluation that was approved; of a release without an approval, the newest that had ended then."""
    if approval is not None:
        return approval.request.evaluation
    if decision.revision is None or decision.revision.adopted:
        return None
    ended = GateEvaluation.objects.filter(revision=decision.revision, ended_at__lte=decision.at)
    return ended.select_related("policy").order_by("-ended_at", "-id").first()


def _sdk(decision: Decision, slots: Sequence[Slot]) -> Sdk:
    own = next(
        (one.component for one in slots if one.slot == "sdk" and one.channel_id == decision.channel_id), None
    )
    if not decision.sdk or decision.revision_id is None:
        return Sdk(own, decision.sdk, None)
    return Sdk(own, decision.sdk, not is_of_release(decision.sdk, own))


def _policy(slots: Sequence[Slot], replayed: Replay) -> ComponentVersion | None:
    """The threshold policy with the band that decided; the only one, where nothing could be recomputed."""
    policies = [one.component for one in slots if one.slot == "threshold_policy"]
    if replayed.fits is not None:
        cuts = (replayed.fits.accept, replayed.fits.retry)
        holding = [
            policy
            for policy in policies
            if cuts in [(band["accept"], band.get("retry")) for band in policy.attributes["bands"]]
        ]
        return next(iter(holding), None)
    return policies[0] if len(policies) == 1 else None


def _notes(
    decision: Decision, placed: Placed | None, deployment: Deployment | None, wrong_time: Untimely | None
) -> tuple[str, ...]:
    """What is missing or does not fit, most serious first."""
    revision = decision.revision
    notes = [wrong_time.sentence] if wrong_time is not None else []
    if revision is None:
        notes.append(
            "The stamp is the digest of no release of this system: which model and threshold decided is "
            "not on record."
        )
        if placed is not None:
            notes.append(f"At that time {named(placed.expected)} was to answer this subject.")
    elif revision.adopted:
        notes.append(
            f"{revision.release.name} was adopted: no gate and no approval stand behind it, only the "
            "decision of two people to go on with what served already."
        )
    elif deployment is not None and deployment.approval is None:
        notes.append("No approval covers this deployment.")
    if placed is None:
        notes.append(f"Nothing on record was live on {decision.channel} at that time.")
    elif revision is not None and not placed.as_expected:
        notes.append(_misplaced(placed))
    return tuple(notes)


def _misplaced(placed: Placed) -> str:
    if not placed.has_arms:
        return f"{named(placed.expected)} was to answer this subject at that time."
    arm = "the group outside both arms" if placed.arm is Arm.STABLE else f"the {placed.arm.value} arm"
    return f"At that time {arm} was to be answered by {named(placed.expected)}."
