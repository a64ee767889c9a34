"""A trace as the interface answers it."""

from typing import Any

from django.urls import reverse

from audits.trace.facts import Gate, Placed, Sdk, Trace, VoteCast, index_of
from governance.ledger.models import Entry
from governance.registry.models import ComponentVersion
from releases.bundles.models import Revision
from releases.monitoring.replaying.replay import Replay
from releases.scores.bands import Band


def trace_document(trace: Trace) -> dict[str, Any]:
    """S21, S22 and S24 in one answer."""
    of = {name: [one.component for one in trace.slots if one.slot == name] for name in ("model", "fusion")}
    return {
        "decision": _asked(trace),
        "release": _release(trace),
        "models": [_component(one) for one in of["model"]],
        "fusion": next((_component(one) for one in of["fusion"]), None),
        "threshold_policy": _policy(trace),
        "threshold_policies": [
            _with_bands(trace, one.component) for one in trace.slots if one.slot == "threshold_policy"
        ],
        "sdk": _sdk(trace.sdk),
        "evaluation": _gate(trace.gate),
        "votes": [_vote(vote) for vote in trace.votes],
        "stage": _placed(trace.placed),
        "replay": _replay(trace.replay),
        "ledger": [
            {
                "step": one.key,
                "title": one.title,
                "entry": one.entry.id,
                "index": index_of(one.entry),
                "at": one.entry.at,
                "proof": proof_address(one.entry),
            }
            for one in trace.sealed
        ],
        "untimely": list(trace.untimely.codes) if trace.untimely else [],
        "notes": list(trace.notes),
    }


def _asked(trace: Trace) -> dict[str, Any]:
    """The decision as it was reported; of one that was not, only what was asked about."""
    moment, decision = trace.moment, trace.decision
    where = {"channel_name": moment.channel.name, "system": moment.channel.system.slug}
    if decision is None:
        asked = {"id": None, "channel": moment.channel_id, "at": moment.at, "subject": moment.subject}
        return {**asked, **where, "reported": False}
    return {**decision.document(), **where, "received_at": decision.received_at, "reported": True}


def proof_address(entry: Entry | None) -> str | None:
    """Where the entry's place in the signed tree is proved; None while it has none."""
    if entry is None or index_of(entry) is None:
        return None
    return f"{reverse('ledger-inclusion')}?entry={entry.pk}"


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "id": revision.release_id,
        "name": revision.release.name,
        "revision": revision.number,
        "revision_id": revision.id,
        "manifest_digest": revision.manifest_digest,
        "adopted": revision.adopted,
    }


def _release(trace: Trace) -> dict[str, Any] | None:
    if trace.revision is None:
        return None
    deployment = trace.deployment
    return {
        **_revision(trace.revision),
        "stack_digest": trace.revision.stack_digest,
        "frozen_at": trace.revision.frozen_at,
        "deployment": deployment.id if deployment else None,
        "approval": deployment.approval_id if deployment else None,
        "started_at": deployment.started_at if deployment else None,
        "started_by": deployment.started_by_username if deployment else None,
    }


def _component(component: ComponentVersion) -> dict[str, Any]:
    return {
        "id": component.id,
        "name": str(component),
        "digest": component.digest,
        "digest_kind": component.digest_kind,
        "status": component.status,
    }


def band_document(band: Band | None) -> dict[str, Any] | None:
    """The band that decided, with its numbers and its conditions."""
    if band is None:
        return None
    return {
        "accept": band.accept,
        "retry": band.retry,
        "use_case": band.use_case,
        "channel": band.channel,
        "by_segment": band.segment is not None,
    }


def _policy(trace: Trace) -> dict[str, Any] | None:
    if trace.policy is None:
        return None
    return {**_with_bands(trace, trace.policy), "band": band_document(trace.replay.fits)}


def _with_bands(trace: Trace, policy: ComponentVersion) -> dict[str, Any]:
    """A threshold policy with the bands of it that may decide there."""
    return {
        **_component(policy),
        "polarity": policy.attributes["polarity"],
        "at_threshold": policy.attributes["at_threshold"],
        "bands": [row.document() for row in trace.bands if row.policy == policy],
    }


def _sdk(sdk: Sdk) -> dict[str, Any]:
    return {
        "of_release": _component(sdk.of_release) if sdk.of_release else None,
        "reported": sdk.reported or None,
        "sdk_not_of_release": sdk.not_of_release,
    }


def _gate(gate: Gate | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    evaluation = gate.evaluation
    return {
        "id": evaluation.id,
        "status": evaluation.status,
        "policy": str(evaluation.policy) if evaluation.policy else None,
        "verdict": evaluation.verdict or None,
        "result_digest": evaluation.result_digest or None,
        "sentence": evaluation.result.get("sentence", ""),
        "override": _override(gate),
        "lines_passed": gate.passed,
        "lines": gate.total,
        "worst_line": gate.worst,
        "ledger_index": index_of(gate.entry),
    }


def _override(gate: Gate) -> dict[str, Any] | None:
    """What let the release past a gate that it had not passed."""
    override = gate.override
    if override is None:
        return None
    return {
        "id": override.id,
        "sentence": gate.past,
        "criteria": override.criteria,
        "expedite": override.expedite,
        "reason": override.reason,
        "given_at": override.given_at,
        "given_by": override.given_by_username,
        "confirmed_by": override.confirmed_by_username or None,
        "expires_at": override.expires_at,
    }


def _vote(vote: VoteCast) -> dict[str, Any]:
    return {
        "seat": vote.seat or None,
        "role": vote.role,
        "voter": vote.username,
        "decision": vote.decision,
        "at": vote.at,
        "strength": vote.strength,
        "reason": vote.reason,
        "ledger_index": index_of(vote.entry),
    }


def _placed(placed: Placed | None) -> dict[str, Any] | None:
    if placed is None:
        return None
    assignment = placed.assignment
    return {
        "stage": placed.stage,
        "stage_number": assignment.stage_number,
        "since": assignment.serves,
        "rollout": assignment.deployment_id,
        "treatment_share": assignment.treatment_share,
        "control_share": assignment.control_share,
        "u": placed.u,
        "arm": placed.arm.value,
        "expected": _revision(placed.expected),
        "as_expected": placed.as_expected,
        "ledger_index": index_of(assignment.entry),
    }


def _replay(replay: Replay) -> dict[str, Any]:
    return {
        "same_outcome": replay.same,
        "score": replay.score,
        "band": replay.band or None,
        "outcome": replay.outcome or None,
        "difference": replay.difference or None,
        "problem": replay.problem or None,
    }
