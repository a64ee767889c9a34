"""The list of overrides, and the page of one: what was let past its gate, by whom, until when."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import GovernedAdmin, Offer, column, lock_reason
from governance.access.admin_parts import Table, events_of_streams
from governance.access.queries import has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.registry.models import Channel
from releases.gates.models import Override
from releases.gates.overrides.acts import ReviewExpedite, WithdrawOverride
from releases.gates.overrides.people import permission_over, scope_of
from releases.gates.overrides.queries import is_used, listed_overrides, stands_at
from releases.gates.overrides.standing import Standing, goes_past, overridden

WORDS = {
    Standing.IN_FORCE: ("held", "In force", "key"),
    Standing.EXPIRED: ("void", "Expired", "history"),
    Standing.WITHDRAWN: ("void", "Withdrawn", "undo"),
    Standing.OUTDATED: ("void", "Another result since", "history"),
}


@admin.register(Override)
class OverrideAdmin(GovernedAdmin):
    """Overrides."""

    heading = "Overrides"
    lead = (
        "Every time a release was let past a gate that it had not passed, or past a trigger that fired. "
        "The verdict stays what it was, and the trigger goes on being evaluated."
    )
    list_display = (
        "release_column",
        "sentence_column",
        "standing_column",
        "given_column",
        "by_column",
        "expires_column",
    )
    list_filter = ("release__system", "verdict", "expedite")
    search_fields = ("release__name", "given_by_username", "confirmed_by_username")
    list_display_links = ("release_column",)
    acts = (
        ("<uuid:pk>/withdraw/", WithdrawOverride, "withdraw"),
        ("<uuid:pk>/review/", ReviewExpedite, "review"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Override]:
        """Overrides with what tells how each stands."""
        return self.visible(listed_overrides(), request)

    def detail_context(self, request: HttpRequest, obj: Override) -> dict[str, Any]:
        """What it goes past, who answers for it, and what became of it."""
        stands = stands_at(obj, timezone.now())
        words = overridden(obj, stands)
        names = Channel.objects.filter(pk__in=obj.channels).order_by("name").values_list("name", flat=True)
        result = obj.evaluation.result if obj.evaluation else {}
        titles = {str(one["key"]): one for one in result.get("criteria", [])}
        rows = [
            (titles.get(key, {}).get("title", key), titles.get(key, {}).get("sentence", ""))
            for key in obj.criteria
        ]
        return {
            "headline": f"{obj.release.name}, revision {obj.revision.number}: {_what(obj)}{words}.",
            "support": obj.reason,
            "look": WORDS[stands][0],
            "chips": [WORDS[stands], *_review_chips(obj)],
            "lists": [
                Table("Goes past", ("Criterion", "What it says"), rows, note=_verdict(obj)),
            ],
            "facts": [
                ("System", obj.release.system),
                ("Channels", ", ".join(names)),
                ("Given", f"{_at(obj.given_at)} by {_by(obj)}"),
                ("Expires", _at(obj.expires_at)),
                *_ending(obj),
                *_review(obj),
                ("Result", obj.result_digest),
            ],
            "events": events_of_streams([obj.stream()]),
            "offers": self._offers(request, obj, stands),
        }

    def _offers(self, request: HttpRequest, obj: Override, stands: Standing) -> list[Offer]:
        actor = actor_from(request)
        offers = [
            Offer("Open the rollout", _rollout(obj), "rocket_launch", is_dialog=False)
            if obj.trigger
            else Offer("Open the brief", _brief(obj), "fact_check", is_dialog=False)
        ]
        used = is_used(obj)
        may = has_permission(actor, permission_over(obj), scope_of(obj))
        if stands is Standing.IN_FORCE and not used and may:
            offers.append(Offer("Withdraw override", self.url("withdraw", obj.pk), "undo", "cs-dan"))
        if obj.expedite and obj.reviewed_at is None and used:
            why = lock_reason(actor, Permission.REVIEW_EXPEDITE, scope_of(obj))
            if actor.username in {obj.given_by_username, obj.confirmed_by_username}:
                why = "You gave it; a third person reviews it."
            offers.append(
                Offer("Review", self.url("review", obj.pk), "rate_review", "" if why else "cs-pri", why)
            )
        return offers

    @column("Release", "release__name")
    def release_column(self, obj: Override) -> str:
        return f"{obj.release.name}, revision {obj.revision.number}"

    @column("Goes past", "verdict")
    def sentence_column(self, obj: Override) -> str:
        if obj.trigger_id:
            return goes_past(obj).capitalize()
        return f"{obj.get_verdict_display()}{', expedited' if obj.expedite else ''}"

    @column("State")
    def standing_column(self, obj: Override) -> str:
        return WORDS[stands_at(obj, timezone.now())][1]

    @column("Given", "given_at")
    def given_column(self, obj: Override) -> str:
        return f"{obj.given_at:%-d %b %Y}"

    @column("By")
    def by_column(self, obj: Override) -> str:
        return _by(obj)

    @column("Expires", "expires_at")
    def expires_column(self, obj: Override) -> str:
        return _at(obj.expires_at)


def _verdict(obj: Override) -> str:
    return str(obj.get_verdict_display()) if obj.verdict else "A trigger"


def _what(obj: Override) -> str:
    return "" if obj.trigger_id else "gate "


def _brief(obj: Override) -> str:
    return reverse("admin:review", args=[obj.revision_id])


def _rollout(obj: Override) -> str:
    assert obj.trigger is not None
    return reverse("admin:rollout", args=[obj.trigger.deployment_id])


def _at(at: Any) -> str:
    return f"{at:%-d %b %Y, %H:%M} UTC"


def _by(obj: Override) -> str:
    second = f" and {obj.confirmed_by_username}" if obj.confirmed_by_username else ""
    return f"{obj.given_by_username}{second}"


def _ending(obj: Override) -> list[tuple[str, str]]:
    if obj.withdrawn_at is None:
        return []
    said = f"{_at(obj.withdrawn_at)} by {obj.withdrawn_by_username}: {obj.withdrawal_reason}"
    return [("Withdrawn", said)]


def _review(obj: Override) -> list[tuple[str, str]]:
    if not obj.expedite or obj.review_due_at is None:
        return []
    if obj.reviewed_at is None:
        return [("Review due", _at(obj.review_due_at))]
    return [("Reviewed", f"{_at(obj.reviewed_at)} by {obj.reviewed_by_username}: {obj.review_conclusion}")]


def _review_chips(obj: Override) -> list[tuple[str, str, str]]:
    if not obj.expedite:
        return []
    if obj.reviewed_at is not None:
        return [("held", "Expedited", "bolt"), ("pass", "Reviewed", "rate_review")]
    overdue = obj.review_due_at is not None and obj.review_due_at <= timezone.now()
    review = ("fail", "Review overdue", "rate_review") if overdue else ("open", "Review due", "rate_review")
    return [("held", "Expedited", "bolt"), review]
