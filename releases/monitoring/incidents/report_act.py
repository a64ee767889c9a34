"""Reporting an incident from the list: a form, and the verb that it calls."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from governance.access.admin_acts import Act, ActForm, Words, choices_of, chosen
from governance.access.admin_base import admin_url
from governance.access.admin_parts import UtcDateTimeField
from governance.access.queries import reach
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.models import Channel
from releases.monitoring.incidents.attribution import Named
from releases.monitoring.incidents.models import Incident, IncidentKind, IncidentStatus
from releases.monitoring.incidents.services import Told, report_incident


def channels_for(actor: Actor) -> QuerySet[Channel]:
    """Channels on which the actor may report incidents."""
    rows = Channel.objects.select_related("system").order_by("system__slug", "name")
    found = reach(actor, Permission.HANDLE_INCIDENT)
    if found is None:
        return rows.none()
    if found.everywhere:
        return rows
    return rows.filter(system__in=found.systems) | rows.filter(pk__in=list(found.channels))


class ReportForm(ActForm):
    """What went wrong. With the decision's id, time and subject are known."""

    channel = forms.ChoiceField(label="Channel")
    kind = forms.ChoiceField(label="What happened", choices=IncidentKind.choices)
    status = forms.ChoiceField(
        label="How sure is it",
        choices=[
            (IncidentStatus.SUSPECTED, "Suspected"),
            (IncidentStatus.CONFIRMED, "Confirmed"),
        ],
    )
    decision = forms.UUIDField(
        label="Id of the decision", required=False, help_text="Where it is known, nothing else is needed."
    )
    happened_at = UtcDateTimeField(label="Else when it happened (UTC)", required=False)
    subject = forms.CharField(
        label="And whom it met",
        max_length=200,
        required=False,
        help_text="The pseudonym by which the decision service asks; it tells which release decided.",
    )
    species = forms.CharField(
        label="Attack species", max_length=100, required=False, help_text="Such as print, replay or mask."
    )
    text = forms.CharField(
        label="Evidence",
        max_length=10_000,
        help_text="What was seen, and where. No names of people.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    links = forms.CharField(
        label="Links",
        required=False,
        help_text="Addresses of tickets or recordings, one a line.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    renamed = {"evidence": "text"}

    def __init__(self, *args: Any, channels: QuerySet[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = choices_of(channels, lambda row: f"{row.name} of {row.system.slug}")
        self.fields["channel"].choices = choices  # type: ignore[attr-defined]  # a choice field


class ReportIncident(Act):
    """Report an incident."""

    form_class = ReportForm

    def form_arguments(self, actor: Actor, target: None) -> dict[str, Any]:
        """The channels on which the person may."""
        return {"channels": channels_for(actor)}

    def initial(self, target: None) -> dict[str, Any]:
        """The decision from whose trace the person came."""
        return {
            "decision": self.request.GET.get("decision", ""),
            "channel": self.request.GET.get("channel", ""),
        }

    def words(self, target: None) -> Words:
        """What it sets off."""
        return Words(
            "Report an incident",
            "A suspected one holds what is on its way on the channel, a confirmed one takes back what "
            "decided, where the rollback plan has a trigger for it.",
            "Report it",
        )

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Report it."""
        channel = chosen(Channel.objects.select_related("system"), given["channel"])
        assert isinstance(channel, Channel)
        named = Named(given["decision"], given["subject"] or "", given["happened_at"])
        evidence = {"text": given["text"], "links": given["links"].split()}
        told = Told(given["kind"], given["status"], evidence, named, given["species"])
        self.made = report_incident(actor, channel=channel, told=told).pk
        return "The incident is on record, and those who handle it are told."

    def next_url(self, target: None) -> str:
        """The incident, or the list."""
        made = getattr(self, "made", None)
        return admin_url(Incident, "change", made) if made else admin_url(Incident, "changelist")
