"""A description that is sent with a file is as strict as any other body, and refused in words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

URL = "/api/v1/score-tables/"


@pytest.fixture
def author(prepared: Prepared) -> Client:
    return signed_in(prepared.here.cast.author)


@pytest.mark.parametrize(
    ("meta", "field", "said"),
    [
        ('{"polarity": "a", "polarity": "b"}', "meta", "The key 'polarity' stands twice in one object."),
        ('{"a": ' + "1" * 5_000 + "}", "meta", "A whole number has 5,000 digits; send it as text."),
        ("[" * 5_000, "meta", "it is nested more than 64 levels deep."),
        ('{"a": 90071992547409930}', "meta.a", "send larger ones as text"),
        ("[1]", "meta", "an object is wanted; found a list."),
        ('{"score_range": ["0", 1]}', "meta.score_range[0]", "a number is wanted, found '0'"),
    ],
)
def test_a_description_that_cannot_be_used_is_named_in_words(
    prepared: Prepared, author: Client, meta: str, field: str, said: str
) -> None:
    file = SimpleUploadedFile("scores.csv", b"id\n1\n")

    answer = author.post(URL, {"system": str(prepared.here.cast.system.pk), "meta": meta, "file": file})

    problems = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert answer.status_code == 400
    assert said in problems[field]
    assert "sys." not in answer.content.decode()


def test_a_page_size_that_is_no_number_is_refused(author: Client) -> None:
    answers = [author.get(URL, {"page_size": size}) for size in ("x", "0", "-1", "1.5", "")]

    assert [one.status_code for one in answers] == [400] * 5
    assert answers[0].json()["errors"] == [
        {"field": "page_size", "message": "a whole number from 1 to 200 is wanted; found 'x'."}
    ]
    assert author.get(URL, {"page_size": "999"}).status_code == 200
