"""What people do in the registry: register systems, channels and components, define segments, revoke."""

import json
from typing import Any

from django import forms

from governance.access.admin_acts import Act, ActForm, ReasonForm, Words, choices_of, chosen
from governance.access.admin_base import admin_url
from governance.access.admin_parts import JsonField
from governance.access.queries import reach
from governance.access.requests import actor_from
from governance.access.roles import Permission
from governance.actors import Actor
from governance.registry.components import deprecate_component, register_component, revoke_component
from governance.registry.kinds import KINDS, Kind
from governance.registry.models import ChannelKind, ComponentVersion, Segment, System
from governance.registry.services import define_segment, register_channel, register_system


def systems_for(actor: Actor, permission: Permission) -> Any:
    """Systems on which the actor holds the permission."""
    found = reach(actor, permission)
    if found is None:
        return System.objects.none()
    return System.objects.all() if found.everywhere else System.objects.filter(pk__in=found.systems)


class SystemForm(ActForm):
    """A new system."""

    slug = forms.CharField(
        label="Short name",
        max_length=64,
        help_text="Lower-case letters, digits and hyphens, like face-liveness; decision services ask by it.",
    )
    name = forms.CharField(label="Name", max_length=150)
    description = forms.CharField(
        label="Description", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    dataset_change_limit_rate = forms.FloatField(
        label="Share of samples that makes a dataset refresh a major one",
        initial=0.1,
        min_value=0,
        max_value=1,
        help_text="0.1 is one sample in ten; approval rules can ask for more people then.",
    )
    starter_may_cast_last_vote = forms.BooleanField(
        label="Whoever cast the last vote may also start the rollout",
        required=False,
        help_text="Left empty, another person must start it.",
    )


class RegisterSystem(Act):
    """Register a system."""

    form_class = SystemForm

    def initial(self, target: None) -> dict[str, Any]:
        """The usual limit."""
        return {"dataset_change_limit_rate": 0.1}

    def words(self, target: None) -> Words:
        """What a system is."""
        return Words(
            "Register a decision system",
            "It is a scope of roles, rules and releases, and is never deleted.",
            "Register",
        )

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Register it."""
        self.made = register_system(actor, **given).pk
        return f"{given['name']} is registered. Register its channels next."

    def next_url(self, target: None) -> str:
        """The new system, or the list."""
        made = getattr(self, "made", None)
        return admin_url(System, "change", made) if made else admin_url(System, "changelist")


class ChannelForm(ActForm):
    """A new channel."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="Letters, digits, dot, underscore and hyphen."
    )
    kind = forms.ChoiceField(label="Kind", choices=ChannelKind.choices)
    drill = forms.BooleanField(label="A drill channel: for rehearsals, serves nobody", required=False)


class RegisterChannel(Act):
    """Register a channel of a system."""

    form_class = ChannelForm

    def rows(self) -> Any:
        """Systems."""
        return System.objects.all()

    def words(self, target: System) -> Words:
        """What a channel is."""
        return Words(
            f"Register a channel of {target.name}", "Roles on the system cover it at once.", "Register"
        )

    def run(self, actor: Actor, target: System, given: dict[str, Any]) -> str:
        """Register it."""
        register_channel(actor, system=target, **given)
        return f"{given['name']} is registered. Register the next one, or go on in the inbox."

    def next_url(self, target: System) -> str:
        """The system."""
        return admin_url(System, "change", target.pk)


class OnSystemForm(ActForm):
    """A form that starts with the system it is about."""

    system = forms.ChoiceField(label="System")

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].choices = choices_of(systems)  # type: ignore[attr-defined]  # a choice field


class OnSystem(Act):
    """An act on a system that the form names; ``permission`` says which are offered."""

    permission: Permission

    def form_arguments(self, actor: Actor, target: None) -> dict[str, Any]:
        """The systems on which the person may."""
        return {"systems": systems_for(actor, self.permission)}

    def system(self, given: dict[str, Any]) -> Any:
        """The system named; it leaves ``given``."""
        return chosen(systems_for(actor_from(self.request), self.permission), given.pop("system"))


class SegmentForm(OnSystemForm):
    """A segment or its next version."""

    key = forms.CharField(label="Key", max_length=100, help_text="An existing key makes its next version.")
    title = forms.CharField(label="Title", max_length=150)
    predicate = JsonField(
        label="Holds when (JSON)",
        help_text='Like {"attribute": "skin_tone", "operator": "eq", "value": "6"}; also all, any, not.',
    )
    protected = forms.BooleanField(label="Protected: the gate must not let it get worse", required=False)
    reason = forms.CharField(label="Reason", max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class DefineSegment(OnSystem):
    """Define a segment."""

    form_class = SegmentForm
    permission = Permission.DEFINE_SEGMENT

    def words(self, target: None) -> Words:
        """What a segment is."""
        return Words(
            "Define a segment",
            "A group of samples that the gate watches. It never changes; a change is a new version.",
            "Define",
        )

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Define it."""
        segment = define_segment(actor, system=self.system(given), **given)
        return f"{segment.title}, version {segment.version}, is defined."

    def next_url(self, target: None) -> str:
        """The list."""
        return admin_url(Segment, "changelist")


class ComponentForm(OnSystemForm):
    """A version of a component."""

    kind = forms.ChoiceField(label="Kind", choices=[(kind.name, kind.title) for kind in KINDS.values()])
    name = forms.CharField(label="Name", max_length=100)
    version = forms.CharField(label="Version", max_length=100)
    attributes = JsonField(label="Attributes (JSON)")
    digest = forms.CharField(
        label="Digest",
        required=False,
        max_length=71,
        help_text="sha256:<64 hex digits> of the artefact. Left empty where the content is the attributes.",
    )
    uri = forms.CharField(label="Place of the artefact", required=False, max_length=1000)
    owner = forms.CharField(label="Owner", required=False, max_length=150, help_text="Left empty: you.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["attributes"].help_text = "\n".join(
            f"{kind.title}: {_fields(kind)}. Like {json.dumps(kind.example)}" for kind in KINDS.values()
        )

    def clean_attributes(self) -> Any:
        """An object is wanted."""
        value = self.cleaned_data["attributes"]
        if not isinstance(value, dict):
            raise forms.ValidationError('Give an object: {"name": value, …}.')
        return value


def _fields(kind: Kind) -> str:
    fields = kind.attributes.model_fields.items()
    return ", ".join(f"{name}*" if info.is_required() else name for name, info in fields)


class RegisterComponent(OnSystem):
    """Register a version of a component."""

    form_class = ComponentForm
    permission = Permission.REGISTER_COMPONENT

    def words(self, target: None) -> Words:
        """What a component is."""
        return Words(
            "Register a component",
            "A version never changes but for its status. Attributes with * are needed. The stack digest "
            "of an evaluation report stands on the page of the release that it measured.",
            "Register",
        )

    def initial(self, target: None) -> dict[str, Any]:
        """The kind that the link names, with an example of its attributes."""
        kind = KINDS.get(self.request.GET.get("kind", ""))
        return {"kind": kind.name, "attributes": json.dumps(kind.example, indent=2)} if kind else {}

    def run(self, actor: Actor, target: None, given: dict[str, Any]) -> str:
        """Register it."""
        component = register_component(actor, system=self.system(given), **given)
        self.made = component.pk
        return f"{component} is registered; its digest is {component.get_digest_kind_display()}."

    def next_url(self, target: None) -> str:
        """The new component, or the list."""
        made = getattr(self, "made", None)
        return (
            admin_url(ComponentVersion, "change", made) if made else admin_url(ComponentVersion, "changelist")
        )


class ComponentAct(Act):
    """An act on one component."""

    form_class = ReasonForm

    def rows(self) -> Any:
        """Components."""
        return ComponentVersion.objects.select_related("system")

    def next_url(self, target: ComponentVersion) -> str:
        """The component."""
        return admin_url(ComponentVersion, "change", target.pk)


class DeprecateComponent(ComponentAct):
    """Mark a component as no longer recommended."""

    def words(self, target: ComponentVersion) -> Words:
        """What deprecating does."""
        return Words(
            f"Deprecate {target}", "It is no longer recommended; releases may still use it.", "Deprecate"
        )

    def run(self, actor: Actor, target: ComponentVersion, given: dict[str, Any]) -> str:
        """Deprecate it."""
        deprecate_component(actor, component=target, **given)
        return f"{target} is deprecated."


class RevokeComponent(ComponentAct):
    """Revoke a component."""

    def words(self, target: ComponentVersion) -> Words:
        """What revoking does."""
        effect = "No new release may use it, and live ones that do are shown with a warning. This is final."
        return Words(f"Revoke {target}", effect, "Revoke", is_danger=True)

    def run(self, actor: Actor, target: ComponentVersion, given: dict[str, Any]) -> str:
        """Revoke it."""
        revoke_component(actor, component=target, **given)
        return f"{target} is revoked."
