"""A criterion as somebody writes it, parsed; and a stored one as somebody would write it again."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from governance.documents import checked
from governance.errors import invalid
from governance.ledger.canonical import digest_of
from releases.gates.criteria import KIND_OF
from releases.gates.judging.criterion import Criterion
from releases.gates.models import GateCriterion, GatePolicy
from releases.gates.queries import criteria_of, policy_document

MOST_CRITERIA = 100
SEVERITIES = ("blocking", "advisory")
MODES = ("enforce", "observe")
KEY = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,100}")
"""A key that an address can hold: browsers take dots alone for a way up."""

KEY_WANTED = "letters, digits, dot, underscore and hyphen are wanted, and not dots alone"
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
    rows = sorted(policy.criteria.all(), key=lambda row: row.position)  # in Python: they may be prefetched
    return [written_row(row) for row in rows]


def written_row(row: GateCriterion) -> CriterionInput:
    """One stored criterion, as somebody would write it."""
    spec: dict[str, Any] = without_pins(row.spec)
    return CriterionInput(row.key, row.kind, row.title, spec, row.severity, row.mode, row.owner_username)


def without_pins(spec: Any) -> Any:
    """The specification without what locking adds."""
    if isinstance(spec, dict):
        return {key: without_pins(part) for key, part in spec.items() if key not in PINS}
    return [without_pins(part) for part in spec] if isinstance(spec, list) else spec


def digest_before_lock(policy: GatePolicy) -> str:
    """What the digest of a locked policy was as a draft, before anything was pinned."""
    document = policy_document(policy)
    criteria = [{**one, "spec": without_pins(one["spec"])} for one in document["criteria"]]
    return digest_of({**document, "criteria": criteria})


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
    if not fits_an_address(given.key):
        raise invalid(
            f"{field}.key",
            f"{given.key[:40]!r} cannot stand in the address of a page; {KEY_WANTED}.",
            next_step=f"Write the key as {_addressable(given.key)!r}, or another one of these characters.",
        )
    spec = checked(kind.spec, given.spec, field=f"{field}.spec", title=f"The criterion {given.key!r}")
    if spec.is_pinned():
        raise invalid(f"{field}.spec", "pins are made when the policy is locked; leave 'pinned' out.")
    if reason := spec.cannot_be_asked():
        raise invalid(f"{field}.spec.strata", f"{reason}.")
    return Criterion(given.key, 1, kind, given.title, given.owner, given.severity, given.mode, spec)


def fits_an_address(key: str) -> bool:
    """Whether the criterion's page can have its key in its address."""
    return KEY.fullmatch(key) is not None


def _addressable(key: str) -> str:
    """The nearest key that fits."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", key).strip("._") or "criterion"


def _versioned(given: CriterionInput, field: str, before: dict[str, Criterion]) -> Criterion:
    """The criterion with the version before if nothing changed but what a lock pins, else the next."""
    criterion = parsed_criterion(given, field)
    last = before.get(given.key)
    if last is None:
        return criterion
    unpinned = {**last.document(), "spec": without_pins(last.spec_document()), "version": 1}
    return replace(criterion, version=last.version + (unpinned != criterion.document()))
