"""The kinds of governance gap (S26): what is missing, why that is dangerous, and how it is closed.

One entry per kind, the most dangerous first; page, API and tests derive from the tuple. What finds a gap is
in :mod:`audits.answers.gaps`.
"""

from dataclasses import dataclass
from enum import StrEnum


class GapKind(StrEnum):
    """What the record ought to hold about what is live, and does not."""

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


_KINDS = (
    KindWords(
        GapKind.FIRING_UNANSWERED,
        "Firing, and nothing is done by itself",
        "Fires unanswered",
        "Something is wrong with what decides there, and nothing takes it back by itself.",
        "release_manager",
        "Roll it back, or bring a release live that takes its place; or override the trigger if it is wrong.",
        "Open the rollout",
    ),
    KindWords(
        GapKind.NOT_WATCHED,
        "Not watched",
        "Not watched",
        "Monitoring cannot look at it, so nothing would hold it or take it back.",
        "release_manager",
        "The log of the watcher names the cause; the first look that succeeds closes it.",
        "Open the rollout",
    ),
    KindWords(
        GapKind.NOT_COUNTED,
        "Uncounted reports",
        "Not counted",
        "What happens there reaches no trigger and no chart: the figures are those from before.",
        "release_manager",
        "Watch it by hand, and hold or take back what is in doubt. The log of the watcher names the cause; "
        "it closes once the reports are counted.",
        "Open the rollout",
    ),
    KindWords(
        GapKind.NO_APPROVAL_RECORD,
        "No approval record",
        "Approval record",
        "Nobody answers for what decides there: no named person looked at evidence and said yes.",
        "author",
        "Bring the next release through gate and approval; it takes this one's place.",
        "New release from this one",
    ),
    KindWords(
        GapKind.OVERRIDE_EXPIRED,
        "Override expired",
        "Override expired",
        "It decides although it never passed its gate, and what excused that has run out.",
        "author",
        "Bring a release live that passes the gate, or bring the data on which this one does.",
        "New release from this one",
    ),
    KindWords(
        GapKind.EXPEDITE_REVIEW_OVERDUE,
        "Expedite not reviewed",
        "Expedite overdue",
        "What was let through in a hurry was never looked at again, so haste becomes the rule.",
        "security_reviewer",
        "Somebody who did not give it looks back at it and records a conclusion.",
        "Review it",
    ),
    KindWords(
        GapKind.ROLLBACK_NOT_LANDED,
        "Rollback not landed",
        "Not landed",
        "What was taken back may go on deciding: not every instance is seen to have left it.",
        "release_manager",
        "Restart or withdraw the instances that are named; it closes once all report what is assigned.",
        "See what is live",
    ),
    KindWords(
        GapKind.REPLAYS_DIFFER,
        "Replays that differ",
        "Replays differ",
        "What decides there is not what was approved: thresholds, fusion or stamp differ from the record.",
        "release_manager",
        "Find out what runs there, or take it back; it closes after a day without such a decision.",
        "Open the replays",
    ),
    KindWords(
        GapKind.SDK_NOT_OF_RELEASE,
        "SDK not of the release",
        "SDK",
        "What captures faces there is not what was tested: the release was approved with another SDK.",
        "author",
        "Have users update, or bring a release through the gate whose SDK is the one that they run. It "
        "closes after a day without such a decision.",
        "Trace one of them",
    ),
    KindWords(
        GapKind.INCIDENT_REPORT_OVERDUE,
        "Overdue incident report",
        "Incident report",
        "Whoever must learn of the incident has not, and a deadline was missed.",
        "security_reviewer",
        "File the report and record its reference, or dismiss the incident if it did not happen.",
        "Open the incident",
    ),
    KindWords(
        GapKind.NO_ROLLBACK_OWNER,
        "No rollback owner",
        "Rollback owner",
        "In an incident everybody waits for somebody else to take it back.",
        "author",
        "Name an active account as owner in the rollback plan of the next revision.",
        "Name an owner",
    ),
    KindWords(
        GapKind.NO_GUARDED_ROLLOUT,
        "No guarded rollout",
        "Guarded rollout",
        "A regression met everybody at once, with no control to see it against.",
        "author",
        "This one stays on record; plan a guarded stage for the next release.",
        "Plan the next release",
    ),
    KindWords(
        GapKind.OVERRIDE_IN_FORCE,
        "Gate overridden",
        "Override in force",
        "A release that did not pass its gate may be approved and go live.",
        "qa_lead",
        "It closes when the override expires or is withdrawn, or when the gate passes.",
        "Open the override",
    ),
    KindWords(
        GapKind.EXPEDITE_REVIEW_DUE,
        "Expedite to be reviewed",
        "Expedite review",
        "It was let through in a hurry, and nobody has looked at it in calm since.",
        "security_reviewer",
        "Somebody who did not give it looks back at it and records a conclusion.",
        "Review it",
    ),
    KindWords(
        GapKind.FOLLOW_UP_OVERDUE,
        "Overdue follow-up",
        "Follow-up",
        "What was to keep the incident from happening again was not done.",
        "security_reviewer",
        "Its owner does it and records what came of it.",
        "Open the incident",
    ),
    KindWords(
        GapKind.DRIFT_REVIEW_OVERDUE,
        "Overdue drift review",
        "Drift review",
        "Nobody has looked whether it still meets the people and devices that it was tested with.",
        "qa_lead",
        "A QA lead or security reviewer looks at the figures and concludes the review.",
        "Review it",
    ),
    KindWords(
        GapKind.ATTESTATION_STALE,
        "Review out of date",
        "Review",
        "Somebody signed for other figures than those of what decides now.",
        "qa_lead",
        "A QA lead who took no part reviews the live revision anew.",
        "Review it anew",
    ),
    KindWords(
        GapKind.THRESHOLD_NOT_VERSIONED,
        "Threshold not versioned",
        "Threshold version",
        "Nobody can say afterwards by which number a capture was accepted or refused.",
        "author",
        "Register the thresholds as a policy, and put it into the next revision.",
        "Register the policy",
    ),
    KindWords(
        GapKind.RELEASE_NOTES_MISSING,
        "Release notes missing",
        "Release notes",
        "Whoever is called in the night cannot see what changed and what was known to go wrong.",
        "author",
        "Fill the empty fields of the model card in the next revision.",
        "Write the notes",
    ),
)

KINDS: dict[GapKind, KindWords] = {words.kind: words for words in _KINDS}
