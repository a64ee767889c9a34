"""The names of the kinds of governance gap (S26), and what is told of each."""

from dataclasses import dataclass
from enum import StrEnum


class GapKind(StrEnum):
    """What the record ought to hold about what is live, and does not."""

    LEDGER_DAMAGED = "ledger_damaged"
    UNSEALED_ENTRIES = "unsealed_entries"
    LEDGER_NOT_CHECKED = "ledger_not_checked"
    SOLE_ADMINISTRATOR = "sole_administrator"
    REVOKED_COMPONENT_LIVE = "revoked_component_live"
    UNKNOWN_STAMPS = "unknown_stamps"
    POLICY_NOT_LOCKED = "policy_not_locked"
    RELEASE_ADOPTED = "release_adopted"
    DRILL_OVERDUE = "drill_overdue"
    REPLAYS_GIVEN_UP = "replays_given_up"
    NO_APPROVAL_RECORD = "no_approval_record"
    OVERRIDE_EXPIRED = "override_expired"
    EXPEDITE_REVIEW_OVERDUE = "expedite_review_overdue"
    NO_ROLLBACK_OWNER = "no_rollback_owner"
    NO_GUARDED_ROLLOUT = "no_guarded_rollout"
    OVERRIDE_IN_FORCE = "override_in_force"
    EXPEDITE_REVIEW_DUE = "expedite_review_due"
    ATTESTATION_STALE = "attestation_stale"
    THRESHOLD_NOT_VERSIONED = "threshold_not_versioned"
    RELEASE_NOTES_MISSING = "release_notes_missing"
    ROLLBACK_NOT_LANDED = "rollback_not_landed"
    FIRING_UNANSWERED = "firing_unanswered"
    NOT_WATCHED = "not_watched"
    NOT_COUNTED = "not_counted"
    REPLAYS_DIFFER = "replays_differ"
    SDK_NOT_OF_RELEASE = "sdk_not_of_release"
    INCIDENT_REPORT_OVERDUE = "incident_report_overdue"
    FOLLOW_UP_OVERDUE = "follow_up_overdue"
    DRIFT_REVIEW_OVERDUE = "drift_review_overdue"


@dataclass(frozen=True)
class KindWords:
    """What a reader needs to know of a kind. ``owner`` is the role that closes it."""

    kind: GapKind
    title: str
    short: str
    danger: str
    owner: str
    close: str
    verb: str
