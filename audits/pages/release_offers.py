"""The buttons of a release page: what may be done now, by this person, and what unlocks the rest."""

from collections.abc import Sequence
from uuid import UUID

from django.urls import reverse

from audits.dossiers.services import may_request
from audits.dossiers.subjects import Subject
from audits.pages.release_facts import Known
from audits.pages.rollout_offers import back_offer, rollout_url, takes_back
from governance.access.admin_base import Offer, lock_reason
from governance.access.queries import has_permission
from governance.access.roles import Permission
from governance.actors import Actor
from releases.approvals.models import Approval
from releases.bundles.models import RevisionState
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.stages import ON_ITS_WAY

S = RevisionState
EVALUABLE = {S.FROZEN, S.IN_REVIEW, S.APPROVED, S.REJECTED, S.EXPIRED}


def offers_of(actor: Actor, known: Known) -> list[Offer]:
    """The buttons, the next step first, taking back last."""
    if not known.is_newest:
        return _rollbacks(actor, known)
    return [
        *_next_steps(actor, known),
        *_going_live(actor, known),
        *_aside(actor, known),
        *_rollbacks(actor, known),
    ]


def _url(name: str, known: Known, *args: object) -> str:
    return reverse(f"admin:revision_{name}", args=[known.revision.pk, *args])


def _next_steps(actor: Actor, known: Known) -> list[Offer]:
    state, revision = known.revision.state, known.revision
    offers = []
    if state == S.DRAFT:
        why = lock_reason(actor, Permission.FREEZE_RELEASE, revision)
        if not why and known.missing:
            why = "Complete the draft first; what is missing stands at the top of the page."
        offers.append(
            Offer(
                "Edit",
                _url("edit", known),
                "edit",
                "",
                lock_reason(actor, Permission.DRAFT_RELEASE, revision),
                False,
            )
        )
        offers.append(Offer("Freeze", _url("freeze", known), "ac_unit", "cs-pri", why))
    if state in EVALUABLE and not revision.adopted:
        offers += _evaluating(actor, known)
    if known.seating and known.seating.is_open:
        offers.append(
            Offer(
                "Open review",
                reverse("admin:review", args=[revision.pk]),
                "how_to_vote",
                "cs-pri" if known.seating.may_vote else "",
                is_dialog=False,
            )
        )
    elif (state == S.FROZEN and not revision.adopted) or (
        state == S.APPROVED and _rolled_back_uncovered(known)
    ):
        offers.append(_asking(actor, known))
    return offers


def _evaluating(actor: Actor, known: Known) -> list[Offer]:
    why = lock_reason(actor, Permission.EVALUATE_GATE, known.revision)
    verdict = known.finding.verdict
    if verdict == "requested":
        return [Offer("Evaluate", "", "play_arrow", why="An evaluation is running.")]
    if verdict in {"none", "error"}:
        return [Offer("Evaluate", _url("evaluate", known), "play_arrow", "cs-pri", why)]
    again = known.revision.state == S.FROZEN and not why
    return [] if not again else [Offer("Evaluate again", _url("evaluate", known), "replay")]


def _asking(actor: Actor, known: Known) -> Offer:
    why = lock_reason(actor, Permission.REQUEST_APPROVAL, known.revision)
    is_past = known.override is not None and known.override.is_in_force
    if not why and known.finding.verdict != "pass" and not is_past:
        why = "The gate must pass first, or be overridden."
    return Offer("Request approval", _url("request", known), "how_to_vote", "" if why else "cs-pri", why)


def _rolled_back_uncovered(known: Known) -> bool:
    """Whether a channel is neither live nor ready: then approval can be asked for it again."""
    covered = {row.channel_id for row in (*known.live, *known.on_their_way)}
    covered |= {channel.pk for channel in known.ready}
    return any(channel.pk not in covered for channel in known.channels)


def _going_live(actor: Actor, known: Known) -> list[Offer]:
    offers = []
    for channel in known.ready:
        why = lock_reason(actor, Permission.START_ROLLOUT, channel)
        if not why and _cast_last_vote(actor, known):
            why = "You cast the deciding vote; another release manager must start it."
        if not why and channel.name in known.busy:
            why = f"{known.busy[channel.name]} is on its way there: one candidate at a time."
        label = f"Start rollout on {channel.name}"
        offers.append(
            Offer(label, _url("start", known, channel.pk), "rocket_launch", "" if why else "cs-pri", why)
        )
    return offers


def _cast_last_vote(actor: Actor, known: Known) -> bool:
    newest: Approval | None = max(known.approvals, key=lambda one: one.approved_at, default=None)
    allowed = known.revision.release.system.starter_may_cast_last_vote
    return newest is not None and newest.last_voter_id == actor.id and not allowed


def _aside(actor: Actor, known: Known) -> list[Offer]:
    """What the few who may do it rarely do: shown to them only."""
    revision, state = known.revision, known.revision.state
    offers = []
    if may_request(actor, Subject(release=revision.release)):
        offers.append(Offer("Request dossier", _url("dossier", known), "folder_zip"))
    if state not in {S.DRAFT, S.WITHDRAWN} and has_permission(actor, Permission.DRAFT_RELEASE, revision):
        offers.append(Offer("Change", _url("edit", known), "edit", is_dialog=False))
    if (
        known.seating
        and known.seating.is_open
        and has_permission(actor, Permission.WITHDRAW_REQUEST, revision)
    ):
        offers.append(Offer("Withdraw request", _url("withdraw_request", known), "undo"))
    free = [channel for channel in known.channels if channel.name not in known.served]
    adoptable = state in {S.DRAFT, S.FROZEN} and not revision.adopted
    if adoptable and any(has_permission(actor, Permission.PROPOSE_ADOPTION, channel) for channel in free):
        offers.append(Offer("Propose adoption", _url("adopt", known), "handshake"))
    if (
        state != S.WITHDRAWN
        and not known.live
        and not known.on_their_way
        and has_permission(actor, Permission.WITHDRAW_RELEASE, revision)
    ):
        offers.append(Offer("Withdraw", _url("withdraw", known), "block", "cs-dan"))
    return offers


def _rollbacks(actor: Actor, known: Known) -> list[Offer]:
    """The way to each rollout under way, where it can be taken back, and the red buttons of what is live."""
    moving = [row for row in known.on_their_way if row.pk in known.reachable]
    ways = [
        Offer(f"Rollout on {row.channel.name}", rollout_url(row), "stairs", is_dialog=False) for row in moving
    ]
    rows = [row for row in known.live if row.pk in known.reachable]
    targets, may = rollback_targets(rows), takes_back(actor, rows)
    backs = [
        back_offer(
            row, target=targets.get(row.pk, ""), may=row.pk in may, label=f"Roll back {row.channel.name}"
        )
        for row in rows
    ]
    return [*ways, *backs]


def rollback_targets(deployments: Sequence[Deployment]) -> dict[UUID, str]:
    """By deployment, the release that would answer after its rollback; those without a target are missing.

    For the button's word only, in a fixed number of queries: the form asks
    :func:`releases.rollouts.queries.rollback_target`, which also minds what the plan names.
    """
    channels = [row.channel_id for row in deployments]
    rows = Deployment.objects.filter(channel_id__in=channels).exclude(revision__state=S.WITHDRAWN)
    rows = rows.filter(state__in=[DeploymentState.SUPERSEDED, DeploymentState.LIVE]).select_related("release")
    live = {row.channel_id: row.release.name for row in rows if row.state == DeploymentState.LIVE}
    earlier: dict[UUID, Deployment] = {}
    for row in rows:
        best = earlier.get(row.channel_id)
        if row.state == DeploymentState.SUPERSEDED and (
            best is None or row.state_changed_at > best.state_changed_at
        ):
            earlier[row.channel_id] = row
    found = {}
    for row in deployments:
        if row.state in ON_ITS_WAY and row.channel_id in live:
            found[row.pk] = live[row.channel_id]
        elif row.state == DeploymentState.LIVE and row.channel_id in earlier:
            found[row.pk] = earlier[row.channel_id].release.name
    return found
