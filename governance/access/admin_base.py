"""The base of every admin screen: lists are what the actor may see, nothing is saved or deleted by a form.

Django wraps its change forms in a transaction and saves instances; here a screen shows, and an act is a
POST of its own that calls one verb (:mod:`governance.access.admin_acts`). Nothing that bears evidence has a
delete button.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.filters import RelatedOnlyFieldListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from unfold.admin import ModelAdmin

from governance.access.admin_acts import Act, act_path
from governance.access.queries import has_permission, reach, visible_to
from governance.access.requests import actor_from
from governance.access.roles import Permission, roles_with
from governance.access.scopes import AccessScope, Scoped
from governance.actors import Actor

ActRoute = tuple[str, type[Act], str]
"""Route below the list's address, the act, and its name after ``<app>_<model>_``."""

Crumb = tuple[str, str]


@dataclass(frozen=True)
class Offer:
    """A button: what it does and where; ``why`` says what would unlock it, and then it is locked."""

    label: str
    url: str
    icon: str = ""
    look: str = ""
    why: str = ""
    is_dialog: bool = True


def who_may(permission: Permission) -> str:
    """The roles that carry a permission, for the sentence beside a locked button."""
    names = sorted(
        role.value.replace("_", " ") for role in roles_with(permission) if role not in {"engine", "operator"}
    )
    return " or ".join(names)


def lock_reason(actor: Actor, permission: Permission, target: Scoped | AccessScope) -> str:
    """Why the actor may not, or '' if the grants allow it."""
    if has_permission(actor, permission, target):
        return ""
    return f"It takes the role {who_may(permission)} here."


def may_somewhere(actor: Actor, permission: Permission) -> bool:
    """Whether the actor holds the permission on the installation or on any whole system."""
    found = reach(actor, permission)
    return found is not None and (found.everywhere or bool(found.systems))


class GovernedAdmin(ModelAdmin):
    """A read-only screen over the rows that the signed-in person may see."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = False
    list_filter_submit = False
    change_list_template = "countersign/change_list.html"
    detail_template: ClassVar[str] = "countersign/detail.html"
    acts: ClassVar[tuple[ActRoute, ...]] = ()
    heading: ClassVar[str] = ""
    """What the list is called, where the model's own plural would not do."""
    lead: ClassVar[str] = ""
    """One sentence above the list: what stands in it."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows within the person's grants."""
        return self.visible(super().get_queryset(request), request)

    def visible(self, queryset: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """How rows are filtered; screens of accounts and grants have rules of their own."""
        return visible_to(queryset, actor_from(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Every person sees the menu; the lists behind it may be empty."""
        return request.user.is_authenticated

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list always; an object only within the grants."""
        if not isinstance(obj, Model):
            return request.user.is_authenticated
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never by Django's form; new things are made by verbs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by Django's form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    # --- addresses ----------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """The list, its acts, the detail pages. Adding, deleting and Django's history have none."""
        info = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [act_path(self.admin_site, route, act, f"{info}_{name}") for route, act, name in self.acts]
        kept = [pattern for pattern in super().get_urls() if not _is_off(getattr(pattern, "name", None))]
        return [*own, *kept]

    @property
    def called(self) -> str:
        """What the list is called."""
        return self.heading or str(self.opts.verbose_name_plural).capitalize()

    def url(self, name: str, *args: Any) -> str:
        """The address of one of this screen's pages or acts."""
        return admin_url(self.model, name, *args)

    # --- the list -----------------------------------------------------------------------------------------
    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Buttons above the list."""
        return ()

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Filters by related objects offer those of the rows that the person may see, and name no others."""
        return tuple(_scoped(self.model, entry) for entry in super().get_list_filter(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; a filter that means nothing is shown as an empty one instead of an error."""
        crumbs = [(self.called, "")]
        context: dict[str, Any] = {
            "offers": list(self.list_offers(request)),
            "lead": self.lead,
            "crumbs": crumbs,
            "title": crumbs[0][0],
        }
        try:
            return super().changelist_view(request, {**context, **(extra_context or {})})
        except (IncorrectLookupParameters, ValidationError, DataError, ValueError):
            messages.error(request, "This filter means nothing here; the whole list is shown.")
            request.GET = request.GET.__class__()
            return super().changelist_view(request, {**context, **(extra_context or {})})

    # --- one object ---------------------------------------------------------------------------------------
    def detail_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the detail page shows: at least ``facts``, pairs of a name and a value."""
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The object's page. It has no form, so nothing is posted to it."""
        if request.method not in {"GET", "HEAD"} or object_id is None:
            raise Http404
        obj = self.find(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": str(obj),
            "object_shown": obj,
            "crumbs": self.crumbs(obj),
            **self.detail_context(request, obj),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.detail_template, context)

    def find(self, request: HttpRequest, object_id: str) -> Any:
        """The object, if it is within the person's reach.

        Raises:
            Http404: there is none, or none that the person may see.
        """
        try:
            found = self.get_queryset(request).filter(pk=object_id).first()
        except (ValidationError, ValueError, DataError):
            found = None
        if found is None:
            raise Http404
        return found

    def crumbs(self, obj: Any) -> list[Crumb]:
        """The way to the object."""
        return [(self.called, self.url("changelist")), (str(obj), "")]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's history is off; the history of an object is read from the ledger on its own page."""
        raise Http404


def _scoped(model: type[Model], entry: Any) -> Any:
    is_path = isinstance(entry, str)
    if is_path and getattr(get_fields_from_path(model, entry)[-1], "is_relation", False):
        return entry, RelatedOnlyFieldListFilter
    return entry


def _is_off(name: str | None) -> bool:
    return (name or "").rsplit("_", 1)[-1] in {"add", "delete", "history"}


def admin_url(model: type[Model], name: str, *args: Any) -> str:
    """The address of a page of a model's screen: ``changelist``, ``change`` or one of its acts."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def column(title: str, ordering: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A column of a list, with its heading and what it sorts by."""

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method.short_description = title  # type: ignore[attr-defined]  # how Django's admin reads columns
        if ordering:
            method.admin_order_field = ordering  # type: ignore[attr-defined]  # how Django's admin reads columns
        return method

    return mark
