"""Expressions from text cells to values: what counts as empty, as a number, as a missing score, as yes or no.

Numbers are plain decimals with a point and an optional exponent. What polars' own cast would take beyond that
(or silently turn into infinity, such as 1e400) is no number here.
"""

from collections.abc import Sequence

import polars as pl

from governance.registry.plain_numbers import NUMBER, SPACES

NOT_FINITE = r"^(?i)[+-]?(nan|inf|infinity)$"
YES = ("true", "yes", "1")
NO = ("false", "no", "0")
LARGEST_ATTEMPT = 1000


def text(column: pl.Expr) -> pl.Expr:
    """The cell as written; null when it is empty or only spaces."""
    return pl.when(column.str.strip_chars(SPACES) == "").then(None).otherwise(column)


def is_number(column: pl.Expr) -> pl.Expr:
    """Whether the cell is a decimal number that a double can hold; false for empty cells."""
    stripped = column.str.strip_chars(SPACES)
    return (stripped.str.contains(NUMBER) & number(column).is_finite()).fill_null(value=False)


def number(column: pl.Expr) -> pl.Expr:
    """The cell as a double; null where it is none."""
    stripped = column.str.strip_chars(SPACES)
    plain = pl.when(stripped.str.contains(NUMBER)).then(stripped).otherwise(None)
    value = plain.cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value).otherwise(None)


def is_not_finite(column: pl.Expr) -> pl.Expr:
    """Whether the cell says NaN or infinity in words."""
    return column.str.strip_chars(SPACES).str.contains(NOT_FINITE).fill_null(value=False)


def is_sentinel(column: pl.Expr, texts: Sequence[str], numbers: Sequence[float]) -> pl.Expr:
    """Whether the cell is one of the declared "no score" values, as text or as a number."""
    found = pl.lit(False)
    if texts:
        found |= column.str.strip_chars(SPACES).is_in(list(texts))
    if numbers:
        found |= number(column).is_in(list(numbers))
    return found.fill_null(value=False)


def yes_or_no(column: pl.Expr) -> pl.Expr:
    """true, false, or null for anything but yes/no, true/false, 1/0 in any case."""
    word = column.str.strip_chars(SPACES).str.to_lowercase()
    return pl.when(word.is_in(list(YES))).then(True).when(word.is_in(list(NO))).then(False).otherwise(None)


def attempt(column: pl.Expr) -> pl.Expr:
    """The cell as an attempt number 1 … 1000; null where it is none."""
    value = column.str.strip_chars(SPACES).str.extract(r"^([0-9]{1,4})$").cast(pl.Int32, strict=False)
    return pl.when(value.is_between(1, LARGEST_ATTEMPT)).then(value).otherwise(None)


def equals_but_for_writing(column: pl.Expr, values: Sequence[str]) -> pl.Expr:
    """Whether the cell is one of the values in other letter case or with other spaces around it."""
    folded = [value.strip(SPACES).lower() for value in values]
    return column.str.strip_chars(SPACES).str.to_lowercase().is_in(folded)
