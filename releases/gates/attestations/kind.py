"""What a kind of attestation is: what it states, and how its content is checked against the run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from releases.gates.models import GateEvaluation


@dataclass(frozen=True)
class AttestationKind:
    """A kind; ``states`` completes "The reviewer states that …".

    ``checked(run, content, field)`` answers the content as it is stored. It raises a GovernanceError that
    names every field that does not hold for the run; ``field`` is where the content stands in the request.
    """

    key: str
    title: str
    states: str
    checked: Callable[[GateEvaluation, Any, str], dict[str, Any]]
