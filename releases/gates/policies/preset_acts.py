"""Presets on their pages: which there are, with source and blind spots, and adding one to a draft."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from governance.access.admin_acts import ActForm, Words
from governance.access.admin_base import admin_url
from governance.access.requests import actor_from
from governance.actors import Actor
from governance.errors import FieldError, InvalidInput
from releases.gates.models import GatePolicy
from releases.gates.policies.acts import PolicyAct
from releases.gates.policies.form_fields import NamesField
from releases.gates.policies.placeholders import Placeholder
from releases.gates.policies.policy_page import may_edit
from releases.gates.policies.presets import Preset, filled_preset, presets
from releases.gates.policies.services import add_preset
from releases.gates.policies.system_facts import SystemFacts, facts_of
from releases.gates.queries import content_digest


class PresetForm(ActForm):
    """One field for each gap that the preset's writer fills; ``read`` names what was read of the policy."""

    read = forms.CharField(widget=forms.HiddenInput, max_length=71)

    def __init__(self, *args: Any, preset: Preset, facts: SystemFacts, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [one.name for one in preset.asked()]
        for one in preset.asked():
            self.fields[one.name] = _field(one, facts)

    def arguments(self) -> dict[str, Any]:
        """What fills the gaps, and what was read."""
        given = {name: self.cleaned_data.get(name) for name in self.asked}
        values = {name: value for name, value in given.items() if value not in (None, "", [])}
        return {"read": self.cleaned_data["read"], "values": values}


def _field(placeholder: Placeholder, facts: SystemFacts) -> forms.Field:
    common: dict[str, Any] = {
        "label": placeholder.label,
        "help_text": placeholder.help,
        "required": placeholder.is_needed,
    }
    if placeholder.shape == "names":
        return NamesField(**common)
    if placeholder.shape in {"share", "number"}:
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **common)
    if placeholder.shape == "release":
        return forms.ChoiceField(choices=[("", "what is live now"), *facts.references], **common)
    return forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), **common)


class ChoosePreset(PolicyAct):
    """All presets, for a draft."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Each with its source, what it states, and what nobody can check here."""
        target = self.target()
        shown = [(one, admin_url(GatePolicy, "add_preset", target.pk, one.key)) for one in presets().values()]
        context = {"editable": may_edit(target, actor_from(request)), "presets": shown}
        return self.drawn("countersign/presets.html", target, "Presets", context)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """One is added on its own page."""
        return HttpResponseNotAllowed(["GET"])


class AddPreset(PolicyAct):
    """Add a preset to a draft."""

    form_class = PresetForm
    page = "countersign/preset.html"

    def preset(self) -> Preset:
        """The one that the address names."""
        found = presets().get(self.kwargs["preset"])
        if found is None:
            raise Http404
        return found

    def words(self, target: GatePolicy) -> Words:
        """What is added."""
        preset = self.preset()
        effect = f"Its criteria are added to those of {target}; none is replaced."
        return Words(f"Add {preset.title}", effect, "Add these criteria")

    def form_arguments(self, actor: Actor, target: GatePolicy) -> dict[str, Any]:
        """What the preset asks for, with what the system has."""
        return {"preset": self.preset(), "facts": facts_of(target.system)}

    def initial(self, target: GatePolicy) -> dict[str, Any]:
        """What the system suggests."""
        facts = facts_of(target.system)
        found = {one.name: one.suggested(facts) for one in self.preset().asked()}
        shown = {
            name: NamesField.written(value) if isinstance(value, list) else value
            for name, value in found.items()
            if value is not None
        }
        return {**shown, "read": content_digest(target)}

    def shown(self, form: ActForm, target: Any, *, status: int = 200) -> HttpResponse:
        """The form beside what the preset says."""
        self.extra_context = {"preset": self.preset()}
        return super().shown(form, target, status=status)

    def run(self, actor: Actor, target: GatePolicy, given: dict[str, Any]) -> str:
        """Add it."""
        before = target.criteria.count()
        try:
            policy = add_preset(
                actor,
                policy=target,
                preset=self.preset().key,
                values=given["values"],
                expected=given["read"],
            )
        except InvalidInput as refusal:
            raise _beside_fields(refusal) from refusal
        added = policy.criteria.count() - before
        many = f"{added} criteri{'a' if added != 1 else 'on'} " if added else ""  # none: it was sent twice
        said = f"{self.preset().title}: {many}added to {policy}."
        left_out = filled_preset(self.preset(), target.system, given["values"]).left_out
        return " ".join([said, *(f"Left out: {one.title}, for {one.why}." for one in left_out)])


def _beside_fields(refusal: InvalidInput) -> InvalidInput:
    """The same refusal with the names of the form's fields."""
    fields = tuple(FieldError(one.field.removeprefix("values."), one.message) for one in refusal.field_errors)
    return InvalidInput(refusal.message, next_step=refusal.next_step, field_errors=fields)
