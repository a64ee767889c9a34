"""Overrides of gates that are not passed, given through the real services."""

from typing import Any

from governance.access.models import Account, Proposal
from releases.bundles.models import Revision
from releases.gates.models import GateEvaluation, Override
from releases.gates.overrides.queries import completed, failing_criteria
from releases.gates.overrides.services import give_override, propose_override
from releases.gates.overrides.terms import OverrideTerms
from tests.factories.approvals import World, candidate
from tests.factories.cast import actor
from tests.factories.snapshot import remembered

WHY = "The live release lets the new masks through; waiting for more subjects is worse."
INCONCLUSIVE = 8
FAILING = 40
"""Accepted attacks of 60 with which a candidate's gate is inconclusive, and fails."""


def newest(revision: Revision) -> GateEvaluation:
    """The newest evaluation that came to a result."""
    return completed(revision)[0]


def terms(revision: Revision, **changes: Any) -> OverrideTerms:
    """Terms that fit the newest result of the revision, but for the changes."""
    found = newest(revision)
    fitting = {
        "criteria": sorted(failing_criteria(found.result)),
        "reason": WHY,
        "result_digest": found.result_digest,
    }
    return OverrideTerms(**{**fitting, **changes})


@remembered
def given(account: Account, revision: Revision, **changes: Any) -> Override:
    """An override by one person."""
    return give_override(actor(account), revision=revision, terms=terms(revision, **changes))


@remembered
def proposed(account: Account, revision: Revision, **changes: Any) -> Proposal:
    """An override that waits for its second person."""
    return propose_override(actor(account), revision=revision, terms=terms(revision, **changes))


@remembered
def confirmed(first: Account, second: Account, revision: Revision, **changes: Any) -> Override:
    """An override by two persons."""
    proposal = proposed(first, revision, **changes)
    fitting = terms(revision, **changes)
    return give_override(actor(second), revision=revision, terms=fitting, proposal=proposal.id)


@remembered
def undecided(here: World, tag: str = "5") -> Revision:
    """A frozen release whose gate is inconclusive."""
    return candidate(here, tag, accepted_attacks=INCONCLUSIVE)


@remembered
def failing(here: World, tag: str = "6") -> Revision:
    """A frozen release whose gate failed."""
    return candidate(here, tag, accepted_attacks=FAILING)
