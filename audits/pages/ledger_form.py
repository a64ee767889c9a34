"""What the ledger is asked for; read from the address alone, so that a question can be sent as a link."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from governance.access.admin_parts import UtcDateTimeField
from governance.access.models import Account
from governance.access.queries import accounts_visible_to, grants_visible_to, visible_to
from governance.actors import Actor
from governance.ledger.events import EVENTS
from governance.registry.models import Channel, System
from releases.bundles.models import Release

MOST_CHOICES = 500
ANY = ("", "any")
GROUPS = {"verb": "Refusals", "refusals": "Refusals", "vote": "Votes"}


class LedgerForm(forms.Form):
    """The filters of :data:`audits.records.searching.FILTERS`, by the same names."""

    release = forms.UUIDField(label="Release", required=False)
    system = forms.UUIDField(label="System", required=False)
    channel = forms.UUIDField(label="Channel", required=False)
    person = forms.UUIDField(label="Person", required=False)
    event = forms.ChoiceField(label="Event", required=False)
    at_from = UtcDateTimeField(label="From (UTC)", required=False)
    at_until = UtcDateTimeField(label="Until, not included (UTC)", required=False)
    stream = forms.CharField(label="One history", required=False, max_length=120)
    refused = forms.BooleanField(label="Refused attempts only", required=False)

    may_be_incomplete = True

    def __init__(self, data: QueryDict | None, *, actor: Actor) -> None:
        super().__init__(data or QueryDict())
        for name, choices in _choices(actor).items():
            chosen = str(self[name].value() or "")
            beside = [(chosen, "as asked for")] if chosen and chosen not in dict(choices) else []
            self.fields[name].widget = forms.Select(choices=[ANY, *beside, *choices])
        self.fields["event"].choices = [ANY, *_events()]  # type: ignore[attr-defined]  # a choice field
        if not self["stream"].value():
            self.fields["stream"].widget = forms.HiddenInput()

    @property
    def wrong(self) -> bool:
        """Whether something was asked that means nothing."""
        return bool(self.errors)

    def given(self) -> dict[str, Any]:
        """What was asked for; nothing where one of it means nothing."""
        return {} if self.wrong else {name: value for name, value in self.cleaned_data.items() if value}

    def as_query(self) -> str:
        """What was asked for as the interface takes it."""
        return urlencode({name: _spelled(value) for name, value in self.given().items()})

    @property
    def shown(self) -> list[Any]:
        """The fields that are seen."""
        return [field for field in self if not field.is_hidden]


def _spelled(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "true" if value is True else str(value)


def _choices(actor: Actor) -> dict[str, list[tuple[str, str]]]:
    """What the reader may see, by name."""
    releases = visible_to(Release.objects.select_related("system"), actor).order_by("-created_at", "-pk")
    channels = visible_to(Channel.objects.select_related("system"), actor).order_by("system__slug", "name")
    systems = visible_to(System.objects.all(), actor).order_by("slug")
    granted = grants_visible_to(actor).order_by().values("account_id")
    people = Account.objects.filter(pk__in=granted) | Account.objects.filter(
        pk__in=accounts_visible_to(actor).order_by().values("pk")
    )
    named = people.order_by("username").values_list("pk", "username")
    return {
        "release": [(str(row.pk), f"{row.system} {row.name}") for row in releases[:MOST_CHOICES]],
        "channel": [(str(row.pk), f"{row.system} {row.name}") for row in channels[:MOST_CHOICES]],
        "system": [(str(row.pk), str(row)) for row in systems[:MOST_CHOICES]],
        "person": [(str(key), name) for key, name in named[:MOST_CHOICES]],
    }


def _events() -> list[tuple[str, list[tuple[str, str]]]]:
    """The catalogue, grouped by what an event is about."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for event in EVENTS.values():
        noun = event.name.partition(".")[0]
        groups.setdefault(GROUPS.get(noun, noun.replace("_", " ").capitalize()), []).append(
            (event.name, event.title)
        )
    return sorted(groups.items())
