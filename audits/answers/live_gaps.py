"""Gaps of what is live: what its own record lacks, from its approval to its release notes.

In a fixed number of queries.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import F, Prefetch, Q
from django.utils import timezone

from audits.answers.attestation_gaps import stale_attestations
from audits.answers.gap import Gap
from audits.answers.gap_kinds import GapKind
from audits.answers.policies import Policies
from governance.access.models import Account
from governance.access.queries import visible_to
from governance.actors import Actor
from governance.registry.models import ComponentStatus, DigestKind
from releases.bundles import guarding
from releases.bundles.differences import differences_of
from releases.bundles.documents import CARD_TEXTS, StageKind
from releases.bundles.guarding import channel_reasons
from releases.bundles.models import Revision
from releases.bundles.queries import revisions_with_content, served_by
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress_queries import lasting

POLICY = "threshold_policy"


@dataclass(frozen=True)
class Shown:
    """How long guarded stages showed a deployment to a part of the people, and to how many at most.

    Pauses do not count, and neither does a share too small to show anything.
    """

    seconds: float
    share: float

    @property
    def counts(self) -> bool:
        """Whether that was a guarded rollout: what freezing asks of a plan, asked of what took place."""
        return (
            self.share >= guarding.LEAST_GUARDED_COVERAGE and self.seconds >= guarding.LEAST_GUARDED_SECONDS
        )

    @property
    def sentence(self) -> str:
        """What took place instead."""
        if not self.share:
            return "everybody got it at once"
        if self.share < guarding.LEAST_GUARDED_COVERAGE:
            return f"its guarded stage showed it to {self.share * 100:.2g} % of the people"
        return f"its guarded stage lasted {lasting(self.seconds)}"


NOT_SHOWN = Shown(0, 0)


@dataclass(frozen=True)
class _Known:
    """What the kinds look at beside the deployment itself."""

    active: frozenset[str]
    guarded: dict[UUID, Shown]
    """How long each deployment's guarded stages showed it to how many people."""
    reasons: dict[tuple[UUID, UUID], tuple[str, ...]]
    """Why S18 asks for one, by revision and channel."""
    stale: dict[UUID, str]
    """Which reviews of a revision are out of date."""


def gaps_of_live(live: Sequence[Deployment], policies: Policies) -> list[Gap]:
    """All of them; one gap of a kind and revision, with the channels on which it applies."""
    known = _known(live, policies)
    found: dict[tuple[GapKind, UUID], list[tuple[Deployment, str]]] = {}
    for row in live:
        for kind, text in _gaps_of(row, known):
            found.setdefault((kind, row.revision_id), []).append((row, text))
    return [_gap(kind, rows) for (kind, _), rows in found.items()]


def gaps_of_revoked(answering: Sequence[Deployment]) -> list[Gap]:
    """Revoked parts of what answers anybody, each since it was revoked or began to answer."""
    found: dict[UUID, list[tuple[Deployment, str, datetime]]] = {}
    for row in answering:
        for slot in row.revision.slots.all():
            part = slot.component
            if part.status == ComponentStatus.REVOKED and slot.channel_id in {None, row.channel_id}:
                since = max(part.status_changed_at or row.state_changed_at, row.started_at)
                text = f"{part} was revoked: {part.status_reason}"
                found.setdefault(row.revision_id, []).append((row, text, since))
    kind = GapKind.REVOKED_COMPONENT_LIVE
    return [
        replace(_gap(kind, [one[:2] for one in rows]), since=min(since for _, _, since in rows))
        for rows in found.values()
    ]


def is_live(row: Deployment) -> bool:
    """Whether it answers everybody on its channel."""
    return row.state == DeploymentState.LIVE


def answering_deployments(actor: Actor) -> list[Deployment]:
    """What is live within the actor's reach, and what is on its way there and answers some people; with its
    revision's content and whether its policy was locked before its scores."""
    content = revisions_with_content(Revision.objects.all())
    on_its_way = Q(state__in=[DeploymentState.ROLLING_OUT, DeploymentState.HELD], paused=False)
    answering = Q(state=DeploymentState.LIVE) | on_its_way & ~Q(stage=StageKind.SHADOW)
    rows = visible_to(Deployment.objects.filter(answering), actor)
    return list(
        rows.select_related("channel__system")
        .annotate(preregistered=F("approval__request__evaluation__preregistered"))
        .prefetch_related(Prefetch("revision", queryset=content))
        .order_by("channel__system__slug", "channel__name")
    )


def _known(live: Sequence[Deployment], policies: Policies) -> _Known:
    owners = {str(row.revision.rollback_plan.get("owner", "")) for row in live}
    active = Account.objects.filter(username__in=owners, is_active=True).values_list("username", flat=True)
    guarded = _guarded_stages(live)
    bare = {row.revision_id: row.revision for row in live if not guarded.get(row.pk, NOT_SHOWN).counts}
    reasons = {
        (revision, channel): tuple(reason.sentence for reason in channel_reasons(found))
        for revision, channels in differences_of(list(bare.values())).items()
        for channel, found in channels.items()
    }
    return _Known(frozenset(active), guarded, reasons, stale_attestations(live, policies, timezone.now()))


def _guarded_stages(live: Sequence[Deployment]) -> dict[UUID, Shown]:
    """What took place in guarded stages, by deployment: as long as they answered, and not while they waited
    for the ledger. What is live has left them, so each has its end."""
    found: dict[UUID, list[tuple[float, float]]] = {}
    for row, since, until in served_by({one.pk for one in live}):
        is_guarded = row.stage == StageKind.GUARDED and row.candidate_id is not None
        if is_guarded and row.treatment_share > 0 and row.deployment_id is not None and until is not None:
            lasted = (until - since).total_seconds()
            found.setdefault(row.deployment_id, []).append((row.treatment_share, lasted))
    return {key: _shown(stages) for key, stages in found.items()}


def _shown(stages: Sequence[tuple[float, float]]) -> Shown:
    """Shares and seconds of the stages that showed it to enough people; where none did, of all of them."""
    large = [one for one in stages if one[0] >= guarding.LEAST_GUARDED_COVERAGE] or stages
    return Shown(sum(lasted for _, lasted in large), max(share for share, _ in large))


def _gaps_of(row: Deployment, known: _Known) -> Iterator[tuple[GapKind, str]]:
    yield from _approval(row)
    yield from _lock(row)
    yield from _owner(row, known)
    yield from _guarded(row, known)
    if row.revision_id in known.stale:
        yield GapKind.ATTESTATION_STALE, known.stale[row.revision_id]
    yield from _threshold(row)
    yield from _notes(row)


def _approval(row: Deployment) -> Iterable[tuple[GapKind, str]]:
    if row.approval_id is None:
        yield GapKind.NO_APPROVAL_RECORD, f"adopted by {row.started_by_username}; no vote stands behind it"
        yield GapKind.RELEASE_ADOPTED, f"adopted by {row.started_by_username}; no gate has measured it"


def _lock(row: Deployment) -> Iterable[tuple[GapKind, str]]:
    if getattr(row, "preregistered", None) is False:
        yield GapKind.POLICY_NOT_LOCKED, "it was judged by a policy that was locked after its scores came"


def _owner(row: Deployment, known: _Known) -> Iterable[tuple[GapKind, str]]:
    owner = str(row.revision.rollback_plan.get("owner", "")).strip()
    if not owner:
        yield GapKind.NO_ROLLBACK_OWNER, "the rollback plan names nobody"
    elif owner not in known.active:
        yield GapKind.NO_ROLLBACK_OWNER, f"{owner} is no active account"


def _guarded(row: Deployment, known: _Known) -> Iterable[tuple[GapKind, str]]:
    reasons = known.reasons.get((row.revision_id, row.channel_id), ())
    shown = known.guarded.get(row.pk, NOT_SHOWN)
    if not shown.counts and reasons:
        yield GapKind.NO_GUARDED_ROLLOUT, f"{shown.sentence}, although {'; '.join(reasons)}"


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
    deployments = list({row.pk: row for row, _ in rows}.values())
    texts = dict.fromkeys(text for _, text in rows)
    return Gap(
        kind,
        deployments[0].revision,
        tuple(row.channel for row in deployments),
        min(row.state_changed_at for row in deployments),
        "; ".join(texts),
    )
