"""What counts as a written number, the same for cells of an upload and for values of a segment."""

import math
import re

NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
SPACES = " \t\r\n\v\f\u00a0"


def as_number(text: str) -> float | None:
    """A decimal with a point and an optional exponent that a double can hold; None for everything else."""
    stripped = text.strip(SPACES)
    if not re.fullmatch(NUMBER, stripped):
        return None
    value = float(stripped)
    return value if math.isfinite(value) else None
