"""The form of a release: channels, one field per kind of component, the card, the rollback plan."""

from collections.abc import Sequence
from typing import Any

from django import forms

from audits.pages.plans import CARD
from audits.pages.stage_lines import HELP, lines_of, stages_from
from audits.pages.watching_fields import (
    BUDGET,
    budget_of,
    choices,
    is_preset,
    ticked,
    watched_stages,
    watched_triggers,
)
from governance.access.admin_acts import ActForm
from governance.registry.kinds import KINDS, Kind
from governance.registry.models import Channel, ComponentStatus, ComponentVersion, System
from releases.bundles.content import ReleaseContent, SlotInput, slot_input

CARD_HELP = {
    "what_changed": "What is different for those who rely on it.",
    "known_risks": "What you know may go wrong, and for whom.",
    "rollback_trigger": "What would make you take it back at once.",
}
FIRST_PLAN = {
    "stages": [
        {"kind": "guarded", "coverage": 0.25, "min_duration_seconds": 86_400},
        {"kind": "general"},
    ]
}
"""What a plan starts with when nothing is copied: a quarter for a day, then everybody."""


class ReleaseForm(ActForm):
    """Name, channels, one field per kind of component, the card, and the rollback plan."""

    may_be_incomplete = True
    """Nothing is marked optional: freezing asks for nearly all of it."""
    name = forms.CharField(
        label="Name", max_length=100, help_text="Letters, digits, dot, underscore and hyphen."
    )
    channels = forms.MultipleChoiceField(label="Channels", widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, system: System, is_new: bool, stages: Sequence[dict[str, Any]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stages_before = stages
        self.system = system
        self.system_channels = list(system.channels.order_by("name"))
        if not is_new:
            del self.fields["name"]
        self.fields["channels"].choices = [(str(row.pk), _channel_label(row)) for row in self.system_channels]  # type: ignore[attr-defined]  # a choice field
        usable = ComponentVersion.objects.filter(system=system).exclude(status=ComponentStatus.REVOKED)
        self.components = {str(row.pk): row for row in usable.order_by("name", "-registered_at")}
        for kind in KINDS.values():
            self._add_slots(kind)
        self._add_texts()

    def _add_slots(self, kind: Kind) -> None:
        options = [(key, _label(row)) for key, row in self.components.items() if row.kind == kind.name]
        if kind.per_channel:
            for channel in self.system_channels:
                self.fields[f"{kind.name}:{channel.pk}"] = _one(f"{kind.title} on {channel.name}", options)
        elif kind.at_most == 1:
            self.fields[kind.name] = _one(kind.title, options)
        else:
            self.fields[kind.name] = forms.MultipleChoiceField(
                label=kind.title,
                required=False,
                choices=options,
                help_text="One or more; hold Ctrl to choose several.",
                widget=forms.SelectMultiple(attrs={"size": min(6, max(2, len(options)))}),
            )

    def _add_texts(self) -> None:
        area = {"rows": 2}
        for key, title in CARD:
            help_text = CARD_HELP.get(key, "")
            self.fields[f"card.{key}"] = forms.CharField(
                label=title, required=False, help_text=help_text, widget=forms.Textarea(attrs=area)
            )
        self.fields["card.references"] = forms.CharField(
            label="References",
            required=False,
            help_text="One address per line.",
            widget=forms.Textarea(attrs=area),
        )
        self.fields["rollout_plan"] = forms.CharField(
            label="Rollout stages", required=False, help_text=HELP, widget=forms.Textarea(attrs={"rows": 4})
        )
        self.fields["rollback_plan.owner"] = forms.CharField(
            label="Rollback owner", required=False, help_text="The username of whoever takes it back."
        )
        self.fields["rollback_plan.steps"] = forms.CharField(
            label="Rollback steps", required=False, widget=forms.Textarea(attrs=area)
        )
        self.fields["rollback_plan.triggers"] = forms.CharField(
            label="Rollback triggers in words",
            required=False,
            help_text="One per line. Words are for people: nothing measures them.",
            widget=forms.Textarea(attrs=area),
        )
        self.fields["watch"] = forms.MultipleChoiceField(
            label="Triggers that are measured",
            required=False,
            choices=choices(),
            widget=forms.CheckboxSelectMultiple,
            help_text="Each is in force in the stages in which it has something to look at.",
        )
        self.fields["p95_budget"] = forms.FloatField(
            label="Budget of the p95 latency, milliseconds", required=False, min_value=1, max_value=1e9
        )

    def clean_rollout_plan(self) -> list[dict[str, Any]]:
        """The lines as stages."""
        return stages_from(self.cleaned_data["rollout_plan"], self.stages_before)

    def clean(self) -> dict[str, Any]:
        """The p95 latency is watched against a budget, which only its writer knows."""
        given: dict[str, Any] = super().clean() or {}
        if BUDGET in given.get("watch", []) and not given.get("p95_budget"):
            self.add_error("p95_budget", "State the budget, or do not watch the p95 latency.")
        return given

    def content(self, base: ReleaseContent) -> ReleaseContent:
        """What the form says; what it does not ask about is taken from ``base``."""
        given = self.cleaned_data
        channels = tuple(row for row in self.system_channels if str(row.pk) in given["channels"])
        card = {key: given[f"card.{key}"] for key, _ in CARD if given[f"card.{key}"].strip()}
        links = given["card.references"].split()
        if links:
            card["references"] = links
        return ReleaseContent(
            channels=channels,
            slots=tuple(self._slots(channels)),
            card=card,
            rollout_plan={
                **base.rollout_plan,
                "stages": watched_stages(given["rollout_plan"], given["watch"], ticked(base.rollback_plan)),
            },
            rollback_plan=self._rollback_plan(base.rollback_plan),
        )

    def _slots(self, channels: tuple[Channel, ...]) -> list[SlotInput]:
        slots = []
        for kind in KINDS.values():
            places: list[tuple[str, Channel | None]] = [(kind.name, None)]
            if kind.per_channel:
                places = [(f"{kind.name}:{row.pk}", row) for row in channels]
            for name, channel in places:
                value = self.cleaned_data[name]
                for key in [value] if isinstance(value, str) else value:
                    if key:
                        slots.append(slot_input(kind.name, self.components[key], channel, ""))
        return slots

    def _rollback_plan(self, base: dict[str, Any]) -> dict[str, Any]:
        """The plan; a trigger whose words are unchanged keeps its key and action."""
        given = self.cleaned_data
        others = [trigger for trigger in base.get("triggers", []) if not is_preset(trigger)]
        known = {trigger.get("description"): trigger for trigger in others}
        lines = [line.strip() for line in given["rollback_plan.triggers"].splitlines() if line.strip()]
        plan = {key: value for key, value in base.items() if key in {"target", "not_switchable"}}
        plan |= {
            key: given[f"rollback_plan.{key}"]
            for key in ("owner", "steps")
            if given[f"rollback_plan.{key}"].strip()
        }
        watched = watched_triggers(
            base, given["watch"], owner=given["rollback_plan.owner"].strip(), budget=given["p95_budget"]
        )
        if lines or watched:
            plan["triggers"] = [*(known.get(line, {"description": line}) for line in lines), *watched]
        return plan


def _channel_label(row: Channel) -> str:
    return f"{row.name} (drill: rehearses, and stands alone)" if row.drill else row.name


def _label(row: ComponentVersion) -> str:
    summary = KINDS[row.kind].summary(row.attributes) if row.kind in KINDS else ""
    old = " (deprecated)" if row.status == ComponentStatus.DEPRECATED else ""
    return f"{row}{old}: {summary}" if summary else f"{row}{old}"


def _one(label: str, options: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", "– none –"), *options])


def form_values(content: ReleaseContent) -> dict[str, Any]:
    """The content as the form's first values."""
    values: dict[str, Any] = {"channels": [str(row.pk) for row in content.channels]}
    for slot in content.slots:
        kind = KINDS[slot.slot]
        key = str(slot.component.pk)
        if kind.per_channel:
            values[f"{slot.slot}:{slot.channel_id}"] = key
        elif kind.at_most == 1:
            values[slot.slot] = key
        else:
            values.setdefault(slot.slot, []).append(key)
    values |= {f"card.{key}": content.card.get(key, "") for key, _ in CARD}
    values["rollout_plan"] = lines_of(content.rollout_plan.get("stages", []))
    values["card.references"] = "\n".join(content.card.get("references", []))
    plan = content.rollback_plan
    values |= {f"rollback_plan.{key}": plan.get(key, "") for key in ("owner", "steps")}
    values["rollback_plan.triggers"] = "\n".join(
        item.get("description", "") for item in plan.get("triggers", []) if not is_preset(item)
    )
    values |= {"watch": ticked(plan), "p95_budget": budget_of(plan)}
    return values
