"""The five answers of an audit about one revision, on one page that prints (S21 to S25)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from audits.answers.answered import Answer, Fact, Question, Stands
from audits.answers.changed import named
from audits.answers.drift_report import launched_revision
from audits.answers.release_answers import ReleaseAnswers, answers_of
from audits.pages.frame import draw
from audits.pages.standing import listed, number
from governance.access.admin_base import admin_url
from governance.access.queries import visible_to
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.ledger.models import SignedCheckpoint
from governance.registry.models import ComponentVersion
from releases.approvals.models import ApprovalRequest
from releases.bundles.models import Release, Revision
from releases.bundles.queries import revisions_with_content
from releases.gates.models import Attestation, GateEvaluation, GatePolicy
from releases.monitoring.decisions.models import Decision
from releases.monitoring.drift.models import DriftReview
from releases.monitoring.incidents.models import Incident
from releases.rollouts.models import Deployment

LOOKS = {
    Stands.YES: ("pass", "Answered", "check_circle"),
    Stands.NOT_YET: ("open", "Not yet", "hourglass_empty"),
    Stands.NOBODY: ("fail", "Missing", "dangerous"),
}
SCREENS = (ComponentVersion, ApprovalRequest, GateEvaluation, GatePolicy, Attestation, DriftReview, Incident)
OFFERED = 100


@dataclass(frozen=True)
class FactRow:
    """A fact with where it leads."""

    fact: Fact
    url: str


@dataclass(frozen=True)
class AnswerCard:
    """An answer as the page shows it."""

    answer: Answer
    look: tuple[str, str, str]
    rows: tuple[FactRow, ...]

    @property
    def is_change(self) -> bool:
        """Whether another version can be chosen to compare with."""
        return self.answer.question is Question.CHANGED


def answers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of a release; ``?revision=`` names one by number, ``?against=`` another by id."""
    actor = actor_from(request)
    release = visible_to(Release.objects.select_related("system"), actor).filter(pk=pk).first()
    revision = _revision(actor, release, request.GET.get("revision", "")) if release else None
    if release is None or revision is None:
        raise Http404
    siblings = visible_to(Revision.objects.filter(release__system=release.system_id), actor)
    against = _against(siblings, request.GET.get("against", ""))
    found = answers_of(actor, revision, against=against)
    release_url = f"{admin_url(Release, 'change', release.pk)}?revision={revision.number}"
    context: dict[str, Any] = {
        "found": found,
        "release": release,
        "release_url": release_url,
        "look": _look(found),
        "headline": headline(found),
        "cards": [_card(one) for one in found.answers],
        "numbers": list(release.revisions.order_by("number").values_list("number", flat=True)),
        "others": _others(siblings, revision),
        "signed": SignedCheckpoint.objects.order_by("-checkpoint_id").first(),
        "drift_url": f"{reverse('admin:drift_report', args=[release.pk])}?revision={revision.number}",
    }
    crumbs = [("Releases", admin_url(Release, "changelist")), (release.name, release_url), ("Answers", "")]
    title = f"Answers about {release.name}"
    return draw(request, "countersign/answers.html", context, title=title, crumbs=crumbs)


def _revision(actor: Actor, release: Release, asked: str) -> Revision | None:
    """The revision of this number, or the one that was launched; never another than was asked for."""
    rows = Revision.objects.filter(release=release)
    if asked:
        is_number = asked.isascii() and asked.isdecimal() and len(asked) < 7
        rows = rows.filter(number=int(asked)) if is_number else rows.none()
    return launched_revision(actor, rows)


def _against(siblings: QuerySet[Revision], asked: str) -> Revision | None:
    """The revision that is named; nothing is the one before, and what does not exist is not found."""
    if not asked:
        return None
    try:
        found = revisions_with_content(siblings).filter(pk=UUID(asked)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _others(siblings: QuerySet[Revision], shown: Revision) -> list[tuple[str, str]]:
    """Revisions of the system to compare with: those of the release first, then the newest."""
    rows = siblings.exclude(pk=shown.pk).select_related("release").order_by("-drafted_at")
    found = rows.only("id", "number", "release_id", "release__name")[:OFFERED]
    ordered = sorted(found, key=lambda one: one.release_id != shown.release_id)
    return [(str(one.pk), named(one)) for one in ordered]


def headline(found: ReleaseAnswers) -> str:
    """How many of the questions have an answer, and what is missing."""
    told = [one for one in found.answers if one.stands is Stands.YES]
    missing = [one for one in found.answers if one.stands is Stands.NOBODY]
    name = named(found.revision)
    if len(told) == len(found.answers):
        return f"The record answers all five questions about {name}."
    count = number(len(told)).lower() if told else "none"
    said = f"The record answers {count} of the five questions about {name}"
    if not missing and found.only:
        return f"{said} {found.only}; the rest is still to come, or lies on other channels."
    if not missing:
        return f"{said}; the rest is still to come."
    return f"{said}. Missing: {listed([MISSING[one.question] for one in missing])}."


MISSING = {
    Question.DECIDED: "the threshold",
    Question.EVALUATED: "an evaluation",
    Question.CHANGED: "what changed",
    Question.APPROVED: "an approval",
    Question.WATCHED: "a review after launch",
}


def _look(found: ReleaseAnswers) -> str:
    stands = {one.stands for one in found.answers}
    if Stands.NOBODY in stands:
        return "fail"
    return "open" if Stands.NOT_YET in stands else "pass"


def _card(one: Answer) -> AnswerCard:
    return AnswerCard(one, LOOKS[one.stands], tuple(FactRow(fact, url_of(fact.about)) for fact in one.facts))


def url_of(about: Model | None) -> str:
    """The page of what a fact is about; empty where it has none."""
    ways: dict[type[Model], Callable[[Any], str]] = {
        Deployment: lambda row: reverse("admin:rollout", args=[row.pk]) if row.approval_id else "",
        Decision: lambda row: f"{reverse('admin:decision_search')}?id={row.pk}",
    }
    if about is None:
        return ""
    if isinstance(about, SCREENS):
        return admin_url(type(about), "change", about.pk)
    way = ways.get(type(about))
    return way(about) if way else ""
