"""The list of incidents, and the page of one: what happened, which release decided, what is left to do."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column, lock_reason
from governance.access.admin_parts import Table, events_of_streams, link
from governance.access.queries import has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from releases.bundles.models import Release
from releases.gates.models import GateEvaluation
from releases.monitoring.incidents.acts import (
    AddFollowUp,
    AttributeIncident,
    ConfirmIncident,
    DismissIncident,
    FileReport,
    FinishFollowUp,
    NameCriterion,
)
from releases.monitoring.incidents.missing import criteria_that_let_it_pass
from releases.monitoring.incidents.models import Attribution, FollowUp, Incident, IncidentStatus
from releases.monitoring.incidents.people import why_not_dismiss
from releases.monitoring.incidents.queries import listed_incidents
from releases.monitoring.incidents.report_act import ReportIncident, channels_for
from releases.monitoring.incidents.wording import due, effect, headline, named, said, to_do

S = IncidentStatus
LOOKS = {
    S.SUSPECTED: ("inc", "Suspected", "contrast"),
    S.CONFIRMED: ("fail", "Confirmed", "dangerous"),
    S.DISMISSED: ("void", "Dismissed", "block"),
}


@admin.register(Incident)
class IncidentAdmin(GovernedAdmin):
    """Incidents."""

    heading = "Incidents"
    lead = "What went wrong in the field: which release decided, and what is left to do about it."
    list_display = (
        "kind_column",
        "status_column",
        "channel_column",
        "release_column",
        "happened_column",
        "report_column",
        "left_column",
    )
    list_filter = ("channel__system", "channel", "status", "kind")
    search_fields = ("revision__release__name", "species", "reported_by_username")
    list_display_links = ("kind_column",)
    acts = (
        ("report/", ReportIncident, "report"),
        ("<uuid:pk>/confirm/", ConfirmIncident, "confirm"),
        ("<uuid:pk>/dismiss/", DismissIncident, "dismiss"),
        ("<uuid:pk>/attribute/", AttributeIncident, "attribute"),
        ("<uuid:pk>/file-report/", FileReport, "file_report"),
        ("<uuid:pk>/criterion/", NameCriterion, "criterion"),
        ("<uuid:pk>/follow-up/", AddFollowUp, "follow_up"),
        ("follow-ups/<uuid:pk>/done/", FinishFollowUp, "follow_up_done"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """Incidents with what the list and the page say of them."""
        return self.visible(listed_incidents(), request)

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Reporting, for those who may somewhere."""
        if channels_for(actor_from(request)).exists():
            yield Offer("Report an incident", self.url("report"), "add", "cs-pri")

    def detail_context(self, request: HttpRequest, obj: Incident) -> dict[str, Any]:
        """What happened, and what is left to do."""
        now = timezone.now()
        late = obj.report_filed_at is None and obj.report_due_at <= now and obj.status != S.DISMISSED
        offers = self._offers(request, obj)
        chips = [LOOKS[S(obj.status)], *([("fail", "Report overdue", "schedule")] if late else [])]
        return {
            "title": f"Incident on {obj.channel.name}",
            "headline": headline(obj, now),
            "support": effect(obj),
            "look": chips[0][0],
            "chips": chips,
            "lists": [_evidence(obj), self._follow_ups(request, obj, now)],
            "facts": _facts(obj, now),
            "events": events_of_streams([obj.stream()]),
            "offers": offers,
            "bar_says": next((f"{one.label} is locked: {one.why}" for one in offers if one.why), ""),
        }

    def _follow_ups(self, request: HttpRequest, obj: Incident, now: datetime) -> Table:
        actor = actor_from(request)
        may = has_permission(actor, Permission.HANDLE_INCIDENT, obj.channel)

        def close(row: FollowUp) -> Any:
            if row.done_at is not None or not (may or row.owner_id == actor.id):
                return row.outcome
            return link(self.url("follow_up_done", row.pk), "Close it")

        rows = [
            (row.text, row.owner_username, due(row.due_at, now, row.done_at), close(row))
            for row in obj.follow_ups.all()
        ]
        heads = ("What", "Who", "When", "What came of it")
        return Table("Follow-ups", heads, rows, empty="Nobody is to do anything yet.")

    def _offers(self, request: HttpRequest, obj: Incident) -> list[Offer]:
        if obj.status == S.DISMISSED:
            return []
        actor = actor_from(request)
        locked = lock_reason(actor, Permission.HANDLE_INCIDENT, obj.channel)

        def offer(label: str, name: str, icon: str, look: str = "", why: str = "") -> Offer:
            why = locked or why
            return Offer(label, self.url(name, obj.pk), icon, "" if why else look, why)

        barred = why_not_dismiss(actor, obj) if obj.status == S.SUSPECTED else ""
        barred = f"{barred} Somebody who had no part in it may dismiss it." if barred else ""
        suspected = obj.status == S.SUSPECTED
        return [
            *(self._further(obj, offer) if not locked else []),
            *([offer("Dismiss", "dismiss", "block", why=barred)] if suspected else []),
            *(
                [offer("Record the report", "file_report", "outgoing_mail", "" if suspected else "cs-pri")]
                if obj.report_filed_at is None
                else []
            ),
            *([offer("Confirm", "confirm", "dangerous", "cs-pri")] if suspected else []),
        ]

    def _further(self, obj: Incident, offer: Callable[..., Offer]) -> Iterator[Offer]:
        """What completes the record; who cannot do that sees only what is to be decided."""
        yield offer("Add follow-up", "follow_up", "add_task")
        if not obj.missed_reason:
            yield offer("Name what missed it", "criterion", "troubleshoot")
        if obj.attribution == Attribution.UNKNOWN:
            yield offer("Find out which release", "attribute", "person_search")

    @column("What", "kind")
    def kind_column(self, obj: Incident) -> str:
        species = f" ({obj.species})" if obj.species else ""
        return f"{obj.get_kind_display()}{species}"

    @column("State", "status")
    def status_column(self, obj: Incident) -> str:
        return obj.get_status_display()

    @column("Channel", "channel__name")
    def channel_column(self, obj: Incident) -> str:
        return f"{obj.channel.system.slug}: {obj.channel.name}"

    @column("Decided by")
    def release_column(self, obj: Incident) -> str:
        return named(obj)

    @column("Happened", "happened_at")
    def happened_column(self, obj: Incident) -> str:
        return said(obj.happened_at)

    @column("Report", "report_due_at")
    def report_column(self, obj: Incident) -> str:
        if obj.status == S.DISMISSED:
            return "none"
        return due(obj.report_due_at, timezone.now(), obj.report_filed_at)

    @column("Left to do")
    def left_column(self, obj: Incident) -> str:
        return ", ".join(to_do(obj, list(obj.follow_ups.all()), timezone.now())) or "nothing"


def _evidence(obj: Incident) -> Table:
    rows: list[tuple[Any, Any]] = [("Text", obj.evidence["text"])]
    rows += [("Link", link(one, one)) for one in obj.evidence["links"]]
    rows += [("Digest", one) for one in obj.evidence["digests"]]
    if obj.conclusion:
        rows.append(("Conclusion", obj.conclusion))
    return Table("Evidence", ("", ""), rows, note=f"reported by {obj.reported_by_username}")


def _facts(obj: Incident, now: datetime) -> list[tuple[str, Any]]:
    return [
        ("Channel", f"{obj.channel.name} of {obj.channel.system}"),
        ("Happened", said(obj.happened_at)),
        ("Decided by", _decided(obj)),
        *([("Stage", obj.stage.replace("_", " "))] if obj.stage else []),
        *([("Species", obj.species)] if obj.species else []),
        *_decision(obj),
        ("Reported", f"{said(obj.reported_at)} by {obj.reported_by_username}"),
        *_status(obj),
        ("Report", _report(obj, now)),
        ("Missed by", _missed(obj)),
    ]


def _decided(obj: Incident) -> Any:
    if obj.revision is None:
        return obj.get_attribution_display()
    url = f"{admin_url(Release, 'change', obj.revision.release_id)}?revision={obj.revision.number}"
    return link(url, f"{named(obj)}, {obj.get_attribution_display()}")


def _decision(obj: Incident) -> list[tuple[str, Any]]:
    if obj.decision is None:
        return [("Subject", obj.subject)] if obj.subject else []
    return [("Decision", link(f"{reverse('admin:decision_search')}?id={obj.decision}", obj.decision))]


def _status(obj: Incident) -> list[tuple[str, str]]:
    if obj.status == S.SUSPECTED:
        return []
    word = obj.get_status_display()
    return [(word, f"{said(obj.status_changed_at)} by {obj.status_changed_by_username}")]


def _report(obj: Incident, now: datetime) -> str:
    if obj.status == S.DISMISSED:
        return "none is due"
    if obj.report_filed_at is None:
        return due(obj.report_due_at, now, None)
    return f"{said(obj.report_filed_at)} by {obj.report_filed_by_username}: {obj.report_reference}"


def _missed(obj: Incident) -> Any:
    if not obj.missed_reason:
        return "nobody has looked yet"
    if obj.evaluation is None or not obj.missed_by:
        return f"no criterion: {obj.missed_reason}"
    title = criteria_that_let_it_pass(obj).criteria.get(obj.missed_by, obj.missed_by)
    url = admin_url(GateEvaluation, "change", obj.evaluation_id)
    return link(url, f"{title}: {obj.missed_reason}")
