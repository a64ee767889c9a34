"""Verbs on gate policies: draft, edit, lock. A locked policy never changes; the next one takes its place."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import canonical_bytes
from governance.ledger.entries import store_blob
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import System
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GateCriterion, GatePolicy, PolicyState
from releases.gates.policies.parsing import CriterionInput, digest_before_lock, new_beside, parsed, written
from releases.gates.policies.pinning import pinned
from releases.gates.policies.presets import filled_preset, preset_of
from releases.gates.policies.soundness import check_sound
from releases.gates.policies.system_facts import has_served
from releases.gates.queries import content_digest, criteria_of, policy_document, policy_in_force

__all__ = [
    "CriterionInput",
    "add_preset",
    "draft_policy",
    "edit_policy",
    "lock_policy",
    "policy_in_force",
]


class PolicyLocked(GovernanceError):
    """A locked policy never changes."""

    code = "policy_locked"
    title = "The policy is locked"
    next_step = "Draft the next version under the same name, then lock that."


class PolicyIsDrafted(GovernanceError):
    """A draft of this policy exists."""

    code = "policy_is_drafted"
    title = "There is a draft already"
    next_step = "Edit that draft, or lock it before drafting the next version."


class PolicyEditedMeanwhile(GovernanceError):
    """Somebody changed the draft since it was read."""

    code = "edited_meanwhile"
    status = 412
    title = "Changed since you read it"
    next_step = "Read the policy again, and repeat your change on what it holds now."


class PresetIsThere(GovernanceError):
    """The draft holds what the preset would add."""

    code = "preset_is_there"
    title = "The preset is in the policy already"
    next_step = "Change its criteria one by one, or add the preset with other values."


@verb("gate_policy.drafted")
def draft_policy(
    actor: Actor,
    *,
    system: System,
    name: str,
    criteria: Sequence[CriterionInput],
    description: str = "",
    out_of_scope: Sequence[dict[str, str]] = (),
) -> GatePolicy:
    """Draft a policy, or the next version of one that is locked.

    ``out_of_scope`` lists what the policy leaves out, each ``{"what": …, "reason": …}``.

    Raises:
        PolicyIsDrafted: the newest version of this name is a draft.
        InvalidInput: naming the criterion and the field that does not fit.
    """
    require(actor, Permission.DRAFT_POLICY, system)
    System.objects.select_for_update(no_key=True).get(id=system.id)
    last = GatePolicy.objects.filter(system=system, name=name).order_by("-version").first()
    if last is not None and last.state == PolicyState.DRAFT:
        raise PolicyIsDrafted(f"{last} is a draft.")
    if not name.strip() or len(name) > 100:
        raise invalid("name", "a name of 1 to 100 characters is wanted.")
    policy = GatePolicy.objects.create(
        system=system,
        name=name,
        version=last.version + 1 if last else 1,
        description=description,
        out_of_scope=_out_of_scope(out_of_scope),
        drafted_at=moment(),
        drafted_by_username=actor.username,
    )
    _store(policy, parsed(criteria, previous=last), actor.username)
    record(policy.stream(), after=_snapshot(policy), refs=_stored(policy))
    return policy


@verb("gate_policy.edited")
def edit_policy(
    actor: Actor,
    *,
    policy: GatePolicy,
    criteria: Sequence[CriterionInput],
    description: str = "",
    out_of_scope: Sequence[dict[str, str]] = (),
    expected: str | None = None,
) -> GatePolicy:
    """Replace what a draft holds. ``expected`` is the digest of what the writer has read.

    Raises:
        PolicyLocked: it is no draft any more.
        PolicyEditedMeanwhile: it is no longer what the writer has read.
        InvalidInput: naming the criterion and the field that does not fit.
    """
    require(actor, Permission.DRAFT_POLICY, policy)
    policy = _draft_as_read(policy, expected)
    before = _snapshot(policy)
    policy.description = description
    policy.out_of_scope = _out_of_scope(out_of_scope)
    policy.save(update_fields=["description", "out_of_scope"])
    _replace(policy, criteria, actor.username)
    record(policy.stream(), before=before, after=_snapshot(policy), refs=_stored(policy))
    return policy


@verb("gate_policy.preset_added")
def add_preset(
    actor: Actor, *, policy: GatePolicy, preset: str, values: Mapping[str, Any], expected: str | None = None
) -> GatePolicy:
    """Append a preset's criteria to a draft, filled from the system and from ``values``; nothing is replaced.

    Raises:
        PolicyLocked: it is no draft any more.
        PolicyEditedMeanwhile: it is no longer what the writer has read.
        PresetIsThere: the draft holds every one of its criteria already.
        InvalidInput: an unknown preset, or a value that is missing or does not fit.
    """
    require(actor, Permission.DRAFT_POLICY, policy)
    policy = _draft_as_read(policy, expected)
    chosen = preset_of(preset)
    before, held = _snapshot(policy), written(policy)
    filled = filled_preset(chosen, policy.system, values)
    added = new_beside(held, filled.criteria)
    if not added:
        raise PresetIsThere(f"{policy} holds every criterion of {chosen.title} already.")
    _replace(policy, [*held, *added], actor.username)
    digest = store_blob(chosen.canonical)
    named = {
        "key": chosen.key,
        "digest": digest,
        "added": [one.key for one in added],
        "left_out": [one.title for one in filled.left_out],
    }
    refs = {**_stored(policy), "preset": digest}
    record(policy.stream(), before=before, after={**_snapshot(policy), "preset": named}, refs=refs)
    return policy


@verb("gate_policy.locked")
def lock_policy(
    actor: Actor, *, policy: GatePolicy, expected: str | None = None
) -> GatePolicy | Unchanged[GatePolicy]:
    """Lock a policy: what it names is pinned, it is in force from now on, and the one before it no longer.

    Locking what is locked changes nothing, if ``expected`` names it as it is or as it was before its lock.

    Raises:
        PolicyEditedMeanwhile: it is no longer what ``expected`` names.
        PolicyCanBeGamed: naming the criteria that are missing.
        InvalidInput: a segment or release that the policy names does not exist.
    """
    require(actor, Permission.LOCK_POLICY, policy)
    System.objects.select_for_update(no_key=True).get(id=policy.system_id)
    policy = _locked_row(policy)
    if policy.state == PolicyState.LOCKED:
        _check_read_before_lock(policy, expected)
        return Unchanged(policy)
    _check_read(policy, expected)
    criteria = [
        replace(criterion, spec=pinned(policy.system, criterion.spec, f"criteria.{criterion.key}"))
        for criterion in criteria_of(policy)
    ]
    check_sound(criteria, has_served=has_served(policy.system))
    for row, criterion in zip(policy.criteria.order_by("position"), criteria, strict=True):
        row.spec = criterion.spec_document()
        row.save(update_fields=["spec"])
    before = _ended(policy.system)
    policy.state = PolicyState.LOCKED
    policy.locked_at = moment()
    policy.locked_by_username = actor.username
    policy.digest = store_blob(canonical_bytes(policy_document(policy)))
    policy.save(update_fields=["state", "locked_at", "locked_by_username", "digest"])
    record(
        policy.stream(), before={"state": "draft"}, after=_snapshot(policy), refs={"policy": policy.digest}
    )
    if before is not None:
        after = {"in_force_until": before.in_force_until, "replaced_by": policy.id}
        record(before.stream(), event="gate_policy.superseded", before={"in_force_until": None}, after=after)
    return policy


def _ended(system: System) -> GatePolicy | None:
    """The policy that was in force, which ends now."""
    in_force = GatePolicy.objects.select_for_update(no_key=True).filter(
        system=system, state=PolicyState.LOCKED, in_force_until__isnull=True
    )
    before = in_force.first()
    if before is not None:
        before.in_force_until = moment()
        before.save(update_fields=["in_force_until"])
    return before


def _locked_row(policy: GatePolicy) -> GatePolicy:
    rows = GatePolicy.objects.select_for_update(no_key=True, of=("self",)).select_related("system")
    return rows.get(id=policy.id)


def _draft_as_read(policy: GatePolicy, expected: str | None) -> GatePolicy:
    policy = _locked_row(policy)
    if policy.state != PolicyState.DRAFT:
        raise PolicyLocked(f"{policy} was locked at {policy.locked_at:%F %R} UTC.")
    _check_read(policy, expected)
    return policy


def _check_read(policy: GatePolicy, expected: str | None) -> None:
    if expected is not None and expected != content_digest(policy):
        raise PolicyEditedMeanwhile(f"{policy} was changed since you read it.")


def _check_read_before_lock(policy: GatePolicy, expected: str | None) -> None:
    if expected not in (None, policy.digest, digest_before_lock(policy)):
        raise PolicyEditedMeanwhile(f"{policy} was changed since you read it, and then locked.")


def _out_of_scope(items: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """What is left out, each thing once and with a reason."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        if set(item) != {"what", "reason"} or not all(
            isinstance(text, str) and text.strip() for text in item.values()
        ):
            raise invalid(f"out_of_scope[{index}]", "expected {'what': …, 'reason': …}, both with words.")
        name = " ".join(item["what"].split()).casefold()
        if name in seen:
            raise invalid(f"out_of_scope[{index}].what", f"{item['what']!r} is left out twice; name it once.")
        seen.add(name)
    return [dict(item) for item in items]


def _replace(policy: GatePolicy, criteria: Sequence[CriterionInput], username: str) -> None:
    """Let the draft hold these criteria and no others."""
    previous = GatePolicy.objects.filter(
        system=policy.system, name=policy.name, version=policy.version - 1
    ).first()
    checked = parsed(criteria, previous=previous)
    policy.criteria.all().delete()  # lines of a draft bear no evidence; the entry keeps what they were
    _store(policy, checked, username)


def _store(policy: GatePolicy, criteria: Sequence[Criterion], username: str) -> None:
    GateCriterion.objects.bulk_create(
        GateCriterion(
            policy=policy,
            position=position,
            key=criterion.key,
            version=criterion.version,
            kind=criterion.kind.key,
            title=criterion.title,
            owner_username=criterion.owner or username,
            severity=criterion.severity,
            mode=criterion.mode,
            spec=criterion.spec_document(),
        )
        for position, criterion in enumerate(criteria)
    )


def _stored(policy: GatePolicy) -> dict[str, str]:
    return {"draft": store_blob(canonical_bytes(policy_document(policy)))}


def _snapshot(policy: GatePolicy) -> dict[str, Any]:
    return {
        "system": policy.system_id,
        "name": policy.name,
        "version": policy.version,
        "state": policy.state,
        "criteria": [f"{row.key} v{row.version}" for row in policy.criteria.order_by("position")],
        "out_of_scope": [item["what"] for item in policy.out_of_scope],
    }
