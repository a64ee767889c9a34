"""Rollouts that wait for a person: held ones, those that can advance, approved and not started, running."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.html import format_html

from audits.pages.plan_words import stage_title
from audits.pages.release_offers import rollback_targets
from audits.pages.rollout_offers import back_offer, rollout_url, takes_back
from audits.pages.tasks import Section, Task
from audits.templatetags.countersign import spoken, when
from governance.access.admin_base import Offer, admin_url
from governance.access.queries import Reach, reach, visible_to
from governance.access.roles import Permission
from governance.actors import Actor
from releases.approvals.models import Approval
from releases.bundles.models import Release, RevisionState
from releases.rollouts.leaving import lacking, waits_for_approval
from releases.rollouts.models import Deployment, DeploymentState
from releases.rollouts.progress_queries import freeze_at
from releases.rollouts.stages import ON_ITS_WAY, advance_at, current_step, legible_step, next_step, shown_step


@dataclass(frozen=True)
class Underway:
    """Rollouts under way on channels where the actor may do something, by what they wait for."""

    held: Sequence[Task]
    ready: Sequence[Task]
    to_approve: Sequence[Task]
    running: Sequence[Task]


def _covers(found: Reach | None, row: Deployment) -> bool:
    """Whether acting on the deployment's channel is covered."""
    return found is not None and found.acts_on(row.channel.access_scope())


def rollouts_under_way(actor: Actor) -> Underway:
    """In a fixed number of queries; a rollback's owner sees the rollouts that he may take back."""
    advances, holds = reach(actor, Permission.ADVANCE_ROLLOUT), reach(actor, Permission.HOLD_ROLLOUT)
    approves = reach(actor, Permission.APPROVE_STAGE)
    rows = visible_to(Deployment.objects.filter(state__in=ON_ITS_WAY), actor).select_related(
        "release__system", "revision__release", "channel__system", "reading"
    )
    found = list(rows.prefetch_related("stage_approvals").order_by("state_changed_at"))
    may = takes_back(actor, found)
    asked = {row.pk for row in found if _covers(approves, row) and _waits_for_approval(row)}
    mine = [
        row
        for row in found
        if row.pk in may or row.pk in asked or _covers(advances, row) or _covers(holds, row)
    ]
    targets = rollback_targets(mine)
    held: list[Task] = []
    ready: list[Task] = []
    to_approve: list[Task] = []
    running: list[Task] = []
    for row in mine:
        back = back_offer(row, target=targets.get(row.pk, ""), may=row.pk in may, label="Roll back")
        more = () if back.why else (replace(back, look="cs-dan"),)
        if row.state == DeploymentState.HELD:
            held.append(_held(row, more))
        elif row.pk in asked:
            to_approve.append(_to_approve(row))
        elif _can_advance(row) and _covers(advances, row):
            ready.append(_ready(row, more))
        else:
            hold = Offer("Hold", rollout_url(row, "hold"))
            running.append(_running(row, (hold, *more) if _covers(holds, row) else more))
    return Underway(held, ready, to_approve, running)


def _can_advance(row: Deployment) -> bool:
    now = timezone.now()
    if legible_step(row) is None:
        return False
    is_time = advance_at(row) <= now and freeze_at(row.revision, now) is None
    return next_step(row) is not None and is_time and not lacking(row, now)


def _waits_for_approval(row: Deployment) -> bool:
    is_on = row.state == DeploymentState.ROLLING_OUT and legible_step(row) is not None
    return is_on and waits_for_approval(row, timezone.now())


def _to_approve(row: Deployment) -> Task:
    """A stage whose plan asks people to approve what it shows."""
    sentence = f"{row.release.name} shows what its plan asks on {row.channel.name}, {_where(row)}."
    meta = f"{_place(row)} · an approval is missing"
    return Task("open", "how_to_reg", "Stage to approve", sentence, meta, _open(row, "cs-pri"))


def _where(row: Deployment) -> str:
    title = stage_title(shown_step(row).stage)
    return f"{title[0].lower()}{title[1:]}"


def _place(row: Deployment) -> str:
    drill = ", drill channel" if row.channel.drill else ""
    return f"{row.release.system} · {row.channel.name}{drill}"


def _open(row: Deployment, look: str = "") -> Offer:
    return Offer("Open", rollout_url(row), look=look, is_dialog=False)


def _held(row: Deployment, more: tuple[Offer, ...]) -> Task:
    name, channel = row.release.name, row.channel.name
    if row.paused:
        sentence, chip = f"{name} is paused on {channel}; nobody gets it. {row.held_reason}", "Paused"
    else:
        sentence, chip = f"{name} is held at {_where(row)} on {channel}. {row.held_reason}", "Held"
    since = spoken((timezone.now() - row.state_changed_at).total_seconds())
    return Task(
        "held", "pause_circle", chip, sentence, f"{_place(row)} · for {since}", _open(row, "cs-pri"), more
    )


def _ready(row: Deployment, more: tuple[Offer, ...]) -> Task:
    following = next_step(row)
    title = stage_title(following.stage) if following else ""
    sentence = f"{row.release.name} can advance from {_where(row)} to {title.lower()} on {row.channel.name}."
    if current_step(row).stage.min_duration_seconds:
        meta = format_html("{} · minimum duration over since {}", _place(row), when(advance_at(row)))
    else:
        meta = format_html("{} · no minimum duration is planned", _place(row))
    return Task("pass", "stairs", "Can advance", sentence, meta, _open(row, "cs-pri"), more)


def _running(row: Deployment, more: tuple[Offer, ...]) -> Task:
    sentence = f"{row.release.name} is rolling out on {row.channel.name}: {_where(row)}."
    if legible_step(row) is None:
        meta = f"{_place(row)} · its plan cannot be read any more, so it cannot advance"
    elif advance_at(row) > timezone.now():
        meta = format_html("{} · can advance from {}", _place(row), when(advance_at(row)))
    else:
        meta = format_html("{} · since {}", _place(row), when(row.stage_entered_at or row.started_at))
    return Task("open", "stairs", "Rolling out", sentence, meta, _open(row), more)


def ready_to_start(actor: Actor) -> list[Task]:
    """Approved releases that were not started on a channel that their approval covers."""
    found = reach(actor, Permission.START_ROLLOUT)
    if found is None or not (found.systems or found.channels or found.everywhere):
        return []
    live = Approval.objects.filter(valid_until__gt=timezone.now(), revision__state=RevisionState.APPROVED)
    approvals = (
        visible_to(live, actor)
        .select_related("release__system", "revision")
        .prefetch_related("request__channel_rows__channel", "deployments")
        .order_by("approved_at")
    )
    tasks = []
    for approval in approvals:
        used = {row.channel_id for row in approval.deployments.all()}
        free = [row.channel for row in approval.request.channel_rows.all() if row.channel_id not in used]
        mine = [channel for channel in free if found.acts_on(channel.access_scope())]
        if mine:
            names = " and ".join(sorted(channel.name for channel in mine))
            tasks.append(_to_start(approval, names))
    return tasks


def _to_start(approval: Approval, names: str) -> Task:
    url = admin_url(Release, "change", approval.release_id)
    sentence = f"{approval.release.name} is approved for {names} and not started there yet."
    meta = format_html(
        "{} · approval valid until {}", approval.release.system, when(approval.valid_until, "date")
    )
    return Task("pass", "verified", "Approved", sentence, meta, Offer("Open", url, is_dialog=False))


def rollout_sections(actor: Actor) -> dict[str, Section]:
    """The sections by their key; empty ones too."""
    under_way = rollouts_under_way(actor)
    return {
        "held": Section(
            "held",
            "Held rollouts",
            "a release manager resumes; roll back if the reason stands",
            under_way.held,
            ("One rollout is held: it goes on or back.", "{} rollouts are held: they go on or back."),
        ),
        "stages": Section(
            "stages",
            "Stages to approve",
            "by what they show, and for nothing else",
            under_way.to_approve,
            ("One stage waits for your approval.", "{} stages wait for your approval."),
        ),
        "ready": Section(
            "ready",
            "Can advance now",
            "you answer for what nothing measures",
            under_way.ready,
            ("One rollout can advance.", "{} rollouts can advance."),
        ),
        "start": Section(
            "start",
            "Approved, not started",
            "",
            ready_to_start(actor),
            ("One approved release waits to be started.", "{} approved releases wait to be started."),
        ),
        "running": Section(
            "running",
            "Rolling out now",
            "hold and roll back are always in reach",
            [replace(task, is_waiting=True) for task in under_way.running],
            ("", ""),
        ),
    }
