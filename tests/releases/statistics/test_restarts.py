"""A test of two arms that bets anew now and then: never more often wrong, and sooner on what begins late."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from releases.statistics.restarts import RestartingTwoArm
from releases.statistics.sequential import TwoArmBlock, TwoArmProcess

SOUND, WORSE = TwoArmBlock(6, 50, 6, 50), TwoArmBlock(14, 50, 6, 50)


def log_es(blocks: list[TwoArmBlock], every: int) -> tuple[float, ...]:
    """After each block, with a bet every so many of them."""
    begins = [place % every == 0 for place in range(len(blocks))]
    return RestartingTwoArm(0.02).path(blocks, begins)[1]


@pytest.mark.parametrize("control", [0.05, 0.3])
def test_the_expected_e_value_after_three_bets_is_at_most_one(control: float) -> None:
    treatment, sizes = control + 0.02, range(3)
    chances = [
        (TwoArmBlock(s, 2, k, 2), stats.binom.pmf(s, 2, treatment) * stats.binom.pmf(k, 2, control))
        for s, k in product(sizes, sizes)
    ]

    expected = sum(
        float(np.prod([chance for _, chance in three]))
        * np.exp(RestartingTwoArm(0.02).path([block for block, _ in three], [True] * 3)[1][-1])
        for three in product(chances, repeat=3)
    )

    assert expected <= 1 + 1e-9
    assert expected > 0.9


def test_block_by_block_comes_to_the_same_as_all_at_once() -> None:
    blocks, begins = [SOUND, WORSE, SOUND, WORSE], [True, False, True, False]

    whole, path = RestartingTwoArm(0.02).path(blocks, begins)
    first, _ = RestartingTwoArm(0.02).path(blocks[:3], begins[:3])
    again, (last,) = first.path(blocks[3:], begins[3:])

    assert last == pytest.approx(path[-1])
    assert again.log_e == pytest.approx(whole.log_e)
    assert again.kept == pytest.approx(0.125)
    assert again.begun == 2


def test_what_gets_worse_late_is_found_although_much_was_good_before() -> None:
    blocks = [SOUND] * 60 + [WORSE] * 20

    once = TwoArmProcess.start(0.02).path(blocks)[1][-1]
    often = log_es(blocks, every=12)[-1]

    assert once < np.log(20) < often


def test_what_is_wrong_from_the_beginning_needs_a_third_more_evidence_and_no_more() -> None:
    blocks = [WORSE] * 10

    lost = TwoArmProcess.start(0.02).path(blocks)[1][-1] - log_es(blocks, every=12)[-1]

    assert 0 < lost <= np.log(4 / 3)


def test_beginnings_that_do_not_fit_the_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="begins names 1 blocks of 2"):
        RestartingTwoArm(0.02).path([SOUND, SOUND], [True])
