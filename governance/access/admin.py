"""Screens of accounts, grants and tokens: who may what where, and with which credentials."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from governance.access.account_acts import (
    ChangePassword,
    CreateAccount,
    DeactivateAccount,
    IssueToken,
    RevokeToken,
)
from governance.access.admin_base import GovernedAdmin, Offer, admin_url, column
from governance.access.admin_parts import Table, events_of_streams, link
from governance.access.grant_acts import ConfirmGrant, GiveGrant, RevokeGrant
from governance.access.granting import VERB as GRANT
from governance.access.models import Account, AccountKind, ApiToken, Grant
from governance.access.queries import (
    accounts_visible_to,
    grants_visible_to,
    has_permission,
    proposals_visible_to,
    reach,
    tokens_visible_to,
)
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.access.scopes import INSTALLATION
from governance.actors import Actor


@admin.register(Account)
class AccountAdmin(GovernedAdmin):
    """Persons and services."""

    lead = "Persons sign in; services have tokens only. An account is deactivated, never deleted."
    list_display = ("username", "kind", "display_name", "is_active", "created_column")
    list_filter = ("kind", "is_active")
    search_fields = ("username", "display_name")
    acts = (
        ("create/", CreateAccount, "create"),
        ("<uuid:pk>/deactivate/", DeactivateAccount, "deactivate"),
        ("<uuid:pk>/password/", ChangePassword, "password"),
    )

    def visible(self, queryset: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """Administrators see those of their reach, everybody themselves."""
        return queryset.filter(pk__in=accounts_visible_to(actor_from(request)).values("pk"))

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Creating, for administrators of the installation."""
        if has_permission(actor_from(request), Permission.MANAGE_ACCOUNTS, INSTALLATION):
            yield Offer("Create an account", self.url("create"), "person_add", "cs-pri")

    def detail_context(self, request: HttpRequest, obj: Account) -> dict[str, Any]:
        """What the account may do, and its record."""
        actor = actor_from(request)
        now = timezone.now()
        grants = grants_visible_to(actor).filter(account=obj).order_by("-starts_at")
        manages = has_permission(actor, Permission.MANAGE_ACCOUNTS, INSTALLATION)
        own = actor.id == obj.pk
        silent = obj.kind == AccountKind.PERSON and not obj.has_usable_password()
        offers = [*_role_offer(actor, obj)]
        if (own or manages) and obj.kind == "person":
            offers.append(Offer("Change password", self.url("password", obj.pk), "password"))
        if manages and obj.is_active and not own:
            offers.append(Offer("Deactivate", self.url("deactivate", obj.pk), "person_off", "cs-dan"))
        rows = [
            (
                row.role.replace("_", " "),
                _where(row),
                "in force" if row.is_in_force(now) else f"ended {row.ends_at:%-d %b %Y}",
                row.reason,
            )
            for row in grants
        ]
        return {
            "headline": _sentence(obj),
            "support": "It has no password: nobody can sign in with it." if silent else "",
            "look": "live" if obj.is_active else "void",
            "chips": [("live", "Active", "person")]
            if obj.is_active
            else [("void", "Deactivated", "person_off")],
            "lists": [
                Table("Roles", ("Role", "Where", "State", "Reason"), rows, empty="No role, so no access.")
            ],
            "facts": [
                ("Name", obj.display_name or "not stated"),
                ("Mail", obj.email or "not stated"),
                ("Created", f"{obj.created_at:%-d %b %Y}"),
            ],
            "events": events_of_streams([obj.stream()]),
            "offers": offers,
        }

    @column("Created", "created_at")
    def created_column(self, obj: Account) -> str:
        return f"{obj.created_at:%-d %b %Y}"


def _role_offer(actor: Actor, account: Account) -> Iterable[Offer]:
    """Giving the account a role, for those who give roles."""
    found = reach(actor, Permission.MANAGE_GRANTS)
    if account.is_active and found is not None and (found.everywhere or found.systems):
        yield Offer("Give a role", f"{admin_url(Grant, 'give')}?account={account.pk}", "badge", "cs-pri")


def _sentence(account: Account) -> str:
    state = "an active" if account.is_active else "a deactivated"
    return f"{account.username} is {state} {account.get_kind_display().lower()}"


def _where(grant: Grant) -> str:
    if grant.channel is not None:
        return f"{grant.channel.system} {grant.channel}"
    return str(grant.system) if grant.system else "the installation"


class InForceFilter(admin.SimpleListFilter):
    """Grants that count now, unless all are asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Ended ones can be shown too."""
        return [("ended", "ended"), ("all", "all")]

    def choices(self, changelist: Any) -> Any:
        """ "In force" stands in the place of Django's "all"."""
        found = list(super().choices(changelist))
        found[0]["display"] = "in force"
        return iter(found)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> QuerySet[Grant]:
        """By default those in force."""
        now = timezone.now()
        if self.value() == "all":
            return queryset
        if self.value() == "ended":
            return queryset.filter(ends_at__lte=now)
        return queryset.filter(starts_at__lte=now).exclude(ends_at__lte=now).exclude(account__is_active=False)


@admin.register(Grant)
class GrantAdmin(GovernedAdmin):
    """Who may what where."""

    heading = "Roles given"
    lead = (
        "Who may what, where, and from when. Powerful roles take two administrators; ending one takes none."
    )
    list_display = ("account", "role_column", "where_column", "since_column", "by_column", "reason")
    list_filter = (InForceFilter, "system")
    search_fields = ("account__username", "role", "reason")
    list_select_related = ("account", "system", "channel__system")
    acts = (
        ("give/", GiveGrant, "give"),
        ("<uuid:pk>/revoke/", RevokeGrant, "revoke"),
        ("confirm/<uuid:pk>/", ConfirmGrant, "confirm"),
    )

    def visible(self, queryset: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """Those of the person's reach, and the person's own."""
        return queryset.filter(pk__in=grants_visible_to(actor_from(request)).values("pk"))

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Giving a role and confirming one, for administrators."""
        actor = actor_from(request)
        found = reach(actor, Permission.MANAGE_GRANTS)
        if found is None or not (found.everywhere or found.systems):
            return
        waiting = proposals_visible_to(actor).filter(
            verb=GRANT, confirmed_at__isnull=True, expires_at__gt=timezone.now()
        )
        for row in waiting.exclude(proposed_by_id=actor.id).order_by("expires_at")[:5]:
            role = str(row.arguments.get("role", "")).replace("_", " ")
            yield Offer(f"Confirm {role}", self.url("confirm", row.pk), "how_to_reg")
        yield Offer("Give a role", self.url("give"), "add", "cs-pri")

    def detail_context(self, request: HttpRequest, obj: Grant) -> dict[str, Any]:
        """The grant and how to end it."""
        in_force = obj.is_in_force(timezone.now())
        may = has_permission(actor_from(request), Permission.MANAGE_GRANTS, _scope(obj))
        offers = (
            [Offer("End this role", self.url("revoke", obj.pk), "block", "cs-dan")]
            if may and in_force
            else []
        )
        return {
            "headline": f"{obj.account.username} is {obj.role.replace('_', ' ')} on {_where(obj)}",
            "support": obj.reason,
            "look": "live" if in_force else "void",
            "chips": [("live", "In force", "check_circle")] if in_force else [("void", "Ended", "block")],
            "facts": [
                ("Account", link(admin_url(Account, "change", obj.account_id), obj.account.username)),
                ("From", f"{obj.starts_at:%-d %b %Y %H:%M} UTC"),
                ("Until", f"{obj.ends_at:%-d %b %Y %H:%M} UTC" if obj.ends_at else "open"),
                ("Given by", _by(obj)),
            ],
            "offers": offers,
        }

    @column("Role", "role")
    def role_column(self, obj: Grant) -> str:
        return obj.role.replace("_", " ")

    @column("Where")
    def where_column(self, obj: Grant) -> str:
        return _where(obj)

    @column("From", "starts_at")
    def since_column(self, obj: Grant) -> str:
        return f"{obj.starts_at:%-d %b %Y}"

    @column("Given by")
    def by_column(self, obj: Grant) -> str:
        return _by(obj)


def _by(grant: Grant) -> str:
    second = f" and {grant.confirmed_by_username}" if grant.confirmed_by_username else ""
    alone = " alone, as the sole administrator" if grant.sole_administrator else ""
    return f"{grant.granted_by_username}{second}{alone}"


def _scope(grant: Grant) -> Any:
    if grant.channel is not None:
        return grant.channel.system
    return grant.system or INSTALLATION


@admin.register(ApiToken)
class TokenAdmin(GovernedAdmin):
    """Tokens of one's own account; of everybody's for administrators of the installation."""

    heading = "Tokens"
    lead = "Tokens for programs. A secret is shown once, when it is issued; only its hash is kept."
    list_display = ("name", "account", "scopes_column", "expires_column", "state_column", "used_column")
    search_fields = ("name", "account__username")
    acts = (("issue/", IssueToken, "issue"), ("<uuid:pk>/revoke/", RevokeToken, "revoke"))

    def visible(self, queryset: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """One's own; all for administrators of the installation."""
        return queryset.filter(pk__in=tokens_visible_to(actor_from(request)).values("pk")).select_related(
            "account", "use"
        )

    def list_offers(self, request: HttpRequest) -> Iterable[Offer]:
        """Everybody issues their own."""
        yield Offer("Issue a token", self.url("issue"), "key", "cs-pri", is_dialog=False)

    def detail_context(self, request: HttpRequest, obj: ApiToken) -> dict[str, Any]:
        """The token and how to end it."""
        valid = obj.is_valid(timezone.now())
        offers = [Offer("Revoke", self.url("revoke", obj.pk), "block", "cs-dan")] if valid else []
        return {
            "headline": f"{obj.name}, a token of {obj.account.username}",
            "look": "live" if valid else "void",
            "chips": [("live", "Valid", "key")] if valid else [("void", _state(obj), "block")],
            "facts": [
                ("Scopes", ", ".join(obj.scopes)),
                ("Issued", f"{obj.created_at:%-d %b %Y} by {obj.created_by_username}"),
                ("Expires", f"{obj.expires_at:%-d %b %Y %H:%M} UTC"),
                ("Last used", _used(obj)),
            ],
            "offers": offers,
        }

    @column("Scopes")
    def scopes_column(self, obj: ApiToken) -> str:
        return ", ".join(obj.scopes)

    @column("Expires", "expires_at")
    def expires_column(self, obj: ApiToken) -> str:
        return f"{obj.expires_at:%-d %b %Y}"

    @column("State")
    def state_column(self, obj: ApiToken) -> str:
        return _state(obj)

    @column("Last used")
    def used_column(self, obj: ApiToken) -> str:
        return _used(obj)


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "Revoked"
    return "Valid" if token.is_valid(timezone.now()) else "Expired"


def _used(token: ApiToken) -> str:
    use = getattr(token, "use", None)
    return f"{use.last_used_at:%-d %b %Y %H:%M} UTC" if use else "never"
