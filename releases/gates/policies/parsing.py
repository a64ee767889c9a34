"""A criterion as somebody writes it, parsed; and a stored one as somebody would write it again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from governance.documents import checked
from governance.errors import invalid
from releases.gates.criteria import KIND_OF
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GateCriterion, GatePolicy
from releases.gates.queries import criteria_of

MOST_CRITERIA = 100
SEVERITIES = ("blocking", "advisory")
MODES = ("enforce", "observe")
PINS = frozenset({"pinned", "pinned_segments"})


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


def written(policy: GatePolicy) -> list[CriterionInput]:
    """What a policy holds, as somebody would write it: its pins are made anew by the next lock."""
    return [written_row(row) for row in policy.criteria.order_by("position")]


def written_row(row: GateCriterion) -> CriterionInput:
    """One stored criterion, as somebody would write it."""
    spec: dict[str, Any] = without_pins(row.spec)
    return CriterionInput(row.key, row.kind, row.title, spec, row.severity, row.mode, row.owner_username)


def without_pins(spec: Any) -> Any:
    """The specification without what locking adds."""
    if isinstance(spec, dict):
        return {key: without_pins(part) for key, part in spec.items() if key not in PINS}
    return [without_pins(part) for part in spec] if isinstance(spec, list) else spec


def new_beside(held: Sequence[CriterionInput], added: Sequence[CriterionInput]) -> list[CriterionInput]:
    """Of ``added`` what is not held yet, each under a key of its own: a key that is taken gets a number."""
    asked = [(one.kind, parsed_criterion(one, one.key).spec_document()) for one in held]
    taken = {one.key for one in held}
    found = []
    for one in added:
        if (one.kind, parsed_criterion(one, one.key).spec_document()) in asked:
            continue
        key = free_key(one.key, taken)
        taken.add(key)
        found.append(replace(one, key=key))
    return found


def free_key(wanted: str, taken: Collection[str]) -> str:
    """The key, or with the first number behind it that nobody uses."""
    if wanted not in taken:
        return wanted
    return next(key for number in count(2) if (key := f"{wanted[:90]}_{number}") not in taken)


def parsed(criteria: Sequence[CriterionInput], *, previous: GatePolicy | None) -> list[Criterion]:
    """Every criterion checked by its kind; ``previous`` is the version before, for the criteria's versions.

    Raises:
        InvalidInput: naming the criterion and the field that does not fit.
    """
    if not 0 < len(criteria) <= MOST_CRITERIA:
        raise invalid("criteria", f"found {len(criteria)}; a policy has 1 to {MOST_CRITERIA} criteria.")
    keys = [criterion.key for criterion in criteria]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise invalid("criteria", f"the key {twice[0]!r} stands twice.")
    before = {one.key: one for one in criteria_of(previous)} if previous else {}
    return [_versioned(one, f"criteria[{index}]", before) for index, one in enumerate(criteria)]


def parsed_criterion(given: CriterionInput, field: str) -> Criterion:
    """One criterion checked by its kind, as its first version.

    Raises:
        InvalidInput: naming the field below ``field`` that does not fit.
    """
    kind = KIND_OF.get(given.kind)
    if kind is None:
        raise invalid(f"{field}.kind", f"{given.kind!r} is none of {', '.join(KIND_OF)}.")
    for name, value, allowed in (("severity", given.severity, SEVERITIES), ("mode", given.mode, MODES)):
        if value not in allowed:
            raise invalid(f"{field}.{name}", f"{value!r} is none of {', '.join(allowed)}.")
    for name, text, most in (("key", given.key, 100), ("title", given.title, 200)):
        if not text.strip() or len(text) > most:
            raise invalid(f"{field}.{name}", f"1 to {most} characters are wanted.")
    spec = checked(kind.spec, given.spec, field=f"{field}.spec", title=f"The criterion {given.key!r}")
    if spec.is_pinned():
        raise invalid(f"{field}.spec", "pins are made when the policy is locked; leave 'pinned' out.")
    return Criterion(given.key, 1, kind, given.title, given.owner, given.severity, given.mode, spec)


def _versioned(given: CriterionInput, field: str, before: dict[str, Criterion]) -> Criterion:
    """The criterion with the version before if nothing changed but what a lock pins, else the next."""
    criterion = parsed_criterion(given, field)
    last = before.get(given.key)
    if last is None:
        return criterion
    unpinned = {**last.document(), "spec": without_pins(last.spec_document()), "version": 1}
    return replace(criterion, version=last.version + (unpinned != criterion.document()))
