"""The screen of component versions."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column, lock_reason, may_somewhere
from governance.access.admin_parts import Table, events_of_streams, json_document, link
from governance.access.queries import has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.registry.admin_acts import DeprecateComponent, RegisterComponent, RevokeComponent
from governance.registry.kinds import KINDS
from governance.registry.models import ComponentVersion

STATUS_LOOKS = {
    "active": ("pass", "check_circle"),
    "deprecated": ("held", "warning"),
    "revoked": ("fail", "block"),
}


class KindFilter(admin.SimpleListFilter):
    """Components by kind; kinds are data."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds there are."""
        return [(kind.name, kind.title) for kind in KINDS.values()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ComponentVersion]
    ) -> QuerySet[ComponentVersion]:
        """Those of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(ComponentVersion)
class ComponentAdmin(GovernedAdmin):
    """Versions of components."""

    heading = "Components"
    lead = (
        "Versions of the parts of a decision stack. Registered once, they never change but for their status."
    )
    list_display = (
        "version_column",
        "kind_column",
        "summary_column",
        "status_column",
        "digest_column",
        "system",
        "registered_column",
    )
    list_filter = (KindFilter, "status", "system")
    search_fields = ("name", "version", "digest")
    list_select_related = ("system",)
    ordering = ("-registered_at",)
    acts = (
        ("register/", RegisterComponent, "register"),
        ("<uuid:pk>/deprecate/", DeprecateComponent, "deprecate"),
        ("<uuid:pk>/revoke/", RevokeComponent, "revoke"),
    )

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Registering, for authors."""
        if may_somewhere(actor_from(request), Permission.REGISTER_COMPONENT):
            yield Offer("Register a component", self.url("register"), "add", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: ComponentVersion) -> dict[str, Any]:
        """What it is, where it stands, and what may be done to it."""
        look, icon = STATUS_LOOKS[obj.status]
        releases = _releases_of(obj)
        documents = [json_document("Attributes", obj.attributes, "as they are hashed")]
        return {
            "headline": f"{obj}: {KINDS[obj.kind].summary(obj.attributes)}"
            if obj.kind in KINDS
            else str(obj),
            "support": obj.status_reason,
            "look": look,
            "chips": [(look, obj.get_status_display(), icon)],
            "lists": [
                Table("Releases that hold it", ("Release", "State"), releases, empty="No release holds it.")
            ],
            "documents": documents,
            "facts": [
                ("Kind", KINDS[obj.kind].title if obj.kind in KINDS else obj.kind),
                ("Id", obj.pk),
                ("Digest", obj.digest),
                ("which is", obj.get_digest_kind_display()),
                ("Place", obj.uri or "not stated"),
                ("Made from", ", ".join(_names(obj.parents)) or "not stated"),
                ("System", obj.system),
                ("Owner", obj.owner_username),
                ("Registered", f"{obj.registered_at:%-d %b %Y} by {obj.registered_by_username}"),
            ],
            "events": events_of_streams([obj.stream()]),
            "offers": self._offers(request, obj),
        }

    def _offers(self, request: HttpRequest, obj: ComponentVersion) -> list[Offer]:
        actor = actor_from(request)
        offers = []
        if obj.status == "active" and has_permission(actor, Permission.DEPRECATE_COMPONENT, obj):
            offers.append(Offer("Deprecate", self.url("deprecate", obj.pk), "warning"))
        if obj.status != "revoked":
            why = lock_reason(actor, Permission.REVOKE_COMPONENT, obj)
            offers.append(Offer("Revoke", self.url("revoke", obj.pk), "block", "cs-dan", why))
        return offers

    @column("Version", "name")
    def version_column(self, obj: ComponentVersion) -> str:
        return str(obj)

    @column("Kind", "kind")
    def kind_column(self, obj: ComponentVersion) -> str:
        return KINDS[obj.kind].title if obj.kind in KINDS else obj.kind

    @column("What it is")
    def summary_column(self, obj: ComponentVersion) -> str:
        return KINDS[obj.kind].summary(obj.attributes) if obj.kind in KINDS else ""

    @column("Status", "status")
    def status_column(self, obj: ComponentVersion) -> str:
        return obj.get_status_display()

    @column("Digest")
    def digest_column(self, obj: ComponentVersion) -> str:
        bare = obj.digest.removeprefix("sha256:")
        return f"{bare[:4]}…{bare[-4:]}"

    @column("Registered", "registered_at")
    def registered_column(self, obj: ComponentVersion) -> str:
        return f"{obj.registered_at:%-d %b %Y}"


def _names(ids: list[str]) -> list[str]:
    return sorted(str(row) for row in ComponentVersion.objects.filter(pk__in=ids))


def _releases_of(component: ComponentVersion) -> list[tuple[Any, ...]]:
    """Releases whose slots hold it; the slots stand above this slice and are found by relation."""
    slots: Any = component.slots
    rows = slots.select_related("revision__release").order_by("-revision__drafted_at")
    return [
        (
            link(
                _revision_url(row.revision),
                f"{row.revision.release.name} revision {row.revision.number}",
            ),
            row.revision.get_state_display(),
        )
        for row in rows
    ]


def _revision_url(revision: Any) -> str:
    page = admin_url(type(revision.release), "change", revision.release_id)
    return f"{page}?revision={revision.number}"
