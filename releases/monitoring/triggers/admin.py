"""The list of triggers, and the page of one: how it stands, what it read, what can be done about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import GovernedAdmin, Offer, column, lock_reason
from governance.access.admin_parts import Document, Table, events_of_streams, json_document, link
from governance.access.requests import actor_from
from governance.access.roles import Permission
from releases.monitoring.triggers.acts import AcknowledgeTrigger, ConfirmTriggerOverride, OverrideTrigger
from releases.monitoring.triggers.models import TriggerReading, TriggerStatus
from releases.monitoring.triggers.queries import (
    listed_triggers,
    open_proposals_of,
    override_of,
    shown_sentence,
    shown_state,
    spec_of,
)
from releases.monitoring.triggers.services import why_not_acknowledge
from releases.monitoring.triggers.vocabulary import State
from releases.monitoring.triggers.wording import e_value, number, percent

LOOKS = {
    State.INACTIVE: ("pass", "Quiet", "check_circle"),
    State.PENDING: ("inc", "Pending", "hourglass_top"),
    State.FIRING: ("fail", "Firing", "notifications_active"),
    State.RECOVERING: ("inc", "Recovering", "trending_down"),
    State.NO_DATA: ("inc", "No data", "signal_disconnected"),
    State.ERROR: ("fail", "Cannot be evaluated", "error"),
    State.OVERRIDDEN: ("held", "Overridden", "key"),
}
ASKS = {"rollback": "a rollback", "hold": "a hold", "notify": "a message", "": "nothing"}
SHOWN = 24
FOUND = {"breach": "over its limit", "clear": "good", "between": "between", "waiting": "too few"}
OF_SHARES = frozenset({"threshold", "vs_control"})


@admin.register(TriggerStatus)
class TriggerStatusAdmin(GovernedAdmin):
    """Triggers."""

    heading = "Triggers"
    lead = "What watches each rollout: how it stands, what it saw, and what it asks for."
    list_display = (
        "trigger_column",
        "state_column",
        "rollout_column",
        "asks_column",
        "sentence_column",
        "changed_column",
    )
    list_filter = ("deployment__channel", "kind", "phase", "lack")
    search_fields = ("key", "segment", "deployment__release__name")
    list_display_links = ("trigger_column",)
    acts = (
        ("<uuid:pk>/acknowledge/", AcknowledgeTrigger, "acknowledge"),
        ("<uuid:pk>/override/", OverrideTrigger, "override"),
        ("<uuid:pk>/confirm/", ConfirmTriggerOverride, "confirm"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TriggerStatus]:
        """Triggers with what the list and the page say of them."""
        return self.visible(listed_triggers(), request)

    def detail_context(self, request: HttpRequest, obj: TriggerStatus) -> dict[str, Any]:
        """How it stands, and what it rests on."""
        now, deployment = timezone.now(), obj.deployment
        look = LOOKS[shown_state(obj, now)]
        return {
            "title": f"Trigger {obj}",
            "headline": f"{obj} of {deployment.release.name} on {deployment.channel.name}: "
            f"{look[1].lower()}.",
            "support": shown_sentence(obj),
            "look": look[0],
            "chips": [look, *([("held", "Latched", "lock")] if obj.latched else [])],
            "lists": [_readings(obj)],
            "documents": _documents(obj),
            "facts": _facts(obj),
            "events": events_of_streams([obj.stream()]),
            "offers": self._offers(request, obj),
        }

    def _offers(self, request: HttpRequest, obj: TriggerStatus) -> list[Offer]:
        actor, now = actor_from(request), timezone.now()
        rollout = reverse("admin:rollout", args=[obj.deployment_id])
        offers = [Offer("Open the rollout", rollout, "stairs", is_dialog=False)]
        if obj.latched:
            why = lock_reason(actor, Permission.RESUME_ROLLOUT, obj.deployment.channel)
            why = why or why_not_acknowledge(actor, obj)
            offers.append(Offer("Acknowledge", self.url("acknowledge", obj.pk), "done_all", "", why))
        if not obj.action or obj.kind == "event" or override_of(obj, now):
            return offers
        two = spec_of(obj).severity == "critical"
        permission = Permission.OVERRIDE_FAIL if two else Permission.OVERRIDE_INCONCLUSIVE
        why = lock_reason(actor, permission, obj.deployment.channel)
        proposed = open_proposals_of(obj, now)
        if proposed and proposed[0].proposed_by_username == actor.username:
            why = "You proposed it; another person confirms it."
        label, name = ("Confirm override", "confirm") if proposed else ("Override", "override")
        return [*offers, Offer(label, self.url(name, obj.pk), "key", "" if why else "cs-pri", why)]

    @column("Trigger", "key")
    def trigger_column(self, obj: TriggerStatus) -> str:
        return str(obj)

    @column("State", "phase")
    def state_column(self, obj: TriggerStatus) -> str:
        return LOOKS[shown_state(obj, timezone.now())][1]

    @column("Rollout", "deployment")
    def rollout_column(self, obj: TriggerStatus) -> str:
        return f"{obj.deployment.release.name} on {obj.deployment.channel.name}"

    @column("Asks for", "action")
    def asks_column(self, obj: TriggerStatus) -> str:
        return ASKS[obj.action]

    @column("What it saw")
    def sentence_column(self, obj: TriggerStatus) -> str:
        return shown_sentence(obj)

    @column("Changed", "changed_at")
    def changed_column(self, obj: TriggerStatus) -> str:
        return _at(obj.changed_at)


def _at(at: Any) -> str:
    return f"{at:%-d %b %Y, %H:%M} UTC" if at else "–"


def _facts(obj: TriggerStatus) -> list[tuple[str, Any]]:
    deployment, spec = obj.deployment, spec_of(obj)
    memory = getattr(obj, "memory", None)
    past = override_of(obj, timezone.now())
    facts = [
        ("Rollout", link(reverse("admin:rollout", args=[deployment.pk]), deployment.release.name)),
        ("Channel", f"{deployment.channel.system.slug}: {deployment.channel.name}"),
        ("Asks for", ASKS[obj.action]),
        ("Its plan says", f"{ASKS[spec.action]} ({spec.severity}, {spec.mode})"),
        ("Owner", spec.owner),
        ("Since", _at(obj.since)),
        ("Evaluated", _at(memory.evaluated_at if memory else None)),
        ("Data up to", _at(memory.judged_to if memory else None)),
        ("Evidence", obj.evidence_digest or "–"),
    ]
    if obj.acknowledged_at:
        facts.append(("Acknowledged", f"{_at(obj.acknowledged_at)} by {obj.acknowledged_by_username}"))
    if past:
        facts.append(("Overridden until", _at(past.expires_at)))
    return facts


def _readings(obj: TriggerStatus) -> Table:
    newest = list(obj.readings.order_by("-at")[:SHOWN])
    said = percent if obj.kind in OF_SHARES else number
    return Table(
        "What it read",
        ("Until", "Found", "Value", "Control", "Limit", "E"),
        [_reading(one, said) for one in newest],
        note=f"The newest {SHOWN} windows." if len(newest) == SHOWN else "",
        empty="No window was judged yet.",
    )


def _reading(one: TriggerReading, said: Callable[[float], str]) -> tuple[str, ...]:
    read = (one.value, one.control, one.limit)
    numbers = ("–" if value is None else said(value) for value in read)
    return (_at(one.at), FOUND[one.judgement], *numbers, "–" if one.log_e is None else e_value(one.log_e))


def _documents(obj: TriggerStatus) -> list[Document]:
    plan = json_document("As the plan states it", spec_of(obj).model_dump(mode="json", exclude_unset=True))
    if not obj.evidence:
        return [plan]
    return [plan, json_document("Evidence of its last change", obj.evidence)]
