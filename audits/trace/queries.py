"""One decision traced back: which model and threshold made it, which evaluation and votes stand behind it,
which stage and arm it fell into (S21, S22, S24). A fixed number of queries, and nothing is changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from audits.trace.bands import bands_of_policies
from audits.trace.evidence import entries_behind, gate_of, sealed_steps, votes_of
from audits.trace.facts import Moment, Placed, Sdk, Trace
from audits.trace.sdks import is_of_release
from audits.trace.timeliness import named, untimely
from governance.registry.models import Channel, ComponentVersion
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

NOT_REPORTED = "was not reported, so there are no scores to recompute it from."
NEAR = timedelta(minutes=5)
"""Decisions so near to a moment that is asked about are shown beside it."""
MOST_NEAR = 20
EARLIEST = datetime.min.replace(tzinfo=UTC)


def trace_decision(decision: Decision) -> Trace:
    """Everything on record behind a decision from :func:`traced_decisions`."""
    moment = Moment(decision.channel, decision.at, decision.subject, decision.revision)
    return _trace(moment, _placed(moment), decision)


def trace_moment(channel: Channel, at: datetime, subject: str) -> Trace:
    """What was to decide about the subject on the channel at that time, whether it was reported or not.

    The arm is a function of the salt and of the subject's pseudonym, so it is known without any report. The
    channel comes with its system.
    """
    asked = Moment(channel, at, subject, None)
    placed = _placed(asked)
    if placed is None:
        return _trace(asked, None, None)
    return _trace(replace(asked, revision=placed.expected), replace(placed, as_expected=True), None)


def reported_near(moment: Moment) -> list[Decision]:
    """Decisions about the subject that were reported there within minutes of the moment, the oldest first."""
    rows = Decision.objects.filter(
        channel=moment.channel_id,
        subject=moment.subject,
        at__gte=max(moment.at, EARLIEST + NEAR) - NEAR,
        at__lte=moment.at + NEAR,
    )
    return list(rows.order_by("at", "id")[:MOST_NEAR])


def _trace(moment: Moment, placed: Placed | None, decision: Decision | None) -> Trace:
    slots = _slots(moment.revision)
    deployment, later = _deployments(moment, placed)
    approval = deployment.approval if deployment else None
    evaluation = _evaluation(moment, approval)
    # What was recorded afterwards is no evidence for it.
    entries = [one for one in entries_behind(moment.revision, evaluation, approval) if one.at <= moment.at]
    wrong_time = untimely(moment, deployment, later)
    replayed = _replayed(moment, slots, decision)
    policies = [one.component for one in slots if one.slot == "threshold_policy"]
    return Trace(
        moment=moment,
        decision=decision,
        revision=moment.revision,
        slots=tuple(slots),
        sdk=_sdk(moment, slots, decision.sdk if decision else ""),
        replay=replayed,
        policy=_policy(policies, replayed),
        bands=bands_of_policies(policies, moment.channel.name),
        gate=gate_of(evaluation, entries, approval),
        deployment=deployment,
        votes=votes_of(approval, entries),
        placed=placed,
        sealed=sealed_steps(
            entries,
            moment,
            evaluation=evaluation,
            approval=approval,
            deployment=deployment,
            assignment=placed.assignment if placed else None,
            reported=decision.batch if decision else None,
        ),
        untimely=wrong_time,
        notes=(
            *([wrong_time.sentence] if wrong_time else ()),
            *_unknown(moment, placed, decision),
            *_notes(moment, placed, deployment),
        ),
    )


def _replayed(moment: Moment, slots: Sequence[Slot], decision: Decision | None) -> Replay:
    if decision is None:
        return Replay(problem=NOT_REPORTED)
    if moment.revision is None:
        return Replay(problem=UNKNOWN_STAMP)
    return replay_of(decision, slots, moment.channel.system)


def _slots(revision: Revision | None) -> list[Slot]:
    if revision is None:
        return []
    rows = Slot.objects.filter(revision=revision).select_related("component", "channel")
    return list(rows.order_by("slot", "channel__name", "role"))


def _placed(moment: Moment) -> Placed | None:
    """Stage and arm from what was assigned at that moment; None where nothing was live."""
    assignment = assignments_at(moment.at).filter(channel=moment.channel_id).first()
    if assignment is None:
        return None
    arm = arm_of(assignment, moment.subject)
    expected = assignment.answering(arm)
    return Placed(
        assignment=assignment,
        stage=assignment.stage,
        arm=arm,
        u=position(assignment.salt, moment.subject) if assignment.salt else None,
        expected=expected,
        as_expected=moment.revision_id == expected.id,
    )


def _deployments(moment: Moment, placed: Placed | None) -> tuple[Deployment | None, Deployment | None]:
    """By which deployment the revision came to answer on the channel: the one assigned then, else the last
    that had started. Where none had, the first that started later, which is no evidence."""
    if moment.revision_id is None:
        return None, None
    rows = Deployment.objects.filter(revision=moment.revision_id, channel=moment.channel_id)
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
    earlier = [one for one in found if one.started_at <= moment.at]
    by_then = next((one for one in earlier if one.id == assigned), next(iter(earlier), None))
    return by_then, found[-1] if found and by_then is None else None


def _evaluation(moment: Moment, approval: Approval | None) -> GateEvaluation | None:
    """The evaluation that was approved; of a release without an approval, the newest that had ended then."""
    if approval is not None:
        return approval.request.evaluation
    if moment.revision is None or moment.revision.adopted:
        return None
    ended = GateEvaluation.objects.filter(revision=moment.revision, ended_at__lte=moment.at)
    return ended.select_related("policy").order_by("-ended_at", "-id").first()


def _sdk(moment: Moment, slots: Sequence[Slot], reported: str) -> Sdk:
    own = next(
        (one.component for one in slots if one.slot == "sdk" and one.channel_id == moment.channel_id), None
    )
    if not reported or moment.revision_id is None:
        return Sdk(own, reported, None)
    return Sdk(own, reported, not is_of_release(reported, own))


def _policy(policies: Sequence[ComponentVersion], replayed: Replay) -> ComponentVersion | None:
    """The threshold policy with the band that decided; the only one, where nothing could be recomputed."""
    if replayed.fits is not None:
        cuts = (replayed.fits.accept, replayed.fits.retry)
        holding = [
            policy
            for policy in policies
            if cuts in [(band["accept"], band.get("retry")) for band in policy.attributes["bands"]]
        ]
        return next(iter(holding), None)
    return policies[0] if len(policies) == 1 else None


def _notes(moment: Moment, placed: Placed | None, deployment: Deployment | None) -> Iterator[str]:
    """What is missing of the release or does not fit, most serious first."""
    revision = moment.revision
    if revision is not None and revision.adopted:
        yield (
            f"{revision.release.name} was adopted: no gate and no approval stand behind it, only the "
            "decision of two people to go on with what served already."
        )
    elif deployment is not None and deployment.approval is None:
        yield "No approval covers this deployment."
    if placed is None:
        yield f"Nothing on record was live on {moment.channel} at that time."
    elif revision is not None and not placed.as_expected:
        yield _misplaced(placed)


def _unknown(moment: Moment, placed: Placed | None, decision: Decision | None) -> Iterator[str]:
    """What is said of a stamp that is nobody's."""
    if decision is None or moment.revision is not None:
        return
    yield (
        "The stamp is the digest of no release of this system: which model and threshold decided is "
        "not on record."
    )
    if placed is not None:
        yield f"At that time {named(placed.expected)} was to answer this subject."


def _misplaced(placed: Placed) -> str:
    if not placed.has_arms:
        return f"{named(placed.expected)} was to answer this subject at that time."
    arm = "the group outside both arms" if placed.arm is Arm.STABLE else f"the {placed.arm.value} arm"
    return f"At that time {arm} was to be answered by {named(placed.expected)}."
