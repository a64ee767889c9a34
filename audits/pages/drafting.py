"""Drafting and editing a release: from the live one or from nothing; one form for both."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from audits.pages.frame import draw, visible_revision
from audits.pages.release_form import FIRST_PLAN, ReleaseForm, form_values
from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import admin_url
from governance.access.queries import reach, visible_to
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.models import System
from releases.bundles.content import ReleaseContent, content_of, copy_of
from releases.bundles.models import Release, Revision
from releases.bundles.queries import assignments_at, newest_revision
from releases.bundles.services import draft_release, edit_release


def drafting_systems(actor: Actor) -> QuerySet[System]:
    """Systems for which the actor may draft."""
    found = reach(actor, Permission.DRAFT_RELEASE)
    if found is None:
        return System.objects.none()
    rows = System.objects.prefetch_related("channels")
    return rows if found.everywhere else rows.filter(pk__in=found.systems)


def live_revisions(system: System) -> list[Revision]:
    """The distinct revisions that are live on the system's channels, the most spread first."""
    rows = assignments_at().filter(channel__system=system).select_related("stable__release__system")
    counts: dict[UUID, int] = {}
    by_id: dict[UUID, Revision] = {}
    for row in rows:
        counts[row.stable_id] = counts.get(row.stable_id, 0) + 1
        by_id[row.stable_id] = row.stable
    return [by_id[key] for key in sorted(counts, key=lambda key: -counts[key])]


def choose(request: HttpRequest) -> HttpResponse:
    """What to start from: one of the live releases, or nothing."""
    actor = actor_from(request)
    systems = list(drafting_systems(actor))
    options = [(system, live_revisions(system)) for system in systems]
    if len(options) == 1 and not options[0][1]:
        return HttpResponseRedirect(reverse("admin:release_draft_form", args=[options[0][0].pk]))
    crumbs = [("Releases", admin_url(Release, "changelist")), ("Draft", "")]
    return draw(
        request, "countersign/draft_choose.html", {"options": options}, title="Draft a release", crumbs=crumbs
    )


class Draft(Act):
    """Draft a release for a system, from a live revision named by ``?from=`` or from nothing."""

    form_class = ReleaseForm

    def target(self) -> System:
        """The system, if the person may see it."""
        found = (
            visible_to(System.objects.all(), actor_from(self.request)).filter(pk=self.kwargs["pk"]).first()
        )
        if found is None:
            raise Http404
        return found

    def source(self) -> Revision | None:
        """The revision to copy."""
        key = self.request.GET.get("from", "")
        if not key:
            return None
        try:
            found = visible_revision(self.request, UUID(key))
        except ValueError as error:
            raise Http404 from error
        return found if found.release.system_id == self.kwargs["pk"] else None

    def base(self) -> ReleaseContent:
        """What the draft starts with."""
        source = self.source()
        return copy_of(source) if source else ReleaseContent(rollout_plan=FIRST_PLAN)

    def form_arguments(self, actor: Actor, target: System) -> dict[str, Any]:
        """The form is made for the system."""
        return {"system": target, "is_new": True, "stages": self.base().rollout_plan.get("stages", [])}

    def initial(self, target: System) -> dict[str, Any]:
        """The copied content."""
        return form_values(self.base())

    def words(self, target: System) -> Words:
        """What a draft is."""
        source = self.source()
        start = (
            f"It starts with every slot of {source.release.name}; change what is new."
            if source
            else "It starts empty."
        )
        return Words(
            f"Draft a release of {target}",
            f"{start} A draft may be incomplete until it is frozen.",
            "Save draft",
        )

    def run(self, actor: Actor, target: System, given: dict[str, Any]) -> str:
        """Draft it."""
        content = self.current.content(self.base())
        revision = draft_release(
            actor, system=target, name=given["name"], content=content, copied_from=self.source()
        )
        self.made = revision.release_id
        return f"{given['name']} is drafted."

    def form(self, target: Any, **kwargs: Any) -> ActForm:
        """The form, remembered for the content it makes."""
        self.current: ReleaseForm = super().form(target, **kwargs)  # type: ignore[assignment]  # form_class says which
        return self.current

    def next_url(self, target: System) -> str:
        """The new release, or the list."""
        made: UUID | None = getattr(self, "made", None)
        return admin_url(Release, "change", made) if made else admin_url(Release, "changelist")


class Edit(Draft):
    """Change a release: a draft is edited, anything later gets a new revision."""

    def target(self) -> Revision:  # type: ignore[override]  # this act is on a revision
        """The newest revision of the release."""
        shown = visible_revision(self.request, self.kwargs["pk"])
        return visible_revision(self.request, newest_revision(shown.release).pk)

    def form_arguments(self, actor: Actor, target: Revision) -> dict[str, Any]:  # type: ignore[override]  # see above
        """The form of the revision's system, without the name."""
        stages = target.rollout_plan.get("stages", [])
        return {"system": target.release.system, "is_new": False, "stages": stages}

    def initial(self, target: Revision) -> dict[str, Any]:  # type: ignore[override]  # see above
        """The revision's content."""
        return form_values(content_of(target))

    def words(self, target: Revision) -> Words:  # type: ignore[override]  # see above
        """What an edit does to a revision in this state."""
        if target.state == "draft":
            effect = "The draft holds exactly what stands here."
        else:
            effect = (
                f"Revision {target.number} stays as it is; this makes revision {target.number + 1}, "
                f"and open votes are void."
            )
        return Words(f"Change {target.release.name}", effect, "Save")

    def run(self, actor: Actor, target: Revision, given: dict[str, Any]) -> str:  # type: ignore[override]  # see above
        """Save it."""
        content = self.current.content(content_of(target))
        revision = edit_release(actor, revision=target, content=content)
        self.made = revision.release_id
        return f"{target.release.name} revision {revision.number} is saved."

    def next_url(self, target: Revision) -> str:  # type: ignore[override]  # see above
        """The release's page."""
        return admin_url(Release, "change", target.release_id)
