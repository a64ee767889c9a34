"""What people do to grants from their screens: give, confirm, end."""

from typing import Any

from django import forms
from django.http import Http404
from django.utils import timezone

from governance.access.admin_acts import Act, ActForm, ReasonForm, Words
from governance.access.admin_base import admin_url
from governance.access.admin_parts import UtcDateTimeField
from governance.access.granting import VERB as GRANT
from governance.access.granting import GrantTerms, grant_role, offer_grant, revoke_grant
from governance.access.models import Account, Grant, Proposal
from governance.access.queries import (
    active_administrators,
    grantable_accounts,
    grants_visible_to,
    proposals_visible_to,
    reach,
    visible_to,
)
from governance.access.requests import actor_from
from governance.access.roles import GRANTABLE, POWERFUL, Permission
from governance.actors import Actor

EVERYWHERE = "installation"


class GrantForm(ReasonForm):
    """To whom, which role, where, until when."""

    account = forms.ChoiceField(label="Account")
    role = forms.ChoiceField(
        label="Role", choices=[(role.value, role.value.replace("_", " ")) for role in GRANTABLE]
    )
    scope = forms.ChoiceField(label="Where")
    ends_at = UtcDateTimeField(label="Until (UTC)", required=False, help_text="Left empty: open.")
    field_order = ("account", "role", "scope", "ends_at", "reason")

    def __init__(self, *args: Any, accounts: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].choices = [(str(row.pk), row.username) for row in accounts]  # type: ignore[attr-defined]  # a choice field
        self.fields["scope"].choices = scopes  # type: ignore[attr-defined]  # a choice field
        powerful = ", ".join(sorted(role.value.replace("_", " ") for role in POWERFUL))
        self.fields["role"].help_text = f"Powerful are {powerful}."


def _scope_rows(name: str) -> Any:
    """All systems or channels: the registry stands above this slice, its models are found by relation."""
    model: Any = Grant._meta.get_field(name).related_model
    return model._default_manager.all()


def scopes_for(actor: Actor) -> list[tuple[str, str]]:
    """Where the actor may give roles, as choices."""
    found = reach(actor, Permission.MANAGE_GRANTS)
    if found is None:
        return []
    systems = visible_to(_scope_rows("system"), actor)
    if not found.everywhere:
        systems = systems.filter(pk__in=found.systems)
    channels = _scope_rows("channel").filter(system__in=systems).select_related("system")
    choices = [(f"system:{row.pk}", f"{row}, all channels") for row in systems]
    choices += [(f"channel:{row.pk}", f"{row.system} {row}") for row in channels]
    return [
        *choices,
        *([(EVERYWHERE, "the installation (administrators and auditors)")] if found.everywhere else []),
    ]


class GiveGrant(Act):
    """Give a role, or propose a powerful one."""

    form_class = GrantForm
    proves = True

    def form_arguments(self, actor: Actor, target: None) -> dict[str, Any]:
        """Accounts and scopes of the person's reach."""
        return {"accounts": grantable_accounts(actor).filter(is_active=True), "scopes": scopes_for(actor)}

    def initial(self, target: None) -> dict[str, Any]:
        """The account that the link names."""
        return {"account": self.request.GET.get("account", "")}

    def words(self, target: None) -> Words:
        """One or two persons."""
        alone = active_administrators(timezone.now()).count() < 2
        effect = (
            "You are the only administrator, so powerful roles count at once, and the record says so."
            if alone
            else "A powerful role is proposed, and another administrator confirms it within 24 hours."
        )
        return Words("Give a role", effect, "Give")

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Give it, or propose it."""
        terms = _terms(actor, given)
        done = offer_grant(actor, terms=terms)
        role = terms.role.replace("_", " ")
        if isinstance(done, Proposal):
            return (
                f"{role} for {terms.account.username} is proposed. Another administrator must confirm "
                f"it within 24 hours."
            )
        return f"{terms.account.username} is {role} now."

    def next_url(self, target: None) -> str:
        """The list."""
        return admin_url(Grant, "changelist")


def _terms(actor: Actor, given: dict[str, Any]) -> GrantTerms:
    account = grantable_accounts(actor).get(pk=given["account"])
    kind, _, key = given["scope"].partition(":")
    channel = _scope_rows("channel").get(pk=key) if kind == "channel" else None
    system = _scope_rows("system").get(pk=key) if kind == "system" else None
    return GrantTerms(
        account,
        given["role"],
        given["reason"],
        system_id=system.pk if system else None,
        channel_id=channel.pk if channel else None,
        channel_system_id=channel.system_id if channel else None,
        ends_at=given["ends_at"],
    )


class ConfirmGrant(Act):
    """Second of two administrators: confirm exactly what was proposed."""

    form_class = ActForm
    proves = True

    def target(self) -> Proposal:
        """The proposal, if the person may see it."""
        rows = proposals_visible_to(actor_from(self.request)).filter(verb=GRANT)
        found = rows.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def terms(self, target: Proposal) -> GrantTerms:
        """The proposed terms."""
        given = target.arguments
        channel = _scope_rows("channel").filter(pk=given["channel"]).first() if given["channel"] else None
        ends_at = given["ends_at"]
        return GrantTerms(
            Account.objects.get(pk=given["account"]),
            given["role"],
            target.reason,
            system_id=_uuid(given["system"]),
            channel_id=channel.pk if channel else None,
            channel_system_id=channel.system_id if channel else None,
            ends_at=forms.DateTimeField().clean(ends_at) if ends_at else None,
        )

    def words(self, target: Proposal) -> Words:
        """What is confirmed."""
        terms = self.terms(target)
        who = f"{terms.role.replace('_', ' ')} for {terms.account.username}"
        return Words(
            f"Confirm {who}", f"Proposed by {target.proposed_by_username}: {target.reason}", "Confirm"
        )

    def run(self, actor: Actor, target: Proposal, given: dict[str, Any]) -> str:
        """Confirm it."""
        terms = self.terms(target)
        grant_role(actor, terms=terms, proposal=target.pk)
        return f"{terms.account.username} is {terms.role.replace('_', ' ')} now."

    def next_url(self, target: Proposal) -> str:
        """The list."""
        return admin_url(Grant, "changelist")


def _uuid(value: Any) -> Any:
    field = forms.UUIDField(required=False)
    return field.clean(value)


class RevokeGrant(Act):
    """End a grant now."""

    def target(self) -> Grant:
        """The grant."""
        found = grants_visible_to(actor_from(self.request)).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def words(self, target: Grant) -> Words:
        """What ending does."""
        role = target.role.replace("_", " ")
        return Words(
            f"End the role {role} of {target.account.username}",
            "It ends at once. Its record stays.",
            "End it",
            is_danger=True,
        )

    def run(self, actor: Actor, target: Grant, given: dict[str, Any]) -> str:
        """End it."""
        revoke_grant(actor, grant=target, **given)
        return f"{target.account.username} is {target.role.replace('_', ' ')} no longer."

    def next_url(self, target: Grant) -> str:
        """The list."""
        return admin_url(Grant, "changelist")
