"""How much of a hostile or careless upload is read before it is refused."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one upload. Reading stops at the first one exceeded, so memory and time stay bounded.

    ``upload_bytes`` are the bytes as sent, ``bytes`` those after decompression. ``expansion`` is the largest
    ratio of the two, looked at once ``expansion_from`` bytes came out (score tables compress 5 to 40 times; a
    bomb some 1,000). ``cells`` caps rows × mapped columns, which is what is held in memory.
    """

    upload_bytes: int = 256 * MEBIBYTE
    bytes: int = 1024 * MEBIBYTE
    expansion: int = 200
    expansion_from: int = 16 * MEBIBYTE
    rows: int = 5_000_000
    columns: int = 512
    cells: int = 60_000_000
    cell_characters: int = 4096
    line_characters: int = MEBIBYTE


DEFAULT_LIMITS = Limits()
