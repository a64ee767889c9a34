import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releases.scores import encoding
from releases.scores.encoding import FEW, Encoder

TEXTS = st.lists(
    st.one_of(st.none(), st.sampled_from(["a", "b", "ü", "", " a"]), st.text(max_size=3)), max_size=30
)


def encoded(pieces: list[pl.Series]) -> Encoder:
    """An encoder that was fed the pieces in order."""
    encoder = Encoder()
    for piece in pieces:
        encoder.add(piece)
    return encoder


@settings(deadline=None, max_examples=60)
@given(st.lists(TEXTS, max_size=4), st.sampled_from([0, 1_000]), st.sampled_from([2, 100]))
def test_codes_lead_back_to_the_texts_in_sorted_order(
    pieces: list[list[str | None]], few_rows: int, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "FEW_ROWS", few_rows)
        patch.setattr(encoding, "FEW", few)
        encoder = encoded([pl.Series(piece, dtype=pl.String) for piece in pieces])
    whole = encoder.whole()

    texts = [text for piece in pieces for text in piece]
    assert whole.values.to_list() == sorted({text for text in texts if text is not None}, key=str.encode)
    assert whole.as_enum("x").cast(pl.String).to_list() == texts
    assert [code < 0 for code in whole.codes] == [text is None for text in texts]


def test_a_dictionary_that_outgrows_the_small_one_keeps_its_codes() -> None:
    names = [f"person {number}" for number in range(20 * FEW)]

    encoder = encoded([pl.Series(names[: size * FEW]) for size in (1, 2, 20)])

    texts = [*names[:FEW], *names[: 2 * FEW], *names]
    assert encoder.whole().as_enum("x").cast(pl.String).to_list() == texts


def test_two_values_with_one_hash_stay_two(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder()
    encoder.add(pl.Series([f"known {number}" for number in range(2 * FEW)]))
    assert encoder.table is not None
    table = encoder.table
    stranger = pl.Series(["stranger"])
    table.hashes[7] = stranger.hash(table.seed)[0]
    table.codes[table.hashes[7] & np.uint64(table.last)] = 7

    found = table.find(stranger)

    assert found.tolist() == [-1]


@pytest.mark.parametrize("values", [0, 1, 127, 128, 255, 256, 70_000])
def test_columns_of_any_number_of_values_become_enums(values: int) -> None:
    encoder = Encoder()
    texts = pl.Series([f"{number:06}" for number in range(values)] + [None], dtype=pl.String)

    encoder.add(texts)

    assert encoder.whole().as_enum("x").cast(pl.String).equals(texts, null_equal=True)
