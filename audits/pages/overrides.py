"""How an override is shown beside the verdict that it goes past, and who is offered one on the brief."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import Offer, admin_url
from governance.access.models import Proposal
from governance.access.queries import administrators_over, has_permission, reach
from governance.access.roles import Permission
from governance.access.scopes import AccessScope
from governance.actors import Actor
from releases.bundles.models import Revision, RevisionState
from releases.gates.contributors import contributors
from releases.gates.models import EvaluationStatus, GateEvaluation, Override, Verdict
from releases.gates.overrides.people import permission_over, scope_of
from releases.gates.overrides.queries import (
    completed,
    failing_criteria,
    is_used,
    overrides_of,
    proposals_of,
    stands_at,
)
from releases.gates.overrides.standing import Standing, by_whom, overridden

LOOKS = {
    Standing.IN_FORCE: ("held", "key"),
    Standing.EXPIRED: ("void", "history"),
    Standing.WITHDRAWN: ("void", "undo"),
    Standing.OUTDATED: ("void", "history"),
}
CHIPS = {
    Standing.IN_FORCE: "Overridden",
    Standing.EXPIRED: "Override expired",
    Standing.WITHDRAWN: "Override withdrawn",
    Standing.OUTDATED: "Override outdated",
}
OPEN = {RevisionState.FROZEN, RevisionState.APPROVED}


def word_of(override: Override, standing: Standing) -> str:
    """``Overridden, expedited``: how an override stands, beside the verdict that it goes past."""
    return f"{CHIPS[standing]}, expedited" if override.expedite else CHIPS[standing]


def mark_of(override: Override, standing: Standing) -> tuple[str, str, str]:
    """The same as a chip: its look, its words, its icon."""
    look, icon = LOOKS[standing]
    return look, word_of(override, standing), icon


@dataclass(frozen=True)
class Shown:
    """An override as a page shows it."""

    override: Override
    standing: Standing
    criteria: tuple[str, ...]
    channels: tuple[str, ...]

    @property
    def look(self) -> str:
        """The state's short class name."""
        return LOOKS[self.standing][0]

    @property
    def icon(self) -> str:
        """The state's icon."""
        return LOOKS[self.standing][1]

    @property
    def word(self) -> str:
        """The state in words."""
        return word_of(self.override, self.standing)

    @property
    def chip(self) -> str:
        """The state in words, with who answers for it."""
        return f"{self.word} by {by_whom(self.override)}" if self.is_in_force else self.word

    @property
    def is_in_force(self) -> bool:
        """Whether it lets the release past its gate now."""
        return self.standing is Standing.IN_FORCE

    @property
    def sentence(self) -> str:
        """The verdict with its override."""
        return overridden(self.override, self.standing)

    @property
    def url(self) -> str:
        """Its own page."""
        return admin_url(Override, "change", self.override.pk)

    @property
    def is_review_open(self) -> bool:
        """Whether an expedite still waits for its review."""
        return self.override.expedite and self.override.reviewed_at is None


def shown_of(override: Override, revision: Revision, at: datetime | None = None) -> Shown:
    """The override of the revision with the names of its channels and the titles of its criteria."""
    names = {str(row.channel_id): row.channel.name for row in revision.channel_rows.all()}
    return Shown(
        override,
        stands_at(override, at or timezone.now()),
        tuple(titles_of(override.evaluation, override.criteria)),
        tuple(sorted(names.get(key, key) for key in override.channels)),
    )


def titles_of(evaluation: GateEvaluation | None, keys: Iterable[str]) -> list[str]:
    """The criteria by their titles."""
    result = evaluation.result if evaluation else {}
    titles = {str(one["key"]): str(one.get("title") or one["key"]) for one in result.get("criteria", [])}
    return [titles.get(key, key) for key in keys]


def override_shown(revision: Revision, asked: Override | None) -> Shown | None:
    """The override that a page is about: the one that a request rests on, else the newest."""
    if asked is not None:
        return shown_of(asked, revision)
    return next((shown_of(row, revision) for row in overrides_of(revision)), None)


@dataclass(frozen=True)
class Waiting:
    """A proposed override with whether the reader made it, and where it is confirmed; '' for who may not."""

    proposal: Proposal
    is_own: bool
    url: str
    criteria: tuple[str, ...]


def waiting_overrides(actor: Actor, revision: Revision) -> list[Waiting]:
    """Proposed overrides of the revision's newest result."""
    rows = proposals_of(revision, timezone.now())
    if not rows:
        return []
    evaluation = completed(revision)[0]
    may = may_answer(actor, revision, Permission.OVERRIDE_FAIL)
    return [
        Waiting(
            row,
            row.proposed_by_id == actor.id,
            reverse("admin:review_override_confirm", args=[revision.pk, row.pk]) if may else "",
            tuple(titles_of(evaluation, row.arguments["criteria"])),
        )
        for row in rows
    ]


def may_answer(actor: Actor, revision: Revision, permission: Permission) -> bool:
    """Whether the actor could answer for an override of the revision; the verb checks it again."""
    if actor.id is None or not _holds(actor, revision, permission):
        return False
    if actor.id == revision.release.owner_id or actor.id in contributors(revision):
        return False
    system = revision.release.system_id
    return not administrators_over(system, timezone.now()).filter(id=actor.id).exists()


def _holds(actor: Actor, revision: Revision, permission: Permission) -> bool:
    """Whether the grants allow it on the whole system or on one of the channels: the form narrows it."""
    found = reach(actor, permission)
    if found is None:
        return False
    system = revision.release.system_id
    scopes = [AccessScope(system, frozenset({row.channel_id})) for row in revision.channel_rows.all()]
    return any(found.acts_on(scope) for scope in (AccessScope(system), *scopes))


def override_offers(
    actor: Actor, revision: Revision, evaluation: GateEvaluation | None, found: Shown | None
) -> tuple[Offer, ...]:
    """What the reader may do past the gate: only what is theirs to do is shown at all."""
    if found is not None and found.is_in_force:
        return _taking_back(actor, found)
    if evaluation is None or evaluation.status != EvaluationStatus.COMPLETED or revision.state not in OPEN:
        return ()
    if evaluation.verdict == Verdict.PASS or not failing_criteria(evaluation.result):
        return ()
    is_fail = evaluation.verdict == Verdict.FAIL
    alone = Permission.OVERRIDE_FAIL if is_fail else Permission.OVERRIDE_INCONCLUSIVE
    offers = []
    if may_answer(actor, revision, Permission.OVERRIDE_FAIL):
        url = reverse("admin:review_expedite", args=[revision.pk])
        offers.append(Offer("Expedite", url, "bolt"))
    if may_answer(actor, revision, alone):
        url = reverse("admin:review_override", args=[revision.pk])
        offers.append(Offer("Propose override" if is_fail else "Override", url, "key"))
    return tuple(offers)


def _taking_back(actor: Actor, found: Shown) -> tuple[Offer, ...]:
    override = found.override
    if is_used(override) or not has_permission(actor, permission_over(override), scope_of(override)):
        return ()
    return (Offer("Withdraw override", admin_url(Override, "withdraw", override.pk), "undo"),)
