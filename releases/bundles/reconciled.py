"""What entries say of releases, their revisions and contents, and of what serves a channel."""

from typing import Any

from governance.ledger.canonical import digest_of
from governance.ledger.reconciling.declared import (
    Listed,
    Reconciled,
    ReconciledList,
    Rows,
    Said,
    Told,
    const,
    find,
    has,
    maybe,
    of_former,
)
from releases.bundles.documents import DOCUMENTS
from releases.bundles.models import Assignment, Release, Revision, RevisionChannel, Slot

SNAPSHOTS = ("release.drafted", "release.edited", "release.revised", "release.frozen")
REVIEWS = (
    "approval.requested",
    "approval_request.withdrawn",
    "approval_request.expired",
    "release.approved",
    "release.rejected",
    "release.changes_requested",
)
"""Events in a release's stream that say what a request, or its end, made of the revision."""

FROZEN: Rows = {"frozen_at": "@at", "frozen_by_username": "@actor", "state_changed_at": "@at"}


def was_draft(said: Said) -> bool:
    """Whether the entry found a draft."""
    return bool(find(said.before, "state") == "draft")


def review_moved(said: Said) -> bool:
    """Whether the request, or its end, changed the revision's state."""
    return bool(find(said.after, "revision_state.before") != find(said.after, "revision_state.after"))


def previous_moved(said: Said) -> bool:
    """Whether a new revision took the one before it out of its review."""
    return bool(find(said.before, "state") != find(said.after, "previous.state"))


def length(value: Any) -> int:
    """How many there are."""
    return len(value)


RELEASES = Reconciled(
    Release,
    told=(
        Told(
            ("release.drafted",),
            {
                "system_id": "system",
                "name": "name",
                "owner_id": "@actor_id",
                "owner_username": "@actor",
                "copied_from_id": "copied_from",
                "created_at": "@at",
            },
            is_first=True,
        ),
    ),
)

REVISIONS = Reconciled(
    Revision,
    told=(
        Told(
            SNAPSHOTS,
            {
                "number": "number",
                "state": "state",
                "edits": "edits",
                "stack_digest": "stack_digest",
                "manifest_digest": "manifest_digest",
                **{name: name for name in DOCUMENTS},
            },
            row="revision",
        ),
        Told(
            ("release.drafted", "release.revised"),
            {
                "adopted": const(False),
                "drafted_at": "@at",
                "frozen_at": const(None),
                "frozen_by_username": const(""),
                "state_changed_at": "@at",
            },
            row="revision",
            is_first=True,
        ),
        Told(("release.revised",), {"state": "previous.state"}, row="previous.revision"),
        Told(("release.revised",), {"state_changed_at": "@at"}, row="previous.revision", only=previous_moved),
        Told(("release.frozen",), FROZEN, row="revision"),
        Told(
            ("release.adopted",),
            {
                "state": "state",
                "adopted": "adopted",
                "edits": "edits",
                "stack_digest": "stack_digest",
                "manifest_digest": "manifest_digest",
            },
            row="revision",
        ),
        Told(("release.adopted",), FROZEN, row="revision", only=was_draft),
        Told(
            ("release.withdrawn", "approval.expired"),
            {"state": "state", "state_changed_at": "@at"},
            row="revision",
        ),
        Told(REVIEWS, {"state": "revision_state.after"}, row="revision"),
        Told(REVIEWS, {"state_changed_at": "@at"}, row="revision", only=review_moved),
    ),
    through=dict.fromkeys(DOCUMENTS, digest_of),
)

CHANNELS_OF_REVISIONS = ReconciledList(
    RevisionChannel, of="revision_id", listed=(Listed(SNAPSHOTS, "channels", {"channel_id": ""}, "revision"),)
)

SLOTS = ReconciledList(
    Slot,
    of="revision_id",
    listed=(
        Listed(
            SNAPSHOTS,
            "slots",
            {"slot": "slot", "channel_id": "channel", "role": "role", "component_id": "component"},
            "revision",
        ),
    ),
)

ASSIGNMENTS = Reconciled(
    Assignment,
    told=(
        Told(
            ("assignment.changed",),
            {
                "period.lower": "from",
                "period.upper": const(None),
                "stable_id": "revision",
                "candidate_id": maybe("candidate.revision", None),
                "control_id": maybe("control.revision", None),
                "deployment_id": "deployment",
                "stage": "stage",
                "treatment_share": maybe("treatment_share", 0),
                "control_share": maybe("control_share", 0),
                "internal_keys": maybe("internal_keys", 0),
                "paused": maybe("paused", False),
                "waits_for_seal": maybe("waits_for_seal", False),
                "salt": maybe("salt", ""),
            },
            row="@id",
            is_first=True,
        ),
        Told(("assignment.changed",), {"stage_number": "stage_number"}, row="@id", only=has("stage_number")),
        Told(("assignment.changed",), {"period.upper": "from"}, row=of_former("id")),
    ),
    key="entry_id",
    through={"internal_keys": length},
    left={},
)

RECONCILED = (RELEASES, REVISIONS, CHANNELS_OF_REVISIONS, SLOTS, ASSIGNMENTS)
