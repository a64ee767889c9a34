"""The coverage map: what is enough, too few, none, and kept back."""

import pytest

from audits.pages.heat import CELL_WIDTH, HEAD_HEIGHT, NAME_WIDTH, Heat, heat, kept_back, split
from tests.audits.pages.figures import COVERAGE, MINIMA


def drawn(below: int = 5) -> Heat:
    found = heat(COVERAGE, MINIMA, below)
    assert found is not None
    return found


def test_genuine_users_stand_first_then_the_species_with_the_fewest_people() -> None:
    assert [row.name for row in drawn().rows] == ["Genuine users", "Print low", "Mask"]


def test_a_cell_stands_in_its_row_and_column() -> None:
    cell = drawn().rows[0].cells[1]

    assert (cell.x, cell.y) == (NAME_WIDTH + CELL_WIDTH, HEAD_HEIGHT)
    assert (cell.captures, cell.people) == ("90", "80")


def test_cells_say_by_look_and_word_what_is_missing() -> None:
    mask = drawn().rows[2]

    assert [cell.look for cell in mask.cells] == ["level-1", "few", "none"]
    assert [cell.said for cell in mask.cells] == [
        "Mask, All: 50 captures, 20 subjects",
        "Mask, Female: 12 captures, 12 subjects, too few",
        "Mask, Tone 6: none",
    ]


def test_a_group_of_too_few_people_keeps_every_figure_back() -> None:
    hidden = drawn().rows[0].cells[2]

    assert (hidden.look, hidden.captures, hidden.people) == ("hidden", "< 5", "people")
    assert hidden.said == "Genuine users, Tone 6: fewer than 5 people"


def test_how_many_are_kept_back_is_the_policys_choice() -> None:
    assert drawn(below=0).rows[0].cells[2].captures == "30"
    assert drawn(below=9).rows[1].cells[1].look == "hidden"


def test_a_species_as_a_whole_is_no_group_of_people() -> None:
    assert drawn(below=1000).rows[1].cells[0].captures == "100"


def test_more_people_are_a_darker_step() -> None:
    assert [cell.look for cell in drawn().rows[0].cells[:2]] == ["level-3", "level-2"]


def test_the_sentence_counts_what_is_missing() -> None:
    assert drawn().label == (
        "Coverage: 2 species by 2 segments. Of 6 cells, empty: 1; below the policy's minimum: 1; "
        "kept back: 1."
    )


def mapped(*cells: list[float], below: int = 5) -> Heat:
    """Genuine users and one species with these cells, by sex and by device."""
    cut = (("female", "sex"), ("male", "sex"), ("phone", "device"))
    groups = [{"key": name, "title": name.capitalize(), "attribute": by} for name, by in cut]
    rows = [{"species": name, "cells": list(cells)} for name in ("", "print")]
    found = heat({"groups": groups, "rows": rows}, MINIMA, below)
    assert found is not None
    return found


def test_a_cell_that_the_rest_of_its_row_tells_is_hidden_with_a_second_one() -> None:
    cells = mapped([100, 50.0], [90, 46.0], [10, 4.0], [60, 30.0]).rows[0].cells

    assert [cell.captures for cell in cells] == ["100", "kept", "< 5", "60"]
    assert cells[1].said == "Genuine users, Female: kept back, or a smaller group could be worked out"
    assert "90" not in " ".join(f"{cell.captures} {cell.people} {cell.said}" for cell in cells)


def test_a_hidden_cell_that_the_rest_does_not_tell_is_hidden_alone() -> None:
    cells = mapped([120, 60.0], [90, 46.0], [10, 4.0], [60, 30.0]).rows[0].cells

    assert [cell.captures for cell in cells] == ["120", "90", "< 5", "60"]


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([40.0, 4.0, 6.0], {3}),
        ([40.0, 2.0, 2.0], {1}),
        ([46.0, 3.0, 3.0], set()),
        ([3.0, 0.0, 0.0], set()),
        ([20.0, 20.0, 10.0], set()),
    ],
    ids=["one", "two of few together", "two of enough together", "alone", "none"],
)
def test_the_smallest_of_the_others_hides_what_is_left(people: list[float], expected: set[int]) -> None:
    cells = [(int(2 * sum(people)), sum(people)), *((int(2 * one), one) for one in people)]

    assert kept_back(cells, ["tone"] * 3, 5) == expected


def test_of_attacks_a_group_may_be_of_few_instruments_and_is_not_said_to_be_of_few_people() -> None:
    attacks = mapped([100, 50.0], [80, 40.0], [10, 4.0], [60, 30.0]).rows[1].cells[2]

    assert (attacks.captures, attacks.people) == ("< 5", "subjects")
    assert attacks.said == "Print, Male: fewer than 5 subjects or instruments"


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Female", ("Female",)),
        ("Skin tone 6", ("Skin tone 6",)),
        ("Older than sixty", ("Older than", "sixty")),
        ("Unpronounceable", ("Unpronounc…",)),
        ("Darker skin in low light", ("Darker skin", "in low…")),
    ],
)
def test_a_title_takes_two_lines_at_most(title: str, lines: tuple[str, ...]) -> None:
    assert split(title) == lines


def test_nothing_judged_is_no_map() -> None:
    empty = {"groups": [], "rows": [{"species": "", "cells": [[0, 0.0]]}]}

    assert heat(empty, MINIMA, 5) is None
