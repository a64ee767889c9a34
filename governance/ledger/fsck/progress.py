"""How far a check of the record is, for whoever watches."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told the part that is being checked, how much of it is done, and how much there is."""


def silently(_part: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
