"""The kinds of governance gap (S26): what is missing, why that is dangerous, and how it is closed.

One entry per kind, the most dangerous first; page, API and tests derive from the tuple. What finds a gap is
in :mod:`audits.answers.gaps`.
"""

from dataclasses import dataclass
from enum import StrEnum


class GapKind(StrEnum):
    """What the record ought to hold about what is live, and does not."""

    NO_APPROVAL_RECORD = "no_approval_record"
    NO_ROLLBACK_OWNER = "no_rollback_owner"
    NO_GUARDED_ROLLOUT = "no_guarded_rollout"
    THRESHOLD_NOT_VERSIONED = "threshold_not_versioned"
    RELEASE_NOTES_MISSING = "release_notes_missing"


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
        GapKind.NO_APPROVAL_RECORD,
        "No approval record",
        "Approval record",
        "Nobody answers for what decides there: no named person looked at evidence and said yes.",
        "author",
        "Bring the next release through gate and approval; it takes this one's place.",
        "New release from this one",
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
