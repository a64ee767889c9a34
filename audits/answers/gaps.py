"""Governance gaps of what is live (S26): computed from the record when asked for, never stored.

A gap closes by itself once the missing thing is recorded; nobody can tick it off. What is on its way is not
judged yet: freezing and approval ask for these things before anything goes live, so a gap tells of what was
adopted, or of what went missing since. One gap is one kind of one live revision, with all the channels on
which it applies and which the reader may see. The number of queries does not grow with rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch

from audits.answers.gap_kinds import KINDS, GapKind, KindWords
from governance.access.models import Account
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import Channel, DigestKind
from releases.bundles.differences import differences_of
from releases.bundles.documents import CARD_TEXTS, StageKind
from releases.bundles.guarding import channel_reasons
from releases.bundles.models import Assignment, Revision
from releases.bundles.queries import revisions_with_content
from releases.rollouts.models import Deployment, DeploymentState

POLICY = "threshold_policy"


@dataclass(frozen=True)
class Gap:
    """Something that the record of a live revision lacks, on these channels, and what was found instead."""

    kind: GapKind
    revision: Revision
    channels: tuple[Channel, ...]
    since: datetime
    found: str

    @property
    def words(self) -> KindWords:
        """What the kind means."""
        return KINDS[self.kind]

    @property
    def key(self) -> str:
        """Its name, the same as long as it is open."""
        return f"{self.kind.value}:{self.revision.pk}"


@dataclass(frozen=True)
class _Known:
    """What the kinds look at beside the deployment itself."""

    active: frozenset[str]
    guarded: frozenset[UUID]
    """Deployments that went through a guarded stage."""
    reasons: dict[tuple[UUID, UUID], tuple[str, ...]]
    """Why S18 asks for one, by revision and channel."""


def gaps_visible_to(actor: Actor) -> list[Gap]:
    """All open gaps within the actor's reach, the most dangerous kind first, then the oldest."""
    live = _live(actor)
    known = _known(live)
    found: dict[tuple[GapKind, UUID], list[tuple[Deployment, str]]] = {}
    for row in live:
        for kind, text in _gaps_of(row, known):
            found.setdefault((kind, row.revision_id), []).append((row, text))
    order = list(KINDS)
    gaps = [_gap(kind, rows) for (kind, _), rows in found.items()]
    return sorted(gaps, key=lambda gap: (order.index(gap.kind), gap.since, gap.revision.release.name))


def _live(actor: Actor) -> list[Deployment]:
    content = revisions_with_content(Revision.objects.all())
    rows = visible_to(Deployment.objects.filter(state=DeploymentState.LIVE), actor)
    return list(
        rows.select_related("channel__system")
        .prefetch_related(Prefetch("revision", queryset=content))
        .order_by("channel__system__slug", "channel__name")
    )


def _known(live: Sequence[Deployment]) -> _Known:
    owners = {str(row.revision.rollback_plan.get("owner", "")) for row in live}
    active = Account.objects.filter(username__in=owners, is_active=True).values_list("username", flat=True)
    stages = Assignment.objects.filter(deployment__in=live, stage=StageKind.GUARDED, candidate__isnull=False)
    guarded = frozenset(stages.values_list("deployment_id", flat=True))
    bare = {row.revision_id: row.revision for row in live if row.pk not in guarded}
    reasons = {
        (revision, channel): tuple(reason.sentence for reason in channel_reasons(found))
        for revision, channels in differences_of(list(bare.values())).items()
        for channel, found in channels.items()
    }
    return _Known(frozenset(active), guarded, reasons)


def _gaps_of(row: Deployment, known: _Known) -> Iterator[tuple[GapKind, str]]:
    yield from _approval(row)
    yield from _owner(row, known)
    yield from _guarded(row, known)
    yield from _threshold(row)
    yield from _notes(row)


def _approval(row: Deployment) -> Iterable[tuple[GapKind, str]]:
    if row.approval_id is None:
        yield GapKind.NO_APPROVAL_RECORD, f"adopted by {row.started_by_username}; no vote stands behind it"


def _owner(row: Deployment, known: _Known) -> Iterable[tuple[GapKind, str]]:
    owner = str(row.revision.rollback_plan.get("owner", "")).strip()
    if not owner:
        yield GapKind.NO_ROLLBACK_OWNER, "the rollback plan names nobody"
    elif owner not in known.active:
        yield GapKind.NO_ROLLBACK_OWNER, f"{owner} is no active account"


def _guarded(row: Deployment, known: _Known) -> Iterable[tuple[GapKind, str]]:
    reasons = known.reasons.get((row.revision_id, row.channel_id), ())
    if row.pk not in known.guarded and reasons:
        yield GapKind.NO_GUARDED_ROLLOUT, f"everybody got it at once, although {'; '.join(reasons)}"


def _threshold(row: Deployment) -> Iterable[tuple[GapKind, str]]:
    policies = [slot.component for slot in row.revision.slots.all() if slot.slot == POLICY]
    declared = [str(policy) for policy in policies if policy.digest_kind == DigestKind.DECLARED]
    if not policies:
        yield GapKind.THRESHOLD_NOT_VERSIONED, "no threshold policy stands in the release"
    elif declared:
        yield GapKind.THRESHOLD_NOT_VERSIONED, f"the digest of {', '.join(declared)} is only declared"


def _notes(row: Deployment) -> Iterable[tuple[GapKind, str]]:
    card = row.revision.card
    empty = [name.replace("_", " ") for name in CARD_TEXTS if not str(card.get(name, "")).strip()]
    if empty:
        many = "is" if len(empty) == 1 else "are"
        yield GapKind.RELEASE_NOTES_MISSING, f"{', '.join(empty)} {many} empty"


def _gap(kind: GapKind, rows: Sequence[tuple[Deployment, str]]) -> Gap:
    deployments = [row for row, _ in rows]
    texts = dict.fromkeys(text for _, text in rows)
    return Gap(
        kind,
        deployments[0].revision,
        tuple(row.channel for row in deployments),
        min(row.state_changed_at for row in deployments),
        "; ".join(texts),
    )
