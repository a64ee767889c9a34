"""Acts of the admin: a form, a confirmation, and the one verb that it calls.

Each act has an address of its own. GET shows its form, as a page or inside the dialog when htmx asks; POST
checks the form, the password where the last proof of identity is too old, and calls the verb. A refusal is
shown beside the form with what to do next. Nothing here writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import authenticate, login
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.generic import View

from governance.access.presence import FRESH
from governance.access.queries import visible_to
from governance.access.requests import actor_from, prove_identity
from governance.actors import Actor, AuthMethod
from governance.errors import FieldError, GovernanceError, InvalidInput
from governance.identifiers import new_id

PAGE = "countersign/act_page.html"
DIALOG = "countersign/act_dialog.html"


class ActForm(forms.Form):
    """Base of the forms: the key makes a double click the same act, the password stands last if asked for."""

    renamed: ClassVar[Mapping[str, str]] = {}
    """Fields that do not bear the name of the verb's argument, by that argument."""
    act_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, ask_password: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if ask_password:
            self.fields["password"] = forms.CharField(
                label="Your password",
                strip=False,
                help_text="Your last proof of identity is more than 10 minutes old.",
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            )

    def arguments(self) -> dict[str, Any]:
        """What the verb is called with: the cleaned fields of the act itself."""
        return {
            name: value for name, value in self.cleaned_data.items() if name not in {"act_key", "password"}
        }


class ReasonForm(ActForm):
    """An act with a written reason."""

    reason = forms.CharField(
        label="Reason",
        max_length=4000,
        help_text="It is kept in the record and read by others.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@dataclass(frozen=True)
class Words:
    """What the form says: its heading, what will happen, and the word on its button."""

    title: str
    explanation: str
    submit: str
    is_danger: bool = False


class Act(View):
    """Base of the acts. A subclass names its rows, its form and its words, and calls one verb in ``run``."""

    site: AdminSite = None  # type: ignore[assignment]  # set by as_view
    form_class: ClassVar[type[ActForm]] = ReasonForm
    page: ClassVar[str] = PAGE
    proves: ClassVar[bool] = False
    """Whether the verb asks for a proof of identity of the last ten minutes."""
    extra_context: dict[str, Any] | None = None
    """What ``page`` shows beside the form."""

    # --- what a subclass says ---------------------------------------------------------------------------
    def rows(self) -> QuerySet[Any] | None:
        """Where the target is found; None for acts without one."""
        return None

    def words(self, target: Any) -> Words:
        """The form's words."""
        raise NotImplementedError

    def run(self, actor: Actor, target: Any, given: dict[str, Any]) -> str:
        """Call the verb; answers the message of its success."""
        raise NotImplementedError

    def next_url(self, target: Any) -> str:
        """Where the reader goes afterwards."""
        raise NotImplementedError

    def initial(self, target: Any) -> dict[str, Any]:
        """What the form starts with."""
        return {}

    def form_arguments(self, actor: Actor, target: Any) -> dict[str, Any]:
        """Further arguments of the form's constructor."""
        return {}

    # --- how it goes ------------------------------------------------------------------------------------
    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The empty form."""
        target = self.target()
        initial = {"act_key": str(new_id()), **self.initial(target)}
        return self.shown(self.form(target, initial=initial), target)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Check, call, and go on; or show the form again with what is wrong."""
        target = self.target()
        form = self.form(target, data=request.POST, files=request.FILES)
        if not form.is_valid() or not self.proved(form):
            return self.shown(form, target, status=422)
        try:
            said = self.run(self.actor(form), target, form.arguments())
        except GovernanceError as refusal:
            show_on(form, refusal)
            return self.shown(form, target, status=409)
        messages.success(request, said)
        return self.leaving(self.next_url(target))

    def target(self) -> Any:
        """The object of the act, within what the person may see."""
        rows = self.rows()
        if rows is None:
            return None
        found = visible_to(rows, actor_from(self.request)).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def form(self, target: Any, **kwargs: Any) -> ActForm:
        """The form, asking for the password if it is needed."""
        actor = actor_from(self.request)
        asks = self.proves and needs_proof(actor)
        return self.form_class(ask_password=asks, **self.form_arguments(actor, target), **kwargs)

    def proved(self, form: ActForm) -> bool:
        """Whether the password given, if one was asked for, is the person's."""
        if "password" not in form.fields:
            return True
        password = form.cleaned_data["password"]
        account = authenticate(self.request, username=self.request.user.get_username(), password=password)
        if account is None:
            form.add_error(
                "password", "This is not your password. After five wrong ones your account is locked."
            )
            return False
        login(self.request, account)
        prove_identity(self.request)
        return True

    def actor(self, form: ActForm) -> Actor:
        """The person, claiming the form's key: sending the same form twice is one act."""
        parts = [self.request.path, *(f"{name}={value}" for name, value in sorted(form.arguments().items()))]
        digest = salted_hmac("countersign.act", "\n".join(parts), algorithm="sha256").hexdigest()
        return actor_from(self.request).with_idempotency(form.cleaned_data["act_key"], f"sha256:{digest}")

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The form as a page, or as the dialog's content."""
        in_dialog = "HX-Request" in self.request.headers
        words = self.words(target)
        context = {
            "form": form,
            "words": words,
            "back": self.next_url(target),
            "action": self.request.get_full_path(),
            "multipart": form.is_multipart(),
            **(self.extra_context or {}),
        }
        if in_dialog:
            # htmx swaps successful answers only; the page without scripts keeps the honest status.
            return TemplateResponse(self.request, DIALOG, context)
        whole = {**self.site.each_context(self.request), **context, "title": words.title}
        return TemplateResponse(self.request, self.page, whole, status=status)

    def leaving(self, url: str) -> HttpResponse:
        """On to ``url``, from the page or from the dialog."""
        if "HX-Request" in self.request.headers:
            return HttpResponse(headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


def needs_proof(actor: Actor) -> bool:
    """Whether the session's last proof of identity is older than the acts that ask for one allow."""
    return actor.auth.method is AuthMethod.SESSION and not actor.auth.is_fresh(timezone.now(), FRESH)


MARKED = "Nothing was saved. Correct what is marked below."


def show_on(form: ActForm, refusal: GovernanceError) -> None:
    """The refusal beside the fields it names; above the form whole, unless those fields say all of it."""
    beside = [(error, _field_of(form, error)) for error in refusal.field_errors]
    says_all = isinstance(refusal, InvalidInput) and bool(beside) and all(name for _, name in beside)
    form.add_error(None, MARKED if says_all else f"{refusal.message} {refusal.next_step}".strip())
    for error, name in beside:
        if name:
            nested = "." in error.field or "[" in error.field
            said = f"{error.field}: {error.message}" if nested else error.message
            form.add_error(name, f"{said[:1].upper()}{said[1:]}" if not nested else said)


def _field_of(form: ActForm, error: FieldError) -> str:
    """The visible field that a refusal names, or ''."""
    argument = error.field.partition(".")[0].partition("[")[0]
    name = form.renamed.get(argument, argument)
    return name if name in form.fields and not form[name].is_hidden else ""


def act_path(site: AdminSite, route: str, act: type[Act], name: str) -> URLPattern:
    """The address of an act, for signed-in persons only."""
    return path(route, site.admin_view(act.as_view(site=site)), name=name)


def choices_of(rows: QuerySet[Any], label: Callable[[Any], str] = str) -> list[tuple[str, str]]:
    """Rows as choices of a form."""
    return [(str(row.pk), label(row)) for row in rows]


def chosen(rows: QuerySet[Any], key: str | UUID) -> Model:
    """The row that a form's choice names.

    Raises:
        Http404: it vanished from what the person may see.
    """
    found: Model | None = rows.filter(pk=key).first()
    if found is None:
        raise Http404
    return found
