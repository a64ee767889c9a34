"""Forged dossiers: both verifiers refuse each at the same check, and say what is wrong with it."""

import pytest

from tests.audits.verification.by_chance import at_random, issued_at_random
from tests.audits.verification.early_forgeries import EARLY
from tests.audits.verification.forging import Forgery
from tests.audits.verification.judging import Bench
from tests.audits.verification.late_forgeries import LATE

SEEDS = range(120)


@pytest.mark.parametrize(("check", "sentence", "forgery"), [*EARLY, *LATE])
def test_a_forged_dossier_is_refused_at_the_same_check_by_both(
    bench: Bench, check: int, sentence: str, forgery: Forgery
) -> None:
    answers = bench.judged(forgery())

    assert [(name, one.code, one.check) for name, one in answers.items()] == [
        ("package", 1, check),
        ("script", 1, check),
    ], answers
    assert all(any(part in one.text for part in sentence.split("|")) for one in answers.values()), answers


def test_both_verifiers_refuse_what_chance_has_forged_for_the_same_reason(bench: Bench) -> None:
    answers = {seed: bench.judged(at_random(seed)) for seed in SEEDS}

    told = {seed: {(one.code, one.check) for one in both.values()} for seed, both in answers.items()}
    assert {seed: found for seed, found in told.items() if len(found) != 1} == {}
    assert {code for found in told.values() for code, _ in found} == {1}
    assert {check for found in told.values() for _, check in found} >= {2, 3, 4, 5, 6, 7}


def test_both_verifiers_judge_alike_what_an_issuer_says_oddly(bench: Bench) -> None:
    """Some of it is harmless, such as another name of what it is about; nothing ends in a traceback."""
    answers = {seed: bench.judged(issued_at_random(seed)) for seed in range(60)}

    told = {seed: {(one.code, one.check) for one in both.values()} for seed, both in answers.items()}
    assert {seed: found for seed, found in told.items() if len(found) != 1} == {}
    assert {check for found in told.values() for _, check in found} >= {None, 4}
