"""Asking for a dossier: of a release from its page, of a decision from its trace, of a time from the list."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse

from audits.dossiers.models import Dossier
from audits.dossiers.services import request_dossier
from audits.dossiers.subjects import Subject
from audits.pages.release_acts import RevisionAct
from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import admin_url
from governance.actors import Actor
from releases.bundles.models import Revision
from releases.monitoring.decisions.models import Decision

BECOMES = (
    "A worker puts together every entry about it that you may read, each with its proof, what those entries "
    "name, signed statements and a report. That you asked stands in the ledger."
)
ASKED = "The dossier is asked for; its page says when it is ready."


class _Asked(Act):
    """The way leads to the dossier that was asked for."""

    made: Dossier | None = None

    def ask(self, actor: Actor, subject: Subject) -> str:
        """Call the verb."""
        self.made = request_dossier(actor, subject=subject)
        return ASKED

    def leaving(self, url: str) -> HttpResponse:
        """To the dossier."""
        return super().leaving(admin_url(Dossier, "change", self.made.pk) if self.made else url)


class RequestForRelease(_Asked, RevisionAct):
    """Ask for the dossier of a release."""

    form_class = ActForm

    def words(self, target: Revision) -> Words:
        """What comes of it."""
        return Words(f"Request a dossier of {target.release.name}", BECOMES, "Request dossier")

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:
        """Ask for it."""
        return self.ask(actor, Subject(release=target.release))


class RequestForDecision(_Asked):
    """Ask for the dossier of a decision."""

    form_class = ActForm

    def rows(self) -> QuerySet[Decision]:
        """Decisions."""
        return Decision.objects.select_related("channel__system")

    def words(self, target: Decision) -> Words:
        """What comes of it."""
        return Words(f"Request a dossier of the decision {target.id}", BECOMES, "Request dossier")

    def run(self, actor: Actor, target: Decision, given: dict[str, Any]) -> str:
        """Ask for it."""
        return self.ask(actor, Subject(decision=target))

    def next_url(self, target: Decision) -> str:
        """The list of dossiers."""
        return admin_url(Dossier, "changelist")


def _moment(label: str) -> forms.DateTimeField:
    picker = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=picker)


class PeriodForm(ActForm):
    """From when until when."""

    renamed = {"period": "start"}
    start = _moment("From (UTC)")
    end = _moment("Until (UTC), not included")


class RequestForPeriod(_Asked):
    """Ask for the dossier of a time."""

    form_class = PeriodForm

    def words(self, target: None) -> Words:
        """What comes of it."""
        return Words(
            "Request a dossier of a period",
            "It holds every entry of the installation from that time, of all systems and people, each with "
            "its proof. That you asked stands in the ledger.",
            "Request dossier",
        )

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Ask for it."""
        return self.ask(actor, Subject(period=(_utc(given["start"]), _utc(given["end"]))))

    def next_url(self, target: None) -> str:
        """The list of dossiers."""
        return admin_url(Dossier, "changelist")


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
