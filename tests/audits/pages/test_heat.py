"""The coverage map: what is enough, too few, none, and kept back."""

import pytest

from audits.pages.heat import CELL_WIDTH, HEAD_HEIGHT, NAME_WIDTH, Heat, heat, split
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
        "Coverage: 2 species by 2 segments. Of 6 cells, empty: 1; below the policy's minimum: 2."
    )


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
