"""Verbs on gate policies: draft, edit, lock. A locked policy never changes; the next one takes its place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.access.queries import require
from governance.access.roles import Permission
from governance.actors import Actor, moment
from governance.documents import checked
from governance.errors import GovernanceError, invalid
from governance.ledger.canonical import canonical_bytes
from governance.ledger.entries import store_blob
from governance.ledger.verbs import Unchanged, record, verb
from governance.registry.models import System
from releases.bundles.models import Assignment
from releases.gates.criteria import KIND_OF
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GateCriterion, GatePolicy, PolicyState
from releases.gates.policies.pinning import pinned
from releases.gates.policies.soundness import check_sound
from releases.gates.queries import content_digest, criteria_of, policy_document, policy_in_force

__all__ = ["CriterionInput", "draft_policy", "edit_policy", "lock_policy", "policy_in_force"]

MOST_CRITERIA = 100
SEVERITIES = ("blocking", "advisory")
MODES = ("enforce", "observe")


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


@dataclass(frozen=True)
class CriterionInput:
    """A criterion as somebody writes it; ``spec`` is checked by its ``kind``."""

    key: str
    kind: str
    title: str
    spec: dict[str, Any]
    severity: str = "blocking"
    mode: str = "enforce"
    owner: str = ""


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
    _store(policy, _parsed(criteria, previous=last), actor.username)
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
    policy = _locked_row(policy)
    if policy.state != PolicyState.DRAFT:
        raise PolicyLocked(f"{policy} was locked at {policy.locked_at:%F %R} UTC.")
    if expected is not None and expected != content_digest(policy):
        raise PolicyEditedMeanwhile(f"{policy} was changed since you read it.")
    before = _snapshot(policy)
    policy.description = description
    policy.out_of_scope = _out_of_scope(out_of_scope)
    policy.save(update_fields=["description", "out_of_scope"])
    previous = GatePolicy.objects.filter(
        system=policy.system, name=policy.name, version=policy.version - 1
    ).first()
    parsed = _parsed(criteria, previous=previous)
    policy.criteria.all().delete()  # lines of a draft bear no evidence; the entry keeps what they were
    _store(policy, parsed, actor.username)
    record(policy.stream(), before=before, after=_snapshot(policy), refs=_stored(policy))
    return policy


@verb("gate_policy.locked")
def lock_policy(actor: Actor, *, policy: GatePolicy) -> GatePolicy | Unchanged[GatePolicy]:
    """Lock a policy: what it names is pinned, it is in force from now on, and the one before it no longer.

    Raises:
        PolicyCanBeGamed: naming the criteria that are missing.
        InvalidInput: a segment or release that the policy names does not exist.
    """
    require(actor, Permission.LOCK_POLICY, policy)
    System.objects.select_for_update(no_key=True).get(id=policy.system_id)
    policy = _locked_row(policy)
    if policy.state == PolicyState.LOCKED:
        return Unchanged(policy)
    criteria = [
        replace(criterion, spec=pinned(policy.system, criterion.spec, f"criteria.{criterion.key}"))
        for criterion in criteria_of(policy)
    ]
    check_sound(criteria, has_served=Assignment.objects.filter(channel__system=policy.system).exists())
    for row, criterion in zip(policy.criteria.order_by("position"), criteria, strict=True):
        row.spec = criterion.spec_document()
        row.save(update_fields=["spec"])
    superseded = GatePolicy.objects.select_for_update(no_key=True).filter(
        system=policy.system, state=PolicyState.LOCKED, in_force_until__isnull=True
    )
    before = superseded.first()
    if before is not None:
        before.in_force_until = moment()
        before.save(update_fields=["in_force_until"])
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


def _locked_row(policy: GatePolicy) -> GatePolicy:
    rows = GatePolicy.objects.select_for_update(no_key=True, of=("self",)).select_related("system")
    return rows.get(id=policy.id)


def _out_of_scope(items: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    for index, item in enumerate(items):
        if set(item) != {"what", "reason"} or not all(
            isinstance(text, str) and text.strip() for text in item.values()
        ):
            raise invalid(f"out_of_scope[{index}]", "expected {'what': …, 'reason': …}, both with words.")
    return [dict(item) for item in items]


def _parsed(criteria: Sequence[CriterionInput], *, previous: GatePolicy | None) -> list[Criterion]:
    if not 0 < len(criteria) <= MOST_CRITERIA:
        raise invalid("criteria", f"found {len(criteria)}; a policy has 1 to {MOST_CRITERIA} criteria.")
    keys = [criterion.key for criterion in criteria]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise invalid("criteria", f"the key {twice[0]!r} stands twice.")
    before = {one.key: one for one in criteria_of(previous)} if previous else {}
    return [_criterion(one, f"criteria[{index}]", before) for index, one in enumerate(criteria)]


def _criterion(written: CriterionInput, field: str, before: dict[str, Criterion]) -> Criterion:
    kind = KIND_OF.get(written.kind)
    if kind is None:
        raise invalid(f"{field}.kind", f"{written.kind!r} is none of {', '.join(KIND_OF)}.")
    for name, value, allowed in (
        ("severity", written.severity, SEVERITIES),
        ("mode", written.mode, MODES),
    ):
        if value not in allowed:
            raise invalid(f"{field}.{name}", f"{value!r} is none of {', '.join(allowed)}.")
    for name, text, most in (("key", written.key, 100), ("title", written.title, 200)):
        if not text.strip() or len(text) > most:
            raise invalid(f"{field}.{name}", f"1 to {most} characters are wanted.")
    spec = checked(kind.spec, written.spec, field=f"{field}.spec", title=f"The criterion {written.key!r}")
    if spec.is_pinned():
        raise invalid(f"{field}.spec", "pins are made when the policy is locked; leave 'pinned' out.")
    criterion = Criterion(
        written.key, 1, kind, written.title, written.owner, written.severity, written.mode, spec
    )
    return replace(criterion, version=_version(criterion, before.get(written.key)))


def _version(criterion: Criterion, before: Criterion | None) -> int:
    """The version before if nothing changed but what a lock pins, else the next."""
    if before is None:
        return 1
    unpinned = {**before.document(), "spec": _without_pins(before.spec_document()), "version": 1}
    return before.version if unpinned == criterion.document() else before.version + 1


def _without_pins(spec: Any) -> Any:
    if isinstance(spec, dict):
        return {
            key: _without_pins(item) for key, item in spec.items() if key not in {"pinned", "pinned_segments"}
        }
    return spec


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
