"""Releases and what is live as plain values, as the interface answers them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from governance.registry.models import Channel
from releases.bundles.differences import ChannelDifference, all_categories, differences_of
from releases.bundles.documents import has_guarded_stage
from releases.bundles.models import Assignment, Release, Revision
from releases.bundles.queries import newest_revisions


def etag(revision: Revision) -> str:
    """Names the revision's content: every edit and freezing change it."""
    return f'"{revision.id}-{revision.edits}"'


def release_answers(releases: Sequence[Release]) -> list[dict[str, Any]]:
    """The releases with their newest revisions, in a fixed number of queries; they carry deployments."""
    newest = list(newest_revisions(releases))
    differences = differences_of(newest)
    by_release = {revision.release_id: revision for revision in newest}
    return [
        release_answer(release, revision, differences[revision.id].values())
        for release in releases
        for revision in [by_release[release.id]]
    ]


def release_answer(
    release: Release, revision: Revision, differences: Iterable[ChannelDifference]
) -> dict[str, Any]:
    """A release with one revision; ``differences`` are those of that revision."""
    return {
        "id": release.id,
        "system": release.system_id,
        "name": release.name,
        "owner": release.owner_username,
        "created_at": release.created_at,
        "copied_from": release.copied_from_id,
        "revision": revision.number,
        "revision_id": revision.id,
        "state": revision.state,
        "channels": [row.channel_id for row in revision.channel_rows.all()],
        "slots": [
            {
                "slot": slot.slot,
                "channel": slot.channel_id,
                "role": slot.role or None,
                "component": slot.component_id,
            }
            for slot in revision.slots.all()
        ],
        "card": revision.card,
        "rollout_plan": revision.rollout_plan,
        "rollback_plan": revision.rollback_plan,
        "has_guarded_stage": has_guarded_stage(revision.rollout_plan),
        "stack_digest": revision.stack_digest,
        "manifest_digest": revision.manifest_digest or None,
        "adopted": revision.adopted,
        "drafted_at": revision.drafted_at,
        "frozen_at": revision.frozen_at,
        "frozen_by": revision.frozen_by_username or None,
        "deployments": list(release.deployments.all()),
        "categories": all_categories(differences),
    }


LIVE = (
    "live",
    "release",
    "revision",
    "revision_id",
    "manifest_digest",
    "stage",
    "since",
    "ledger_index",
    "adopted",
)
"""What is null where nothing is live."""


def live_answer(channel: Channel, at: datetime, assignment: Assignment | None) -> dict[str, Any]:
    """What answers on the channel at ``at``."""
    if assignment is None:
        sentence = f"Nothing that is on record was live on {channel} at that time."
        nothing = dict.fromkeys(LIVE)
        return {**nothing, "channel": channel.id, "at": at, "sentence": sentence, "arms": []}
    stable = assignment.stable
    leaf = getattr(assignment.entry, "leaf", None)
    name = f"{stable.release.name} revision {stable.number}"
    adopted = " It was adopted: no gate and no approval stand behind it." if stable.adopted else ""
    return {
        "channel": channel.id,
        "at": at,
        "live": name,
        "sentence": f"{name} answers on {channel}, stage {assignment.stage}.{adopted}",
        "release": stable.release_id,
        "revision": stable.number,
        "revision_id": stable.id,
        "manifest_digest": stable.manifest_digest,
        "stage": assignment.stage,
        "arms": _arms(assignment),
        "since": assignment.period.lower,
        "ledger_index": leaf.index if leaf is not None else None,
        "adopted": stable.adopted,
    }


def _arms(assignment: Assignment) -> list[dict[str, Any]]:
    """The arms with their shares; the control arm and everybody else are answered by the stable release."""
    shares = [("stable", 1 - assignment.treatment_share - assignment.control_share, assignment.stable)]
    if assignment.candidate is not None:
        shares += [
            ("candidate", assignment.treatment_share, assignment.candidate),
            ("control", assignment.control_share, assignment.stable),
        ]
    return [
        {
            "arm": arm,
            "share": share,
            "release": revision.release_id,
            "revision": revision.number,
            "manifest_digest": revision.manifest_digest,
        }
        for arm, share, revision in shares
    ]
