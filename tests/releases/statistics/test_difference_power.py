"""A planned comparison passes exactly as often as the gate's own bounds do over all that can be seen."""

import numpy as np
import pytest

from releases.statistics import exact_power
from releases.statistics.difference_power import Arms, Pairs, Part, paired_reach
from releases.statistics.exact_power import chance_at, chances, size_needed
from tests.releases.statistics.seen import seen_arms, seen_pairs, seen_part

SAME = 1e-4  # outcomes too rare to matter are left out of either sum


@pytest.mark.parametrize("discordant_rate", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("size", [59, 93, 110])
def test_pairs_that_hardly_differ_pass_as_often_as_tangos_bound(discordant_rate: float, size: int) -> None:
    design = Pairs(discordant_rate, 0.0, 0.05, 0.05)

    assert chance_at(design, size) == pytest.approx(seen_pairs(size, discordant_rate, 0.0, 0.05), abs=SAME)


@pytest.mark.parametrize(
    ("size", "discordant_rate", "difference", "margin"),
    [
        (58, 0.01, 0.0, 0.05),  # too few to show the margin even if none differs
        (93, 0.02, 0.01, 0.05),
        (60, 0.2, 0.0, 0.1),
        (80, 0.2, -0.1, 0.0),
        (60, 0.3, -0.25, -0.05),
        (40, 1.0, 0.0, 0.3),
        (25, 0.4, 0.4, 0.5),
    ],
)
def test_pairs_of_any_kind_pass_as_often_as_tangos_bound(
    size: int, discordant_rate: float, difference: float, margin: float
) -> None:
    design = Pairs(discordant_rate, difference, margin, 0.05)

    seen = seen_pairs(size, discordant_rate, difference, margin)

    assert chance_at(design, size) == pytest.approx(seen, abs=SAME)


@pytest.mark.parametrize(
    ("size", "rate", "difference", "margin"),
    [
        (120, 0.02, 0.0, 0.05),
        (90, 0.01, 0.0, 0.05),
        (110, 0.005, 0.0, 0.03),
        (25, 0.35, -0.2, 0.1),
        (40, 0.9, 0.05, 0.1),
        (30, 0.0, 0.05, 0.15),
        (30, 0.3, -0.3, 0.0),
    ],
)
def test_arms_of_their_own_pass_as_often_as_newcombes_bound(
    size: int, rate: float, difference: float, margin: float
) -> None:
    chance = chance_at(Arms(rate, difference, margin, 0.05), size)

    assert chance == pytest.approx(seen_arms(size, rate, difference, margin), abs=SAME)


@pytest.mark.parametrize(
    ("size", "rest", "part_rate", "rest_rate", "limit"),
    [(40, 160, 0.1, 0.2, 1.25), (30, 30, 0.05, 0.1, 1.5), (20, 80, 0.0, 0.1, 1.25), (60, 140, 0.05, 0.05, 2)],
)
def test_a_part_passes_as_often_as_the_contrasts_bound(
    size: int, rest: int, part_rate: float, rest_rate: float, limit: float
) -> None:
    chance = chance_at(Part(size / (size + rest), part_rate, rest_rate, limit, 0.05), size)

    assert chance == pytest.approx(seen_part(size, rest, part_rate, rest_rate, limit), abs=1e-3)


@pytest.mark.parametrize(
    ("design", "size"),
    [
        (Pairs(0.12, 0.0, 0.05, 0.05), 3_000),
        (Pairs(0.2, 0.06, 0.07, 0.05), 12_345),
        (Arms(0.1, 0.0, 0.03, 0.05), 1_999),
        (Part(0.1, 0.05, 0.05, 1.5, 0.05), 435),
    ],
)
def test_taking_neighbours_together_moves_the_sum_by_less_than_a_point(
    design: exact_power.Design, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = float(chances(design, [size])[0])
    monkeypatch.setattr(exact_power, "CELLS", 10**6)

    assert quick == pytest.approx(float(chances(design, [size])[0]), abs=0.01)


@pytest.mark.parametrize(
    "design",
    [
        Pairs(0.01, 0.0, 0.05, 0.05),
        Pairs(0.02, 0.0, 0.05, 0.05),
        Pairs(0.05, 0.0, 0.05, 0.05),
        Arms(0.02, 0.0, 0.05, 0.05),
    ],
)
def test_the_size_needed_is_the_smallest_with_the_power(design: exact_power.Design) -> None:
    size = size_needed(design, 100, 0.8) or 0

    powers = chances(design, np.arange(1, size + 1))
    assert powers[-1] >= 0.8
    assert max(powers[:-1]) < 0.8


@pytest.mark.parametrize(("size", "discordant_rate"), [(93, 0.02), (300, 0.12), (5_000, 0.2)])
def test_the_largest_difference_that_passes_has_the_power(size: int, discordant_rate: float) -> None:
    reach = paired_reach(size, discordant_rate, 0.05, alpha=0.05, power=0.8)

    chance = chance_at(Pairs(discordant_rate, reach or 0.0, 0.05, 0.05), size)
    assert reach is not None
    assert chance == pytest.approx(0.8, abs=0.002)


def test_too_few_pairs_tell_no_difference_apart() -> None:
    assert paired_reach(58, 0.02, 0.05, alpha=0.05, power=0.8) is None
    assert paired_reach(0, 0.02, 0.05, alpha=0.05, power=0.8) is None


@pytest.mark.parametrize("size", [10**6, 10**9])
def test_the_largest_plans_are_summed_too(size: int) -> None:
    assert chance_at(Pairs(1.0, 0.0999, 0.1, 0.05), size) == pytest.approx(
        {10**6: 0.0614, 10**9: 0.9358}[size], abs=0.02
    )
