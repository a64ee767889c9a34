"""What people do to accounts and tokens from their screens."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from governance.access.admin_acts import Act, ActForm, Words
from governance.access.admin_base import admin_url
from governance.access.admin_parts import UtcDateTimeField
from governance.access.models import Account, AccountKind, ApiToken
from governance.access.proposals import account_of
from governance.access.queries import accounts_visible_to, tokens_visible_to
from governance.access.requests import actor_from
from governance.access.roles import Scope
from governance.access.services import (
    change_password,
    create_account,
    deactivate_account,
    issue_token,
    revoke_token,
)
from governance.actors import Actor

DAYS = 90


class AccountForm(ActForm):
    """A new account."""

    renamed = {"password": "new_password"}
    username = forms.CharField(label="Username", max_length=150)
    kind = forms.ChoiceField(label="Kind", choices=AccountKind.choices)
    display_name = forms.CharField(label="Name", required=False, max_length=150)
    email = forms.EmailField(label="Mail", required=False)
    new_password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        help_text="For a person, who cannot sign in without one. A service has tokens only.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def arguments(self) -> dict[str, Any]:
        """The password under the verb's name; none for a service."""
        given = super().arguments()
        password = given.pop("new_password") or None
        return {**given, "password": password}


class CreateAccount(Act):
    """Create an account without any role."""

    form_class = AccountForm

    def words(self, target: None) -> Words:
        """What an account can do at first."""
        return Words("Create an account", "It can do nothing until it is given a role.", "Create")

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Create it."""
        self.made = create_account(actor, **given).pk
        lacks = given["kind"] == AccountKind.PERSON and not given["password"]
        next_step = "Set a password and give it a role next." if lacks else "Give it a role next."
        return f"{given['username']} is created. {next_step}"

    def next_url(self, target: None) -> str:
        """The new account, or the list."""
        made = getattr(self, "made", None)
        return admin_url(Account, "change", made) if made else admin_url(Account, "changelist")


class AccountAct(Act):
    """An act on one account of the person's reach."""

    def target(self) -> Account:
        """The account."""
        found = accounts_visible_to(actor_from(self.request)).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def next_url(self, target: Account) -> str:
        """The account."""
        return admin_url(Account, "change", target.pk)


class DeactivateAccount(AccountAct):
    """Close an account."""

    def words(self, target: Account) -> Words:
        """What closing does."""
        effect = "It signs in no longer and its roles end to count. Its record stays."
        return Words(f"Deactivate {target.username}", effect, "Deactivate", is_danger=True)

    def run(self, actor: Actor, target: Account, given: dict[str, Any]) -> str:
        """Close it."""
        deactivate_account(actor, account=target, **given)
        return f"{target.username} is deactivated."


class PasswordForm(ActForm):
    """A new password, twice."""

    renamed = {"password": "new_password"}
    new_password = forms.CharField(
        label="New password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="The same again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both are equal."""
        given = super().clean() or {}
        if given.get("new_password") != given.get("again"):
            self.add_error("again", "The two passwords differ.")
        return given


class ChangePassword(AccountAct):
    """Set a password: one's own after proving who one is, or another's as administrator."""

    form_class = PasswordForm
    proves = True

    def words(self, target: Account) -> Words:
        """Whose password."""
        return Words(
            f"Change the password of {target.username}",
            "All other sessions of the account end.",
            "Change password",
        )

    def run(self, actor: Actor, target: Account, given: dict[str, Any]) -> str:
        """Set it; this session lives on."""
        account = change_password(actor, account=target, password=given["new_password"])
        if account.pk == self.request.user.pk:
            update_session_auth_hash(self.request, account)
        return "The password is changed."


class TokenForm(ActForm):
    """A name, scopes and an end."""

    name = forms.CharField(label="What it is for", max_length=100)
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        help_text="A token never exceeds your own roles.",
    )
    expires_at = UtcDateTimeField(label="Expires (UTC)", help_text="At most a year from now.")


class IssueToken(Act):
    """Issue a token for one's own account and show its secret once."""

    form_class = TokenForm

    def initial(self, target: None) -> dict[str, Any]:
        """Reading, for three months."""
        return {"scopes": [Scope.READ.value], "expires_at": timezone.now() + timedelta(days=DAYS)}

    def words(self, target: None) -> Words:
        """That the secret is shown once."""
        return Words("Issue a token for your account", "Its secret is shown once, on the next page.", "Issue")

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Issue it."""
        self.made: ApiToken = issue_token(actor, account=account_of(actor), **given)
        return f"The token {given['name']} is issued."

    def next_url(self, target: None) -> str:
        """The list."""
        return admin_url(ApiToken, "changelist")

    def leaving(self, url: str) -> HttpResponse:
        """The secret, once; a repeated form finds it gone."""
        context = {
            **self.site.each_context(self.request),
            "title": "Token issued",
            "crumbs": [("Tokens", url), ("Issued", "")],
            "token": self.made,
            "back": url,
        }
        response = TemplateResponse(self.request, "countersign/token_issued.html", context)
        response["Cache-Control"] = "no-store"
        return response


class RevokeToken(Act):
    """Revoke a token."""

    def target(self) -> ApiToken:
        """The token."""
        found = tokens_visible_to(actor_from(self.request)).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def words(self, target: ApiToken) -> Words:
        """What revoking does."""
        return Words(
            f"Revoke the token {target.name}", "It opens nothing from now on.", "Revoke", is_danger=True
        )

    def run(self, actor: Actor, target: ApiToken, given: dict[str, Any]) -> str:
        """Revoke it."""
        revoke_token(actor, token=target, **given)
        return f"The token {target.name} is revoked."

    def next_url(self, target: ApiToken) -> str:
        """The list."""
        return admin_url(ApiToken, "changelist")
