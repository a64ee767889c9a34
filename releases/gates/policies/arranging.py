"""What people do to the list of criteria of a draft: move one, copy it, take it out. Each is one edit."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from governance.access.admin_acts import Words
from governance.actors import Actor
from releases.gates.models import GatePolicy
from releases.gates.policies.acts import ReadForm
from releases.gates.policies.editing import DraftAct, held_criterion
from releases.gates.policies.parsing import free_key, written
from releases.gates.policies.policy_page import criterion_url
from releases.gates.queries import content_digest


class HeldAct(DraftAct):
    """Base of acts that ask nothing: the form holds what was read of the policy."""

    form_class = ReadForm

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What was read."""
        return {"read": content_digest(target)}


class RemoveCriterion(HeldAct):
    """Take a criterion out of a draft."""

    title = ""

    def target(self) -> GatePolicy:
        """The policy, if it has the criterion; sent twice, it has it no more."""
        policy = super().target()
        found = [one.title for one in self.held if one.key == self.key()]
        if not found and self.request.method != "POST":
            raise Http404
        self.title = found[0] if found else self.key()
        return policy

    def words(self, target: GatePolicy) -> Words:
        """What is taken out."""
        effect = f"{target} asks for it no more. The ledger keeps what it was."
        return Words(f"Remove {self.title}?", effect, "Remove", is_danger=True)

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Take it out."""
        rest = [one for one in self.held if one.key != self.key()]
        if len(rest) == len(self.held) and given["read"] == content_digest(target):
            raise Http404
        self.replace_criteria(actor, target, rest, given["read"])
        return f"{self.title} is removed."


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
            whole = [*self.held[: place + 1], copied, *self.held[place + 1 :]]
            stored = written(self.replace_criteria(actor, target, whole, given["read"]))
            self.copied = next((after.key for before, after in pairwise(stored) if before.key == one.key), "")
            return f"{one.title} is copied. Change what is to differ."
        goal = place + (-1 if given["move"] == "up" else 1)
        at_the_end = not 0 <= goal < len(self.held)
        if at_the_end and given["read"] == content_digest(target):
            return f"{one.title} stands at the end already."
        rest = [other for other in self.held if other is not one]
        self.replace_criteria(
            actor, target, [*rest[: max(goal, 0)], one, *rest[max(goal, 0) :]], given["read"]
        )
        return f"{one.title} is moved."

    def next_url(self, target: GatePolicy) -> str:
        """The copy, or the list."""
        if self.copied:
            return criterion_url(target, self.copied)
        return f"{super().next_url(target)}#criteria"
