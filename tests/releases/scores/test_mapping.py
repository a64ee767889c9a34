import json
from typing import Any

import pytest

from governance.errors import InvalidInput
from releases.scores.meta import parse_meta
from tests.releases.scores.tables import described

CONTRACT = {
    "dataset": "0195f0a0-0000-7000-8000-000000000001",
    "stack_digest": "sha256:" + "0" * 64,
    "mapping": {
        "sample": "sample_id",
        "subject": "subject_id",
        "label": {"column": "label", "bona_fide": ["bona_fide"]},
        "species": "pai_fine",
        "score": "score_auxiliary",
        "attributes": ["sex", "skin_tone"],
        "source_set": "dataset",
    },
    "filter": {"subset": "test"},
    "polarity": "higher_is_attack",
    "score_range": [0, 1],
}


def test_parse_meta_takes_the_example_of_the_contract() -> None:
    found = parse_meta(json.dumps(CONTRACT))

    assert found.columns() == (
        "sample_id",
        "label",
        "score_auxiliary",
        "subject_id",
        "pai_fine",
        "dataset",
        "sex",
        "skin_tone",
        "subset",
    )
    assert found.filter == {"subset": ("test",)}
    assert found.score_range == (0.0, 1.0)


def test_a_constant_stands_for_a_column() -> None:
    found = parse_meta(
        described({"subject": {"constant": "p"}, "attributes": [{"name": "lab", "constant": 7}]})
    )

    assert found.mapping.subject is not None
    assert found.mapping.subject.constant == "p"
    assert found.mapping.attributes[0].constant == "7"
    assert found.columns() == ("id", "kind", "value", "species")


def test_whole_numbers_are_taken_as_text_where_cells_are_compared() -> None:
    found = parse_meta(described({"label": {"column": "kind", "bona_fide": [0]}}, filter={"fold": 3}))

    assert found.mapping.label.bona_fide == ("0",)
    assert found.filter == {"fold": ("3",)}


def test_missing_scores_are_texts_and_numbers() -> None:
    found = parse_meta(described(missing_scores=[-1, 99.5, " NA "]))

    assert found.missing_texts() == ["-1", "99.5", "NA"]
    assert found.missing_numbers() == [-1.0, 99.5]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (described(colour="red"), "meta.colour", "there is no such field"),
    (described({"scores": "x"}), "meta.mapping.scores", "there is no such field"),
    (
        described({"label": {"column": "kind", "bona_fide": ["a"], "spoof": 1}}),
        "meta.mapping.label.spoof",
        "there is no such field",
    ),
    (described({"sample": None}), "meta.mapping.sample", "is missing"),
    (described({"sample": {"constant": "x"}}), "meta.mapping.sample", "a text is wanted"),
    (described({"score": {"constant": "1"}}), "meta.mapping.score", "a text is wanted"),
    (described({"label": None}), "meta.mapping.label", "is missing"),
    (described({"label": "kind"}), "meta.mapping.label", "bona_fide"),
    (described({"label": {"column": "kind", "bona_fide": []}}), "meta.mapping.label.bona_fide", "at least 1"),
    (described({"label": {"constant": "real"}}), "meta.mapping.label", "bona_fide or attack"),
    (
        described({"label": {"column": "kind", "bona_fide": ["a"], "attack": ["a"]}}),
        "meta.mapping.label",
        "'a' is listed both",
    ),
    (described({"subject": {"column": "a", "constant": "b"}}), "meta.mapping.subject", "one key"),
    (described({"subject": 5}), "meta.mapping.subject", "an object is wanted"),
    (described({"transaction": "t"}), "meta.mapping", "together"),
    (described({"attributes": ["sex", "sex"]}), "meta.mapping", "listed twice"),
    (described({"attributes": ["a\nb"]}), "meta.mapping.attributes[0].name", "pattern"),
    (described(evaluation_report="r"), "meta", "exactly one"),
    (described(stack_digest=None), "meta", "exactly one"),
    (described(stack_digest="sha256:xyz"), "meta.stack_digest", "pattern"),
    (described(polarity="up"), "meta.polarity", "higher_is_attack"),
    (described(score_range=[1, 1]), "meta", "lowest < highest"),
    (described(score_range=[0, float("inf")]), "meta.score_range[1]", "finite"),
    (described(score_range=["0", 1]), "meta.score_range[0]", "number"),
    (described(missing_scores=[True]), "meta.missing_scores[0]", "a text is wanted"),
    (described(missing_scores=[float("nan")]), "meta.missing_scores[0]", "a text is wanted"),
    (described(filter={"a": 0.5}), "meta.filter.a", "a list is wanted"),
]


@pytest.mark.parametrize(("raw", "field", "words"), REFUSED)
def test_parse_meta_names_the_field_that_is_wrong(raw: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_meta(raw)

    assert field in [error.field for error in refused.value.field_errors]
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("nope", "no JSON object"),
        ("[1]", "an object is wanted"),
        (b"\xff\xfe", "no JSON object"),
        ("[" * 100_000, "is no JSON object: the body is nested more than 64 levels deep"),
        ('{"dataset": ' + "1" * 5_000 + "}", "a whole number has 5,000 digits; send it as text"),
        ('{"dataset": "a", "dataset": "b"}', "'dataset' stands twice"),
        (" " * 200_001, "longer than"),
    ],
)
def test_parse_meta_refuses_what_is_no_description(raw: str | bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_meta(raw)
