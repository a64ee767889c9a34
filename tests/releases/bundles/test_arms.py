"""Who gets the candidate: equal arms that only grow, by the published formula."""

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.bundles.arms import Arm, arm_of, position

SALT = "5f0c9f7ab1f94f0d8b4a3a5a0a4b6c1d"
KEYS = [f"subject-{number}" for number in range(20_000)]
coverages = st.floats(0.001, 0.5)
keys = st.text(min_size=1, max_size=60)


@dataclass
class Split:
    """The part of an assignment that decides."""

    treatment_share: float = 0.0
    control_share: float = 0.0
    stage: str = "guarded"
    salt: str = SALT
    candidate_id: object = "candidate"
    internal_keys: list[str] = field(default_factory=list)


def split(coverage: float, salt: str = SALT) -> Split:
    return Split(coverage, coverage, salt=salt)


def independent_position(salt: str, key: str) -> Fraction:
    """The published formula, computed another way: from the hexadecimal digest, exactly."""
    digest = hashlib.sha256(b"\x00".join([salt.encode(), key.encode()])).hexdigest()
    return Fraction(int(digest[:16], 16), 2**64)


@given(keys, st.text("0123456789abcdef", min_size=32, max_size=32))
def test_the_position_is_the_published_formula(key: str, salt: str) -> None:
    assert position(salt, key) == float(independent_position(salt, key))


@given(keys, coverages)
def test_the_arm_is_the_one_that_the_formula_gives(key: str, coverage: float) -> None:
    u = position(SALT, key)

    expected = {(True, False): Arm.CANDIDATE, (False, True): Arm.CONTROL, (False, False): Arm.STABLE}

    assert arm_of(split(coverage), key) == expected[u < coverage, 0.5 <= u < 0.5 + coverage]


@given(keys, coverages, coverages)
def test_a_growing_coverage_never_moves_a_subject_to_the_other_arm(
    key: str, first: float, second: float
) -> None:
    small, large = sorted((first, second))
    before, after = arm_of(split(small), key), arm_of(split(large), key)

    assert before in {after, Arm.STABLE}


@pytest.mark.parametrize("coverage", [0.01, 0.1, 0.25, 0.5])
def test_the_arms_are_of_the_size_that_the_stage_names(coverage: float) -> None:
    arms = [arm_of(split(coverage), key) for key in KEYS]

    expected = len(KEYS) * coverage
    tolerance = 5 * (len(KEYS) * coverage * (1 - coverage)) ** 0.5
    assert abs(arms.count(Arm.CANDIDATE) - expected) < tolerance
    assert abs(arms.count(Arm.CONTROL) - expected) < tolerance


def test_at_one_half_nobody_is_left_over() -> None:
    assert {arm_of(split(0.5), key) for key in KEYS} == {Arm.CANDIDATE, Arm.CONTROL}


def test_another_salt_makes_other_arms() -> None:
    first = [arm_of(split(0.25), key) for key in KEYS[:2000]]
    second = [arm_of(split(0.25, "another"), key) for key in KEYS[:2000]]

    both = sum(a == b == Arm.CANDIDATE for a, b in zip(first, second, strict=True))

    assert 75 < both < 175  # independent: 2000 / 16 = 125


@given(keys)
def test_without_a_candidate_everybody_is_answered_by_the_stable_release(key: str) -> None:
    assert arm_of(Split(0.5, 0.0, candidate_id=None), key) == Arm.STABLE


@given(keys)
def test_a_control_that_is_kept_without_a_candidate_is_a_part_of_the_former_one(key: str) -> None:
    expected = Arm.CONTROL if 0.5 <= position(SALT, key) < 0.55 else Arm.STABLE

    assert arm_of(Split(0.5, 0.05, candidate_id=None), key) == expected


@given(keys)
def test_in_a_shadow_stage_and_in_a_pause_nobody_gets_the_candidate(key: str) -> None:
    assert arm_of(Split(stage="shadow"), key) == Arm.STABLE
    assert arm_of(Split(stage="guarded"), key) == Arm.STABLE


@given(keys)
def test_internal_testing_answers_the_named_keys_alone(key: str) -> None:
    named = Split(stage="internal_testing", internal_keys=["tester"])

    assert arm_of(named, "tester") == Arm.CANDIDATE
    assert (arm_of(named, key) == Arm.CANDIDATE) == (key == "tester")


def test_a_key_that_is_no_valid_text_has_an_arm_too() -> None:
    assert arm_of(split(0.5), "\ud800") in set(Arm)
