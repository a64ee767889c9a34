"""Releases as plain values, as the interface answers them."""

from collections.abc import Iterable, Sequence
from typing import Any

from releases.bundles.differences import ChannelDifference, all_categories, differences_of
from releases.bundles.guarding import guards
from releases.bundles.models import Release, Revision
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
        "has_guarded_stage": guards(revision.rollout_plan),
        "stack_digest": revision.stack_digest,
        "manifest_digest": revision.manifest_digest or None,
        "adopted": revision.adopted,
        "drafted_at": revision.drafted_at,
        "frozen_at": revision.frozen_at,
        "frozen_by": revision.frozen_by_username or None,
        "deployments": list(release.deployments.all()),
        "categories": all_categories(differences),
    }
