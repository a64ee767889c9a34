"""What an override says, checked against the evaluation that it goes past. Steps, inside a verb.

A failed run counts as inconclusive, and holds nothing that a person could have looked at. What can be
overridden is therefore always a result: that of the newest completed run, also where a later run ended with
an error. Where no run was completed, or none of its criteria was judged, there is nothing to override.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from governance.access.roles import Permission
from governance.access.scopes import AccessScope
from governance.actors import moment
from governance.errors import GovernanceError, invalid
from governance.registry.models import Channel
from releases.bundles.lifecycle import WrongState
from releases.bundles.models import Revision, RevisionState
from releases.bundles.steps import lock_newest
from releases.gates.models import EvaluationStatus, GateEvaluation, Verdict
from releases.gates.overrides.queries import failing_criteria, override_in_force

LONGEST_HOURS = 72
LONGEST_REVIEW_DAYS = 30
REVIEW_DAYS = 7


class NothingToOverride(GovernanceError):
    """No result stands in the way, or none is there that a person could have looked at."""

    code = "nothing_to_override"
    title = "Nothing to override"


class EvidenceChanged(GovernanceError):
    """The override names another result than the newest: not what counts was looked at."""

    code = "evidence_changed"
    title = "Another result counts"
    next_step = "Read the newest evaluation, and override that result if it still must be."


class AlreadyOverridden(GovernanceError):
    """One override of a result is in force at a time."""

    code = "already_overridden"
    title = "Overridden already"
    next_step = "Use it, or withdraw it before another one is given."


@dataclass(frozen=True)
class OverrideTerms:
    """What one or two persons answer for.

    ``result_digest`` is the result they have looked at. Without ``channels`` it holds for all that the
    revision touches. ``expedite`` marks an active attack; its review is due ``review_days`` later.
    """

    criteria: Sequence[str]
    reason: str
    result_digest: str
    channels: Sequence[Channel] | None = None
    valid_hours: int = LONGEST_HOURS
    expedite: bool = False
    review_days: int = REVIEW_DAYS


@dataclass(frozen=True)
class Case:
    """Terms that fit: the revision and its result, locked, with the channels and criteria in their order."""

    revision: Revision
    evaluation: GateEvaluation
    channels: tuple[Channel, ...]
    criteria: tuple[str, ...]
    terms: OverrideTerms

    @property
    def takes_two(self) -> bool:
        """Whether two persons must answer for it: past a fail, and for every expedite."""
        return self.evaluation.verdict == Verdict.FAIL or self.terms.expedite

    @property
    def permission(self) -> Permission:
        """What each of its persons must hold on its channels."""
        return Permission.OVERRIDE_FAIL if self.takes_two else Permission.OVERRIDE_INCONCLUSIVE

    @property
    def scope(self) -> AccessScope:
        """Where: on the system, or on every channel that it names."""
        return AccessScope(self.revision.release.system_id, frozenset(one.id for one in self.channels))

    @property
    def arguments(self) -> dict[str, Any]:
        """What two persons agree on, to the letter."""
        return {
            "revision": self.revision.id,
            "manifest_digest": self.revision.manifest_digest,
            "result_digest": self.evaluation.result_digest,
            "verdict": self.evaluation.verdict,
            "criteria": list(self.criteria),
            "channels": sorted(str(channel.id) for channel in self.channels),
            "reason": self.terms.reason,
            "valid_hours": self.terms.valid_hours,
            "expedite": self.terms.expedite,
            "review_days": self.terms.review_days if self.terms.expedite else None,
        }

    @property
    def lasts(self) -> timedelta:
        """How long it is in force once it is given."""
        return timedelta(hours=self.terms.valid_hours)

    @property
    def review_after(self) -> timedelta:
        """How long after an expedite its review is due."""
        return timedelta(days=self.terms.review_days)


def lock_case(revision: Revision, terms: OverrideTerms) -> Case:
    """Lock the revision and its evaluations; the result that the terms are about, and their channels.

    No run of the revision can be asked for or completed until the verb has ended.

    Raises:
        NotNewestRevision, WrongState, NothingToOverride, EvidenceChanged, InvalidInput: see the messages.
    """
    locked = lock_newest(revision, None)
    _check_state(locked)
    evaluation = _lock_result(locked)
    if terms.result_digest != evaluation.result_digest:
        raise EvidenceChanged(
            f"The newest result of {locked} is {evaluation.result_digest}, not {terms.result_digest}."
        )
    criteria = tuple(sorted(dict.fromkeys(terms.criteria)))
    return Case(locked, evaluation, _channels(locked, terms), criteria, terms)


def check_terms(case: Case) -> None:
    """Refuse what does not fit the result, and a second override of it.

    Raises:
        InvalidInput: naming the field.
        AlreadyOverridden: one is in force.
    """
    terms = case.terms
    if not terms.reason.strip():
        raise invalid("reason", "say why the release goes past its gate; the record keeps it.")
    if not 1 <= terms.valid_hours <= LONGEST_HOURS:
        raise invalid("valid_hours", f"{terms.valid_hours} is not between 1 and {LONGEST_HOURS} hours.")
    if terms.expedite and not 1 <= terms.review_days <= LONGEST_REVIEW_DAYS:
        raise invalid("review_days", f"{terms.review_days} is not between 1 and {LONGEST_REVIEW_DAYS} days.")
    _check_criteria(case)
    found = override_in_force(case.revision, moment())
    if found is not None:
        raise AlreadyOverridden(
            f"{case.revision} is overridden until {found.expires_at:%F %R} UTC by {found.given_by_username}."
        )


def _check_criteria(case: Case) -> None:
    failing = failing_criteria(case.evaluation.result)
    known = {str(one["key"]) for one in case.evaluation.result.get("criteria", [])}
    named = set(case.criteria)
    unknown, other = sorted(named - known), sorted(named & known - failing.keys())
    missing = sorted(failing.keys() - named)
    if unknown:
        has = ", ".join(sorted(known))
        raise invalid("criteria", f"{', '.join(unknown)}: no criteria of this evaluation; it has {has}.")
    if other:
        raise invalid("criteria", f"these do not stand in the way: {_titles(case, other)}. Leave them out.")
    if missing:
        raise invalid(
            "criteria",
            f"these do not pass either and are not named: {_titles(case, missing)}.",
            next_step="Name every criterion that does not pass: whoever overrides answers for all of them.",
        )


def _titles(case: Case, keys: Sequence[str]) -> str:
    """Criteria by what they are called, and by the key that the interface names them by."""
    titles = {one["key"]: one["title"] for one in case.evaluation.result["criteria"]}
    return ", ".join(f"{titles[key]} ({key})" for key in keys)


def _check_state(revision: Revision) -> None:
    if revision.state in {RevisionState.FROZEN, RevisionState.APPROVED}:
        return
    steps = {
        RevisionState.DRAFT: "Freeze it and have it evaluated first.",
        RevisionState.IN_REVIEW: "Withdraw the open request first; then override, and ask again.",
        RevisionState.WITHDRAWN: "Draft a new release.",
    }
    state = RevisionState(revision.state)
    raise WrongState(
        f"{revision} is {state.label.lower()}; the gate of a frozen revision is overridden.",
        next_step=steps.get(state, "Edit the release: that makes a new revision to freeze and evaluate."),
    )


def _lock_result(revision: Revision) -> GateEvaluation:
    """The result that an override would go past."""
    rows = GateEvaluation.objects.select_for_update(no_key=True, of=("self",)).filter(revision=revision)
    found = list(rows.defer("inputs", "result").order_by("-requested_at", "-id"))
    if not found:
        raise NothingToOverride(f"{revision} was never evaluated.", next_step="Have it evaluated first.")
    if found[0].status == EvaluationStatus.REQUESTED:
        raise NothingToOverride(
            f"An evaluation of {revision} is running.", next_step="Wait for its verdict, and read it."
        )
    ended = next((row for row in found if row.status == EvaluationStatus.COMPLETED), None)
    if ended is None:
        raise NothingToOverride(
            f"No evaluation of {revision} came to a result: there is nothing that a person could look at.",
            next_step="Mend what the evaluation's error names, and have it evaluated again.",
        )
    if ended.verdict == Verdict.PASS:
        raise _passed(revision, has_failed_since=found[0] is not ended)
    if not failing_criteria(ended.result):
        raise NothingToOverride(
            f"No criterion of {revision} was judged: there is nothing that a person could look at.",
            next_step="Lock a gate policy, freeze a new revision, and have it evaluated.",
        )
    return ended


def _passed(revision: Revision, *, has_failed_since: bool) -> NothingToOverride:
    if has_failed_since:
        return NothingToOverride(
            f"The last result of {revision} is a pass; only the newest run ended with an error.",
            next_step="Have it evaluated again.",
        )
    return NothingToOverride(f"{revision} passed its gate.", next_step="Request its approval.")


def _channels(revision: Revision, terms: OverrideTerms) -> tuple[Channel, ...]:
    touched = {channel.id: channel for channel in revision.channels.order_by("name")}
    if terms.channels is None:
        return tuple(touched.values())
    wanted = {channel.id: channel for channel in terms.channels}
    foreign = sorted(str(channel) for key, channel in wanted.items() if key not in touched)
    if foreign:
        raise invalid("channels", f"{revision} does not touch {', '.join(foreign)}.")
    if not wanted:
        raise invalid("channels", "name at least one channel that the revision touches, or leave it out.")
    return tuple(channel for key, channel in touched.items() if key in wanted)
