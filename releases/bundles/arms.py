"""Who gets the candidate: a pure function of assignment, salt and targeting key, so that any past answer
can be recomputed.

u = the first 8 bytes, big-endian, of SHA-256(salt ‖ 0x00 ‖ key), divided by 2^64. Treatment is u in
[0, c), control is u in [0.5, 0.5 + c): both are of one size, and a growing c never moves a subject from
one arm to the other. One salt serves a rollout to its end. Where the last stage keeps a control, it is a part
of the range that was the control all along, and everybody else is of the stable arm: that is the new release.
"""

import hashlib
from enum import StrEnum
from typing import Protocol

from releases.bundles.documents import StageKind

CONTROL_BEGINS = 0.5


class Arm(StrEnum):
    """What a subject belongs to; only ``candidate`` is answered by the candidate."""

    CANDIDATE = "candidate"
    CONTROL = "control"
    STABLE = "stable"


class Split(Protocol):
    """The part of an assignment that decides about arms."""

    @property
    def candidate_id(self) -> object: ...
    @property
    def stage(self) -> str: ...
    @property
    def treatment_share(self) -> float: ...
    @property
    def control_share(self) -> float: ...
    @property
    def internal_keys(self) -> list[str]: ...
    @property
    def salt(self) -> str: ...


def position(salt: str, key: str) -> float:
    """Where the key falls in [0, 1)."""
    digest = hashlib.sha256(salt.encode() + b"\x00" + key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def arm_of(split: Split, key: str) -> Arm:
    """The arm that the key belongs to while the assignment is in force."""
    if split.candidate_id is None and not split.control_share:
        return Arm.STABLE
    if split.stage == StageKind.INTERNAL_TESTING:
        return Arm.CANDIDATE if key in split.internal_keys else Arm.STABLE
    u = position(split.salt, key)
    if split.candidate_id is not None and u < split.treatment_share:
        return Arm.CANDIDATE
    if CONTROL_BEGINS <= u < CONTROL_BEGINS + split.control_share:
        return Arm.CONTROL
    return Arm.STABLE
