"""The histogram of scores: heights and places checked by hand."""

import pytest

from audits.pages.score_bars import HALF, STRIP, WIDTH, Scale, scale_of, score_bars
from tests.audits.pages.figures import RANGE, band, counts, stack

LINEAR = Scale(is_log=False, top=50, most=100)


def test_genuine_users_stand_above_the_strip_and_attacks_hang_below() -> None:
    drawn = score_bars(stack(), "new", LINEAR)

    first, below = drawn.bars[0], next(bar for bar in drawn.bars if bar.y >= HALF + STRIP)
    assert (first.look, first.x, first.height) == ("right", 0, HALF)  # 100 of 200 are 50 %
    assert first.y + first.height == HALF
    assert (below.look, below.x, below.y) == ("wrong", 0, HALF + STRIP)
    assert below.height == pytest.approx(HALF * (100 * 5 / 154) / 50, abs=0.01)


def test_a_bin_with_two_decisions_has_the_wrong_one_outermost() -> None:
    drawn = score_bars(stack(), "new", LINEAR)

    right, wrong = [bar for bar in drawn.bars if bar.x == WIDTH / 2 and bar.y < HALF]
    assert (right.look, wrong.look) == ("right", "wrong")
    assert wrong.y + wrong.height == pytest.approx(right.y)
    assert right.height / wrong.height == pytest.approx(10 / 6, abs=0.02)


def test_a_bar_over_the_top_is_cut_and_carries_its_share() -> None:
    drawn = score_bars(stack(), "new", Scale(is_log=False, top=40, most=100))

    assert max(bar.height for bar in drawn.bars) == HALF
    assert [mark.text for mark in drawn.over] == ["↓ 50 %", "65 % ↑"]


def test_no_word_lies_on_a_bar_or_on_another_word() -> None:
    drawn = score_bars(stack(), "new", Scale(is_log=False, top=40, most=100))

    shares, names = drawn.over, drawn.names
    tops = [bar.y for bar in drawn.bars]
    ends = [bar.y + bar.height for bar in drawn.bars]
    assert [mark.y for mark in names] == [mark.y for mark in shares] == [-8, 139]
    assert min(tops) == 0 > names[0].y
    assert max(ends) == 2 * HALF + STRIP < names[1].y - 11
    assert (shares[0].anchor, names[0].anchor) == ("start", "end")
    assert (shares[1].anchor, names[1].anchor) == ("end", "start")


def test_the_bands_carry_the_names_of_their_decisions() -> None:
    retrying = stack(bands=[band(0.25, 0.75)])

    drawn = score_bars(retrying, "new", LINEAR)

    assert [(zone.look, zone.x, zone.width, zone.name) for zone in drawn.zones] == [
        ("accept", 0, 72, "accept"),
        ("retry", 72, 144, "retry"),
        ("reject", 216, 72, "reject"),
    ]
    assert drawn.cuts_text == "accept ≤ 0.2500, retry ≤ 0.7500"


def test_where_a_high_score_means_bona_fide_the_bands_turn_round() -> None:
    drawn = score_bars(stack(polarity="higher_is_bona_fide", bands=[band(0.75, 0.25)]), "new", LINEAR)

    assert [zone.look for zone in drawn.zones] == ["reject", "retry", "accept"]
    assert drawn.cuts_text == "accept ≥ 0.7500, retry ≥ 0.2500"


def test_bands_under_a_condition_are_counted_and_said() -> None:
    mixed = score_bars(stack(bands=[band(), band(0.9, channel="ios")]), "new", LINEAR)
    none = score_bars(stack(bands=[band(0.9, channel="ios"), band(0.8, channel="web")]), "new", LINEAR)

    assert "1 further band decides under a condition" in " ".join(mixed.notes)
    assert none.zones == ()
    assert none.cuts_text == "2 bands, each under a condition"


def test_heights_are_percent_as_long_as_errors_can_be_seen() -> None:
    scale = scale_of([stack()["histogram"]])

    assert not scale.is_log
    assert scale.levels() == [(HALF / 2, f"{scale.top / 2:g}"), (HALF, f"{scale.top:g}")]


def test_heights_are_logarithms_where_errors_could_not_be_seen() -> None:
    genuine = counts([1_000_000, 900_000, 800_000, 0], [0, 0, 9, 9])
    hidden = {
        **RANGE,
        "counts": {"bona_fide": genuine, "attack": counts([3, 2, 0, 0], [0, 0, 10_000, 900_000])},
    }

    scale = scale_of([hidden])

    assert scale.is_log
    assert scale.most == 1_000_000
    assert scale.height(1_000_000, 1) == HALF
    assert scale.height(9, 1) == pytest.approx(HALF / 6, abs=0.01)  # log 10 of 10 against log 10 of a million
    assert scale.height(0, 1) == 0


def test_the_sentence_tells_shares_of_genuine_users_and_counts_of_attacks() -> None:
    drawn = score_bars(stack(), "new", LINEAR)

    assert drawn.label == (
        "Scores of new with its bands, accept ≤ 0.6000. genuine users: 95.0 % accepted, 5.0 % rejected of "
        "200; attacks: 35 accepted, 119 rejected, all species together."
    )
    assert "Attacks: 35 accepted, 119 rejected, all species together." in drawn.notes


def test_no_share_of_attacks_of_all_species_is_said() -> None:
    drawn = score_bars(stack(), "new", LINEAR)

    said = " ".join([drawn.label, *drawn.notes])
    assert "22.7" not in said
    assert "77.3" not in said


def test_the_table_behind_holds_every_bin_that_is_not_empty() -> None:
    rows = score_bars(stack(), "new", LINEAR).rows

    assert len(rows) == 8
    assert rows[2] == ("new, genuine users", "0.5000 to 0.7500", "10", "0", "6")


def test_a_class_without_a_capture_is_drawn_as_nothing() -> None:
    empty = {
        **RANGE,
        "counts": {"bona_fide": counts([0] * 4, [0] * 4), "attack": counts([1, 0, 0, 0], [0] * 4)},
    }

    drawn = score_bars(stack(histogram=empty), "new", scale_of([empty]))

    assert len(drawn.bars) == 1
    assert "genuine users: no capture" in drawn.label
