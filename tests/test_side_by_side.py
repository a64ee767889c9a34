"""A process stays in its directory while there is something in it."""

from tests.side_by_side import directory_of, next_file

WAITING = ["tests/a/1.py", "tests/a/2.py", "tests/b/1.py", "tests/c/1.py", "tests/c/2.py", "tests/c/3.py"]


def test_a_process_goes_on_where_it_was() -> None:
    assert next_file(WAITING, "tests/c", {"tests/a"}) == "tests/c/1.py"


def test_a_process_that_is_done_takes_the_smallest_directory_that_nobody_is_in() -> None:
    assert next_file(WAITING, "tests/d", set()) == "tests/b/1.py"
    assert next_file(WAITING, "", {"tests/b"}) == "tests/a/1.py"


def test_where_others_are_everywhere_it_takes_from_the_largest() -> None:
    assert next_file(WAITING, "", {"tests/a", "tests/b", "tests/c"}) == "tests/c/1.py"


def test_a_directory_in_another_is_one_of_its_own() -> None:
    assert directory_of("tests/a/b/1.py") == "tests/a/b"
    assert directory_of("") == ""
