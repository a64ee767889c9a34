"""What people do to the list of criteria of a draft: move one, copy it, take it out. Each is one edit."""

from dataclasses import replace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from governance.access.admin_acts import ActForm, Words
from governance.actors import Actor
from releases.gates.models import GatePolicy
from releases.gates.policies.acts import PolicyAct, ReadForm
from releases.gates.policies.editing import CriterionAct, held_criterion
from releases.gates.policies.parsing import CriterionInput, free_key
from releases.gates.policies.policy_page import criterion_url
from releases.gates.queries import content_digest


class HeldAct(CriterionAct):
    """Base of acts that ask nothing: the form holds what was read of the policy."""

    form_class = ReadForm
    page = "countersign/act_page.html"

    def form_arguments(self, actor: Actor, target: GatePolicy) -> dict[str, Any]:
        """Nothing is asked."""
        return {}

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """A question, on a page or in the dialog."""
        return PolicyAct.shown(self, form, target, status=status)

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What was read."""
        return {"read": content_digest(target)}


class RemoveCriterion(HeldAct):
    """Take a criterion out of a draft."""

    found: CriterionInput

    def target(self) -> GatePolicy:
        """The policy, if it has the criterion."""
        policy = super().target()
        self.found = held_criterion(self.held, self.kwargs["key"])
        return policy

    def words(self, target: GatePolicy) -> Words:
        """What is taken out."""
        effect = f"{target} asks for it no more. The ledger keeps what it was."
        return Words(f"Remove {self.found.title}?", effect, "Remove", is_danger=True)

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Take it out."""
        rest = [one for one in self.held if one.key != self.found.key]
        self.replace_criteria(actor, target, rest, given["read"])
        return f"{self.found.title} is removed."


class ArrangeForm(ReadForm):
    """One button of the list."""

    key = forms.CharField(max_length=100, widget=forms.HiddenInput)
    move = forms.ChoiceField(
        choices=[("up", "up"), ("down", "down"), ("copy", "copy")], widget=forms.HiddenInput
    )


class ArrangeCriteria(HeldAct):
    """Move a criterion up or down, or copy it."""

    form_class = ArrangeForm
    copied = ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The list has the buttons."""
        return HttpResponseRedirect(self.next_url(self.target()))

    def words(self, target: GatePolicy) -> Words:
        """Shown only where a button was refused."""
        return Words(f"Arrange the criteria of {target}", "Go back to the list and try again.", "Try again")

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Put it elsewhere, or a copy of it behind it."""
        one = held_criterion(self.held, given["key"])
        place = self.held.index(one)
        if given["move"] == "copy":
            key = free_key(f"{one.key[:90]}_copy", {other.key for other in self.held})
            copied = replace(one, key=key, title=f"{one.title[:190]} (copy)")
            self.replace_criteria(
                actor, target, [*self.held[: place + 1], copied, *self.held[place + 1 :]], given["read"]
            )
            self.copied = key
            return f"{one.title} is copied. Change what is to differ."
        goal = place + (-1 if given["move"] == "up" else 1)
        if not 0 <= goal < len(self.held):
            return f"{one.title} stands at the end already."
        rest = [other for other in self.held if other is not one]
        self.replace_criteria(actor, target, [*rest[:goal], one, *rest[goal:]], given["read"])
        return f"{one.title} is moved."

    def next_url(self, target: GatePolicy) -> str:
        """The copy, or the list."""
        if self.copied:
            return criterion_url(target, self.copied)
        return f"{super().next_url(target)}#criteria"
