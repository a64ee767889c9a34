"""Components and releases in the states that tests need, reached through the real services."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, acting_as
from governance.ledger.canonical import digest_of
from governance.ledger.verbs import verb
from governance.registry.components import register_component
from governance.registry.models import Channel, ComponentVersion, System
from releases.bundles.assignments import assign
from releases.bundles.content import ReleaseContent, SlotInput, with_slots
from releases.bundles.manifest import stack_digest
from releases.bundles.models import Assignment, Revision, RevisionState
from releases.bundles.services import draft_release, edit_release, freeze_release
from releases.bundles.steps import move_revision
from tests.factories.cast import Cast, actor, token_for
from tests.factories.snapshot import remembered

CARD = {
    "what_changed": "The model was trained on two more species of masks.",
    "why": "Silicone masks passed too often.",
    "data": "dataset_2026_q1_r2",
    "channels_tested": "android, ios and mobile web",
    "expected_benefits": "Fewer masks pass.",
    "known_risks": "More retries in low light.",
    "rollback_trigger": "A confirmed spoof that passed.",
    "references": ["https://example.org/reports/18"],
}
ROLLOUT_PLAN = {"stages": [{"kind": "guarded", "coverage": 0.25}, {"kind": "general"}]}
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "model": {"architecture": "CNN with auxiliary supervision", "framework": "torch"},
    "fusion": {
        "strategy": "weighted",
        "inputs": ["depth", "texture"],
        "weights": {"depth": 0.5, "texture": 0.5},
    },
    "threshold_policy": {
        "polarity": "higher_is_attack",
        "at_threshold": "bona_fide",
        "bands": [{"accept": 0.57, "retry": 0.7282}],
    },
    "sdk": {"platform": "android", "semantic_version": "2.3.0"},
    "dataset": {"role": "test"},
    "evaluation_report": {
        "dataset": "dataset_2026_q1_r2",
        "threshold_policy": "policy_risk_a_v4",
        "stack_digest": "sha256:" + "0" * 64,
    },
}
DECLARED = ("model", "sdk", "dataset")


@remembered
def component(
    cast: Cast, kind: str, name: str, version: str = "1", *, digest: str = "", **attributes: Any
) -> ComponentVersion:
    """A registered component; ``attributes`` override those that the kind usually has here."""
    declared = digest or (digest_of([kind, name, version]) if kind in DECLARED else "")
    return register_component(
        actor(cast.author),
        system=cast.system,
        kind=kind,
        name=name,
        version=version,
        attributes={**ATTRIBUTES[kind], **attributes},
        digest=declared,
    )


@remembered
def sdks(cast: Cast, channels: Iterable[Channel], version: str = "2.3.0") -> tuple[SlotInput, ...]:
    """An SDK slot for each of the channels."""
    platforms = {"android": "android", "ios": "ios", "kiosk": "kiosk"}
    return tuple(
        SlotInput(
            "sdk",
            component(
                cast,
                "sdk",
                f"{channel.name}_sdk",
                version,
                platform=platforms.get(channel.kind, "web"),
                semantic_version=version,
            ),
            channel,
        )
        for channel in channels
    )


def rollback_plan(cast: Cast, **given: Any) -> dict[str, Any]:
    """A complete rollback plan, owned by the release manager."""
    return {
        "owner": cast.release_manager.username,
        "steps": "Assign the release before.",
        "triggers": [{"description": "One confirmed spoof that passed."}],
        **given,
    }


@remembered
def stack(cast: Cast, channels: Iterable[Channel], tag: str = "1") -> tuple[SlotInput, ...]:
    """The slots of a stack without its report; components are named by ``tag``."""
    return (
        SlotInput("model", component(cast, "model", "live", tag)),
        SlotInput("fusion", component(cast, "fusion", "fusion", tag)),
        SlotInput("threshold_policy", component(cast, "threshold_policy", "policy_risk_a", tag)),
        SlotInput("dataset", component(cast, "dataset", "dataset_2026_q1", tag), role="test"),
        *sdks(cast, channels, f"2.3.{tag}"),
    )


def with_report(cast: Cast, content: ReleaseContent, tag: str = "1") -> ReleaseContent:
    """The content with a report of its very stack."""
    report = component(
        cast, "evaluation_report", "eval_release", tag, stack_digest=stack_digest(content.slots)
    )
    return with_slots(content, (SlotInput("evaluation_report", report),))


@remembered
def complete_content(cast: Cast, *names: str, tag: str = "1") -> ReleaseContent:
    """Everything a release must hold, for the channels named (by default all of the system)."""
    wanted = names or tuple(channel.name for channel in cast.system.channels.order_by("name"))
    channels = tuple(cast.channel(name) for name in wanted)
    content = ReleaseContent(channels, stack(cast, channels, tag), CARD, ROLLOUT_PLAN, rollback_plan(cast))
    return with_report(cast, content, tag)


@remembered
def changed(cast: Cast, content: ReleaseContent, *slots: SlotInput, tag: str) -> ReleaseContent:
    """The content with some slots replaced and a report of the stack that comes of it."""
    kept = tuple(slot for slot in content.slots if slot.slot != "evaluation_report")
    return with_report(cast, with_slots(replace(content, slots=kept), slots), tag)


@dataclass(frozen=True)
class Parts:
    """The cast, the content of a complete release on all channels, and components to change it with."""

    cast: Cast
    content: ReleaseContent
    policy: ComponentVersion
    android_sdk: ComponentVersion
    author_secret: str

    @property
    def system(self) -> System:
        """The cast's system."""
        return self.cast.system

    @property
    def author(self) -> Actor:
        """The author acting now."""
        return actor(self.cast.author)

    def slot(self, kind: str) -> SlotInput:
        """The content's first slot of the kind."""
        return next(slot for slot in self.content.slots if slot.slot == kind)


@remembered
def parts(cast: Cast) -> Parts:
    """A world for tests of releases, registered through the services."""
    return Parts(
        cast,
        complete_content(cast),
        component(
            cast, "threshold_policy", "policy_risk_a", "v5", bands=[{"accept": 0.5884, "retry": 0.7282}]
        ),
        component(cast, "sdk", "android_sdk", "3.0.0", semantic_version="3.0.0"),
        token_for(cast.author),
    )


@remembered
def draft(cast: Cast, content: ReleaseContent | None = None, *, name: str = "v3.1") -> Revision:
    """A draft, complete unless ``content`` is less."""
    chosen = content if content is not None else complete_content(cast)
    return draft_release(actor(cast.author), system=cast.system, name=name, content=chosen)


@remembered
def frozen(cast: Cast, content: ReleaseContent | None = None, *, name: str = "v3.1") -> Revision:
    """A frozen first revision."""
    return freeze_release(actor(cast.author), revision=draft(cast, content, name=name))


@remembered
def revised(cast: Cast, revision: Revision, content: ReleaseContent) -> Revision:
    """The next revision of a frozen one, frozen too."""
    edited = edit_release(actor(cast.author), revision=revision, content=content)
    return freeze_release(actor(cast.author), revision=edited)


def body(content: ReleaseContent) -> Mapping[str, Any]:
    """The content as the body of a request."""
    return {
        "channels": [str(channel.id) for channel in content.channels],
        "slots": [
            {
                "slot": slot.slot,
                "component": str(slot.component.id),
                "channel": str(slot.channel_id) if slot.channel_id else None,
                "role": slot.role or None,
            }
            for slot in content.slots
        ],
        "card": content.card,
        "rollout_plan": content.rollout_plan,
        "rollback_plan": content.rollback_plan,
    }


@verb("assignment.changed")
def go_live(actor: Actor, *, revision: Revision, channel: Channel, reason: str = "A test") -> Assignment:
    """Let the revision answer on the channel, by the step that every verb which changes that uses."""
    require(actor, Permission.START_ROLLOUT, channel)
    return assign(channel, stable=revision, deployment=None, reason=reason)


def in_state(here: Parts, state: RevisionState) -> Revision:
    """A revision in any state; what leads there beyond freezing belongs to higher slices."""
    if state == RevisionState.DRAFT:
        return draft(here.cast, here.content)
    revision = frozen(here.cast, here.content)
    with acting_as(here.author):
        for step in PATHS[state]:
            move_revision(revision, step)
    return revision


PATHS: dict[RevisionState, tuple[RevisionState, ...]] = {
    RevisionState.FROZEN: (),
    RevisionState.IN_REVIEW: (RevisionState.IN_REVIEW,),
    RevisionState.APPROVED: (RevisionState.IN_REVIEW, RevisionState.APPROVED),
    RevisionState.REJECTED: (RevisionState.IN_REVIEW, RevisionState.REJECTED),
    RevisionState.EXPIRED: (RevisionState.IN_REVIEW, RevisionState.APPROVED, RevisionState.EXPIRED),
    RevisionState.WITHDRAWN: (RevisionState.WITHDRAWN,),
}
