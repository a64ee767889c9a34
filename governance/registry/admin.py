"""Screens of systems, channels and segments."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column, lock_reason, may_somewhere
from governance.access.admin_parts import Table, events_of_streams, json_document, link
from governance.access.queries import grants_in_force, has_permission
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.registry.admin_acts import DefineSegment, RegisterChannel, RegisterSystem
from governance.registry.log_before_act_acts import ActAtOnce, LogBeforeAct
from governance.registry.models import Channel, Segment, System
from governance.registry.predicates import parse_predicate, sentence


@admin.register(System)
class SystemAdmin(GovernedAdmin):
    """Decision systems."""

    lead = "Decision systems: the scopes under which everything else stands."
    list_display = ("slug", "name", "channels_column", "registered_column")
    search_fields = ("slug", "name")
    acts = (
        ("register/", RegisterSystem, "register"),
        ("<uuid:pk>/channel/", RegisterChannel, "channel"),
        ("<uuid:pk>/log-before-act/", LogBeforeAct, "log_before_act"),
        ("<uuid:pk>/act-at-once/", ActAtOnce, "act_at_once"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[System]:
        """Systems with their channels."""
        return super().get_queryset(request).prefetch_related("channels")

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Registering, for administrators of the installation."""
        if has_permission(actor_from(request), Permission.REGISTER_SYSTEM, INSTALLATION):
            yield Offer("Register a system", self.url("register"), "add", "cs-pri")

    def detail_context(self, request: HttpRequest, obj: System) -> dict[str, Any]:
        """Its channels, who may what, its record."""
        why = lock_reason(actor_from(request), Permission.REGISTER_CHANNEL, obj)
        look = "" if why else "cs-pri"
        return {
            "headline": obj.name,
            "support": obj.description,
            "look": "live",
            "lists": [_channels(obj), _grants(obj)],
            "facts": _facts(obj),
            "events": events_of_streams([obj.stream()]),
            "offers": [
                Offer("Register a channel", self.url("channel", obj.pk), "add", look, why),
                self._switch(request, obj),
            ],
        }

    def _switch(self, request: HttpRequest, obj: System) -> Offer:
        """Whether the ledger comes first."""
        why = lock_reason(actor_from(request), Permission.MANAGE_RULES, obj)
        if obj.log_before_act:
            return Offer("Act at once", self.url("act_at_once", obj.pk), "bolt", why=why)
        return Offer("Log before act", self.url("log_before_act", obj.pk), "verified_user", why=why)

    @column("Channels")
    def channels_column(self, obj: System) -> str:
        return ", ".join(row.name for row in obj.channels.all()) or "none yet"

    @column("Registered", "registered_at")
    def registered_column(self, obj: System) -> str:
        return f"{obj.registered_at:%-d %b %Y}"


def _channels(system: System) -> Table:
    rows = [
        (
            link(admin_url(Channel, "change", row.pk), row.name),
            row.get_kind_display(),
            "drill" if row.drill else "",
        )
        for row in system.channels.all()
    ]
    return Table(
        "Channels", ("Channel", "Kind", ""), rows, empty="No channel yet; an administrator registers it."
    )


def _grants(system: System) -> Table:
    """Who may what on the system and its channels now."""
    found = grants_in_force(timezone.now()).select_related("account", "channel")
    grants = found.filter(Q(system=system) | Q(channel__system=system))
    rows = [
        (
            row.account.username,
            row.role.replace("_", " "),
            row.channel.name if row.channel else "all channels",
        )
        for row in grants
    ]
    return Table("Who may what now", ("Account", "Role", "Where"), rows, empty="Nobody has a role here yet.")


def _facts(system: System) -> list[tuple[str, str]]:
    share = f"{system.dataset_change_limit_rate:.0%}"
    may = "may" if system.starter_may_cast_last_vote else "may not"
    return [
        ("Slug", system.slug),
        ("Datasets", f"a change of more than {share} of the samples is a major refresh"),
        ("Last voter", f"{may} start the rollout"),
        ("What goes forward", "waits for a signed checkpoint" if system.log_before_act else "serves at once"),
        ("Registered", f"{system.registered_at:%-d %b %Y} by {system.registered_by_username}"),
    ]


@admin.register(Channel)
class ChannelAdmin(GovernedAdmin):
    """Channels of systems."""

    lead = "Channels: where captures are made, and the smallest scope of a role."
    list_display = ("name", "kind", "system", "drill", "registered_column")
    list_filter = ("system", "kind", "drill")
    search_fields = ("name", "system__slug")
    list_select_related = ("system",)

    def detail_context(self, request: HttpRequest, obj: Channel) -> dict[str, Any]:
        """Its record."""
        return {
            "headline": f"{obj.name} of {obj.system.name}",
            "support": "A drill channel: it rehearses and serves nobody." if obj.drill else "",
            "look": "live",
            "facts": [
                ("System", link(admin_url(System, "change", obj.system_id), obj.system)),
                ("Kind", obj.get_kind_display()),
                ("Registered", f"{obj.registered_at:%-d %b %Y}"),
            ],
            "events": events_of_streams([obj.stream()]),
        }

    @column("Registered", "registered_at")
    def registered_column(self, obj: Channel) -> str:
        return f"{obj.registered_at:%-d %b %Y}"


@admin.register(Segment)
class SegmentAdmin(GovernedAdmin):
    """Versions of segments."""

    lead = "Groups of people that the gate watches. A change is a new version."
    list_display = ("title", "key", "version", "protected", "sentence_column", "system")
    list_filter = ("system", "protected")
    search_fields = ("key", "title")
    list_select_related = ("system",)
    acts = (("define/", DefineSegment, "define"),)

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Defining, for QA leads."""
        if may_somewhere(actor_from(request), Permission.DEFINE_SEGMENT):
            yield Offer("Define a segment", self.url("define"), "add", "cs-pri")

    def detail_context(self, request: HttpRequest, obj: Segment) -> dict[str, Any]:
        """The predicate in words and as stored."""
        later = Segment.objects.filter(system=obj.system, key=obj.key, version__gt=obj.version).exists()
        return {
            "headline": f"{obj.title}, version {obj.version}",
            "support": obj.reason,
            "look": "void" if later else "open",
            "chips": [("void", "Replaced by a later version", "block")] if later else [],
            "documents": [json_document("Predicate", obj.predicate, "as it is stored")],
            "facts": [
                ("Holds when", sentence(parse_predicate(obj.predicate))),
                ("Protected", "yes" if obj.protected else "no"),
                ("System", obj.system),
                ("Defined", f"{obj.defined_at:%-d %b %Y} by {obj.defined_by_username}"),
            ],
            "events": events_of_streams([obj.stream()]),
        }

    @column("Holds when")
    def sentence_column(self, obj: Segment) -> str:
        return sentence(parse_predicate(obj.predicate))
