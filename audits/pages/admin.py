"""Lists whose detail pages combine slices: releases, evaluations, requests."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from audits.pages.drafting import drafting_systems
from audits.pages.findings import STATES, finding
from audits.pages.release_facts import named, newest_states
from audits.pages.release_page import release_context
from audits.pages.standing import Facts, standing
from audits.templatetags.countersign import chip, st, when
from governance.access.admin_base import Crumb, GovernedAdmin, Offer, column
from governance.access.requests import actor_from
from releases.approvals.eligibility import effective_state
from releases.approvals.grounds import gate_in_words
from releases.approvals.models import ApprovalRequest, RequestState
from releases.approvals.queries import listed_requests
from releases.bundles.models import Release, Revision
from releases.gates.models import GateEvaluation, Override
from releases.gates.overrides.queries import gate_overrides, stands_at
from releases.gates.overrides.standing import Standing, by_whom, overridden
from releases.rollouts.models import Deployment
from releases.rollouts.stages import ON_ITS_WAY

REQUEST_LOOKS = {
    RequestState.OPEN: ("open", "how_to_vote"),
    RequestState.APPROVED: ("pass", "check_circle"),
    RequestState.REJECTED: ("fail", "cancel"),
    RequestState.CHANGES_REQUESTED: ("held", "edit"),
}


@admin.register(Release)
class ReleaseAdmin(GovernedAdmin):
    """Releases by where they stand."""

    detail_template = "countersign/release.html"
    lead = "Every release with where it stands now. The newest revision counts."
    list_display = (
        "name_column",
        "standing_column",
        "gate_column",
        "system",
        "owner_username",
        "created_column",
    )
    list_filter = ("system", "revisions__state")
    search_fields = ("name", "system__slug", "owner_username")
    list_display_links = ("name_column",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        """Releases with all that their rows show, in a fixed number of queries."""
        newest = Revision.objects.order_by("-number")
        evaluations = GateEvaluation.objects.defer("inputs", "result").order_by("-requested_at", "-id")
        deployments = Deployment.objects.select_related("channel").order_by("-started_at")
        return (
            super()
            .get_queryset(request)
            .select_related("system")
            .prefetch_related(
                Prefetch("revisions", queryset=newest),
                Prefetch("evaluations", queryset=evaluations),
                Prefetch("deployments", queryset=deployments),
                Prefetch("overrides", queryset=gate_overrides()),
            )
            .distinct()
        )

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Drafting, for those who may."""
        if drafting_systems(actor_from(request)).exists():
            yield Offer("Draft a release", reverse("admin:release_draft"), "add", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: Release) -> dict[str, Any]:
        """The release page."""
        return release_context(request, obj)

    def crumbs(self, obj: Release) -> list[Crumb]:
        """The release by its name alone; its system stands on the page."""
        return [("Releases", self.url("changelist")), (obj.name, "")]

    @column("Release", "name")
    def name_column(self, obj: Release) -> str:
        return obj.name

    @column("Where it stands")
    def standing_column(self, obj: Release) -> str:
        newest = next(iter(obj.revisions.all()))
        rows = [row for row in obj.deployments.all() if row.revision_id == newest.pk]
        states = newest_states(rows)
        moving = sorted(name for name, state in states.items() if state in ON_ITS_WAY)
        live = named(states, "live")
        facts = Facts(
            obj.name,
            newest.number,
            newest.state,
            adopted=newest.adopted,
            verdict=_verdict(obj, newest),
            overridden=_counting(obj, newest),
            live=live,
            on_the_way=moving,
            is_held="held" in states.values(),
            rolled_back=named(states, "rolled_back"),
            superseded=named(states, "superseded"),
            ready=("its channels",) if newest.state == "approved" and not states else (),
        )
        stands = standing(facts)
        where = ", ".join(moving or live)
        return st(stands.look, f"{stands.chip} on {where}" if where else stands.chip, stands.icon)

    @column("Gate")
    def gate_column(self, obj: Release) -> str:
        newest = next(iter(obj.revisions.all()))
        look, icon, title = STATES[_verdict(obj, newest)]
        past = _past(row for row in obj.overrides.all() if row.revision_id == newest.pk)
        return format_html("{}{}", st(look, title, icon), past)

    @column("Drafted", "created_at")
    def created_column(self, obj: Release) -> str:
        return when(obj.created_at, "date")


def _verdict(release: Release, revision: Revision) -> str:
    rows = [row for row in release.evaluations.all() if row.revision_id == revision.pk]
    if not rows:
        return "none"
    return {"requested": "requested", "failed": "error"}.get(rows[0].status, rows[0].verdict)


def _counting(release: Release, revision: Revision) -> str:
    """The verdict in words where an override in force goes past it; else empty."""
    now = timezone.now()
    rows = [(row, stands_at(row, now)) for row in release.overrides.all() if row.revision_id == revision.pk]
    return next((overridden(row, stands) for row, stands in rows if stands is Standing.IN_FORCE), "")


def _past(overrides: Iterable[Override]) -> str:
    """``overridden until 27 Nov 14:00 UTC by two persons`` in a line of its own, where an override in force
    goes past the verdict; else that one did."""
    now = timezone.now()
    rows = [(row, stands_at(row, now)) for row in overrides]
    counting = [row for row, stands in rows if stands is Standing.IN_FORCE]
    if counting:
        until = f"{counting[0].expires_at:%-d %b %H:%M} UTC"
        words = f"overridden until {until} by {by_whom(counting[0])}{_haste(counting)}"
    elif past := [row for row, _ in rows if row.withdrawn_at is None]:
        words = f"was overridden{_haste(past)}"
    else:
        return ""
    return format_html('<br><span class="cs-muted cs-xs">{}</span>', words)


def _haste(overrides: Sequence[Override]) -> str:
    return ", expedited" if any(row.expedite for row in overrides) else ""


@admin.register(GateEvaluation)
class GateEvaluationAdmin(GovernedAdmin):
    """Runs of the gate; each leads to its revision's brief."""

    lead = "Every run of the gate, newest first. A later run replaces none."
    list_display = ("release_column", "verdict_column", "policy", "requested_column", "requested_by_username")
    list_filter = ("release__system", "verdict", "status")
    search_fields = ("release__name",)
    list_select_related = ("release__system", "revision", "policy")

    def get_queryset(self, request: HttpRequest) -> QuerySet[GateEvaluation]:
        """Without the large documents."""
        rows = super().get_queryset(request).defer("inputs", "result")
        return rows.prefetch_related(Prefetch("overrides", queryset=gate_overrides()))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """The brief of the revision."""
        found = self.find(request, object_id or "")
        return HttpResponseRedirect(reverse("admin:review", args=[found.revision_id]))

    @column("Release", "release__name")
    def release_column(self, obj: GateEvaluation) -> str:
        return f"{obj.release.name}, revision {obj.revision.number}"

    @column("Verdict", "verdict")
    def verdict_column(self, obj: GateEvaluation) -> str:
        found = finding(obj.release.name, obj.status, obj.verdict, {"sentence": ""})
        return format_html("{}{}", st(found.look, found.title, found.icon), _past(obj.overrides.all()))

    @column("Asked for", "requested_at")
    def requested_column(self, obj: GateEvaluation) -> str:
        return when(obj.requested_at)


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(GovernedAdmin):
    """Requests for approval; each leads to its revision's brief."""

    lead = "Every request for approval, by deadline."
    list_display = (
        "release_column",
        "state_column",
        "gate_column",
        "channels_column",
        "votes_column",
        "deadline_column",
        "asker",
    )
    list_filter = ("system", "state")
    search_fields = ("release__name", "requested_by_username")
    ordering = ("-requested_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalRequest]:
        """Requests with all that their rows show."""
        return self.visible(listed_requests().defer("evaluation__inputs", "evaluation__result"), request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """The brief of the revision."""
        found = self.find(request, object_id or "")
        return HttpResponseRedirect(reverse("admin:review", args=[found.revision_id]))

    @column("Release", "release__name")
    def release_column(self, obj: ApprovalRequest) -> str:
        return f"{obj.release.name}, revision {obj.revision.number}"

    @column("State", "state")
    def state_column(self, obj: ApprovalRequest) -> str:
        state = effective_state(obj, timezone.now())
        look, icon = REQUEST_LOOKS.get(state, ("void", "block"))
        return chip(look, str(state.label), icon)

    @column("Gate")
    def gate_column(self, obj: ApprovalRequest) -> str:
        words = gate_in_words(obj, timezone.now())
        return f"{words[0].upper()}{words[1:]}"

    @column("Channels")
    def channels_column(self, obj: ApprovalRequest) -> str:
        return ", ".join(sorted(row.channel.name for row in obj.channel_rows.all()))

    @column("Votes")
    def votes_column(self, obj: ApprovalRequest) -> str:
        seats = sum(int(rule["count"]) for rule in obj.rule_snapshot["rules"])
        return f"{len(obj.votes.all())} for {seats} seat{'' if seats == 1 else 's'}"

    @column("Deadline", "deadline_at")
    def deadline_column(self, obj: ApprovalRequest) -> str:
        return when(obj.deadline_at)

    @column("Asked by", "requested_by_username")
    def asker(self, obj: ApprovalRequest) -> str:
        return obj.requested_by_username
