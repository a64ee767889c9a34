"""Releases on their way to approval, reached through the real services: adopted baseline, locked policy,
imported scores, a gate that passes (or does not), requests and votes."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from governance.access.models import Account
from governance.actors import task_actor
from governance.registry.models import Channel
from releases.approvals.models import ApprovalRequest, ApprovalRuleSet, Vote, VoteDecision
from releases.approvals.rules import enact_rules, propose_rules
from releases.approvals.services import cast_vote, request_approval
from releases.bundles.content import ReleaseContent, SlotInput, content_of
from releases.bundles.models import Revision
from releases.bundles.services import freeze_release
from releases.gates.models import GateEvaluation
from releases.gates.policies.services import CriterionInput, draft_policy, lock_policy
from releases.gates.runs.evaluation import request_evaluation, run_evaluation
from releases.rollouts.adoption import adopt_release, propose_adoption
from releases.scores.models import ScoreTable
from releases.scores.services import import_scores
from tests.factories.bundles import changed, complete_content, component, draft, frozen, revised, sdks
from tests.factories.cast import Cast, actor
from tests.factories.snapshot import remembered

SUBJECTS = 60
REASON = "Looked at everything on the review brief."
HEADER = ("id", "person", "instrument", "kind", "species", "value")


@dataclass(frozen=True)
class World:
    """A system with a baseline adopted on all its channels and a gate policy in force."""

    cast: Cast
    baseline: Revision

    def channels(self, *names: str) -> list[Channel]:
        """The channels of these names, or all of the system."""
        rows = self.cast.system.channels.order_by("name")
        return [self.cast.channel(name) for name in names] if names else list(rows)


@remembered
def adopted(cast: Cast, revision: Revision, channels: Iterable[Channel] | None = None) -> Revision:
    """The revision adopted by the release manager and an approver on the channels, by default its own."""
    chosen = list(revision.channels.all()) if channels is None else list(channels)
    reason = "It has served these channels since 2024."
    proposal = propose_adoption(
        actor(cast.release_manager), revision=revision, channels=chosen, reason=reason
    )
    return adopt_release(
        actor(cast.approver_two), revision=revision, channels=chosen, reason=reason, proposal=proposal.id
    )


@remembered
def world(cast: Cast) -> World:
    """The baseline is adopted and its scores are known; then the policy is locked."""
    baseline = adopted(cast, draft(cast, complete_content(cast, tag="0"), name="baseline"))
    scores_of(cast, baseline)
    policy = draft_policy(
        actor(cast.qa_lead), system=cast.system, name="liveness", criteria=criteria(baseline)
    )
    lock_policy(actor(cast.qa_lead), policy=policy)
    return World(cast, baseline)


def criteria(baseline: Revision) -> list[CriterionInput]:
    """The least that a policy must hold, in terms that a handful of subjects can meet."""
    live: dict[str, Any] = {"kind": "live", "when_no_baseline": "absolute_only"}
    pinned: dict[str, Any] = {"kind": "pinned", "release": str(baseline.release_id)}
    species = {"species": ["print"]}
    paired = {"metric": "apcer", "strata": species, "margin": 0.2, "margin_reason": "Few subjects"}
    silent = {"metric": "apnrr", "strata": species, "margin": 0.2, "margin_reason": "Few subjects"}
    specs: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("apcer", "absolute", {"metric": "apcer", "strata": species, "limit": 0.2}),
        ("apcer_live", "noninferiority", {**paired, "baseline": live}),
        ("apcer_pinned", "noninferiority", {**paired, "baseline": pinned}),
        ("silence_live", "noninferiority", {**silent, "baseline": live}),
        ("silence_pinned", "noninferiority", {**silent, "baseline": pinned}),
    )
    return [CriterionInput(key, kind, key, spec) for key, kind, spec in specs]


@remembered
def scores_of(cast: Cast, revision: Revision, *, accepted_attacks: int = 0) -> ScoreTable:
    """Scores of the revision's stack on its dataset; so many of the attacks are taken for genuine users."""
    dataset = revision.slots.get(slot="dataset").component
    report = revision.slots.get(slot="evaluation_report").component
    meta = {
        "dataset": str(dataset.id),
        "evaluation_report": str(report.id),
        "mapping": {
            "sample": "id",
            "subject": "person",
            "instrument": "instrument",
            "label": {"column": "kind", "bona_fide": ["real"]},
            "species": "species",
            "score": "value",
        },
        "polarity": "higher_is_attack",
    }
    file = io.BytesIO(gzip.compress(_table(accepted_attacks), mtime=0))
    return import_scores(actor(cast.author), system=cast.system, file=file, meta=meta)


def _table(accepted_attacks: int) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(HEADER)
    for number in range(SUBJECTS):
        writer.writerow([f"b{number}", f"p{number}", "", "real", "", "0.1"])
        value = "0.2" if number < accepted_attacks else "0.9"
        writer.writerow([f"a{number}", f"p{number}", f"i{number}", "fake", "print", value])
    return target.getvalue().encode()


@remembered
def evaluated(cast: Cast, revision: Revision) -> GateEvaluation:
    """The revision's evaluation, asked for by its author and computed as the worker does."""
    evaluation = request_evaluation(actor(cast.author), revision=revision)
    return run_evaluation(task_actor("test"), evaluation=evaluation)


def next_content(
    here: World,
    tag: str,
    rollback_plan: dict[str, Any] | None = None,
    *,
    channels: Sequence[str] = (),
    rollout_plan: dict[str, Any] | None = None,
) -> ReleaseContent:
    """The baseline's content with another model and a report of the stack that comes of it.

    The rollback plan is changed as given; other ``channels`` take SDKs of their own.
    """
    base = content_of(here.baseline)
    if channels:
        kept = tuple(slot for slot in base.slots if slot.slot != "sdk")
        touched = tuple(here.channels(*channels))
        base = replace(base, channels=touched, slots=(*kept, *sdks(here.cast, touched, f"2.4.{tag}")))
    model = SlotInput("model", component(here.cast, "model", "live", tag))
    content = changed(here.cast, base, model, tag=tag)
    return replace(
        content,
        rollback_plan={**content.rollback_plan, **(rollback_plan or {})},
        rollout_plan=rollout_plan or content.rollout_plan,
    )


@remembered
def candidate(
    here: World,
    tag: str = "1",
    *,
    accepted_attacks: int = 0,
    follows: Revision | None = None,
    draft_of: Revision | None = None,
    rollback_plan: dict[str, Any] | None = None,
    rollout_plan: dict[str, Any] | None = None,
    channels: Sequence[str] = (),
) -> Revision:
    """A frozen release ``v<tag>`` with scores and an evaluation: a pass if it accepts no attacks.

    Or a revision that ``follows`` another; or the revision that is a draft already.
    """
    if draft_of is not None:
        revision = freeze_release(actor(here.cast.author), revision=draft_of)
    elif follows is not None:
        revision = revised(here.cast, follows, next_content(here, tag))
    else:
        content = next_content(here, tag, rollback_plan, channels=channels, rollout_plan=rollout_plan)
        revision = frozen(here.cast, content, name=f"v{tag}")
    scores_of(here.cast, revision, accepted_attacks=accepted_attacks)
    evaluated(here.cast, revision)
    return Revision.objects.select_related("release__system").get(id=revision.id)


@remembered
def requested(
    here: World,
    revision: Revision,
    *channels: str,
    deadline_at: datetime | None = None,
) -> ApprovalRequest:
    """An open request for the revision, by default for all its channels."""
    chosen = here.channels(*channels) if channels else None
    return request_approval(
        actor(here.cast.author), revision=revision, channels=chosen, deadline_at=deadline_at
    )


@remembered
def voted(
    account: Account,
    request: ApprovalRequest,
    decision: str = VoteDecision.APPROVE,
    acknowledge: Sequence[str] = (),
) -> Vote:
    """The account's vote, with a session proved just now."""
    return cast_vote(
        actor(account), request=request, decision=decision, reason=REASON, acknowledge=acknowledge
    )


@remembered
def approved(here: World, tag: str = "1", *channels: str) -> Revision:
    """A release ``v<tag>`` approved by one approver, by default for all its channels."""
    revision = candidate(here, tag)
    voted(here.cast.approver, requested(here, revision, *channels))
    return Revision.objects.select_related("release__system").get(id=revision.id)


@remembered
def enacted(cast: Cast, *rules: dict[str, Any]) -> ApprovalRuleSet:
    """The rules in force, by both administrators."""
    reason = "Agreed in the review board."
    proposal = propose_rules(actor(cast.admin), system=cast.system, rules=list(rules), reason=reason)
    return enact_rules(
        actor(cast.admin_two), system=cast.system, rules=list(rules), reason=reason, proposal=proposal.id
    )


APPROVER = {"key": "approvers", "title": "Approver", "role": "approver"}
SECURITY_PER_CHANNEL = {
    "key": "security",
    "title": "Security review",
    "role": "security_reviewer",
    "coverage": "channel",
}
"""Security review on every channel touched, by people of the role there or on the whole system."""
