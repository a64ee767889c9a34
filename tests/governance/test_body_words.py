"""Refusals of bodies and documents say what is wanted, the choices, and what was found."""

from typing import Any

import pytest
from rest_framework import serializers

from governance.access.parsing import JsonObject, Text
from governance.access.rest import StrictSerializer
from governance.documents import checked
from governance.errors import InvalidInput
from releases.gates.criteria.absolute import AbsoluteSpec
from releases.gates.planning.serializers import PlannerBody

GOOD: dict[str, Any] = {"policy": "0190b7c0-0000-7000-8000-000000000001", "kind": "absolute", "spec": {}}


class Body(StrictSerializer):
    policy = serializers.UUIDField()
    kind = serializers.ChoiceField([("absolute", "Absolute"), ("ratio", "Ratio")])
    spec = JsonObject()
    name = Text(max_length=3, required=False)
    number = serializers.IntegerField(required=False, min_value=1)
    sure = serializers.BooleanField(required=False)
    several = serializers.ListField(child=Text(), required=False)

    def validate_name(self, name: str) -> str:
        """A rule of the body's own."""
        if name == "bad":
            raise serializers.ValidationError("Our own words.")
        return name


def refused(body: type[StrictSerializer], **given: Any) -> dict[str, Any]:
    found = body(data=given)
    assert not found.is_valid()
    return {name: [str(one) for one in problems] for name, problems in found.errors.items()}


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"kind": "foo"}, "kind", "One of absolute, ratio is wanted; found 'foo'."),
        ({"policy": "x" * 90}, "policy", f"An id (UUID, as text) is wanted; found '{'x' * 59}…."),
        ({"policy": 5}, "policy", "An id (UUID, as text) is wanted; found 5."),
        ({"policy": None}, "policy", "An id (UUID, as text) is wanted; found null."),
        ({"spec": "{"}, "spec", "An object is wanted; found the text '{', which is none: "),
        ({"spec": [1]}, "spec", "An object is wanted; found a list."),
        ({"name": 7}, "name", "A text is wanted; found 7."),
        ({"name": ""}, "name", "A text is wanted; found an empty text."),
        ({"name": "long"}, "name", "no more than 3 characters; found 'long'."),
        ({"name": "bad"}, "name", "Our own words."),
        ({"number": "many"}, "number", "A whole number is wanted; found 'many'."),
        ({"number": 0}, "number", "greater than or equal to 1; found 0."),
        ({"sure": "maybe"}, "sure", "True or false is wanted; found 'maybe'."),
        ({"several": "one"}, "several", "A list is wanted; found 'one'."),
    ],
)
def test_a_field_of_a_body_says_what_is_wanted_and_what_was_found(
    given: dict[str, Any], field: str, said: str
) -> None:
    problems = refused(Body, **{**GOOD, **given})

    assert list(problems) == [field]
    assert said in problems[field][0]


def test_a_field_that_is_missing_says_what_would_fill_it() -> None:
    problems = refused(Body, spec={})

    assert problems == {
        "policy": ["It is missing: an id (UUID, as text) is wanted."],
        "kind": ["It is missing: one of absolute, ratio is wanted."],
    }


def test_a_number_with_a_decimal_point_is_no_whole_number() -> None:
    counts = [{"population": "attack", "stratum": {"species": "print"}, "presentations": 10.0, "subjects": 5}]
    body = PlannerBody(data={"policy": GOOD["policy"], "counts": counts})

    assert not body.is_valid()
    assert "Expected a whole number without a decimal point, found 10.0." in str(body.errors)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": 1.5}, "spec.limit: a number less than 1 is wanted, found 1.5"),
        ({"limit": 0}, "spec.limit: a number greater than 0 is wanted, found 0"),
        ({"limit": "low"}, "spec.limit: a number is wanted, found 'low'"),
        ({"limit": float("inf")}, "spec.limit: a finite number is wanted, found inf"),
        ({"limit": 10**400}, "spec.limit: .* found a number too long to show"),
        ({"metric": "eer"}, "spec.metric: 'apcer', .* or 'bpcer_with_non_response' is wanted, found 'eer'"),
        ({"limt": 0.1}, "spec.limt: there is no such field here; leave it out"),
        ({"strata": []}, "spec.strata: an object is wanted, with its fields by name"),
        ({"limit_reason": ""}, "spec.limit_reason: a text of at least 1 characters is wanted, found ''"),
        ({"min_subjects": 2.5}, "spec.min_subjects: a whole number is wanted, found 2.5"),
        ({"dataset": "sha1:0"}, "spec.dataset: a text of the pattern .* is wanted, found 'sha1:0'"),
        ({"planned_deff": 3}, "spec: planned_deff needs a written planned_deff_reason"),
    ],
)
def test_a_document_says_what_is_wanted_and_what_was_found(changes: dict[str, Any], said: str) -> None:
    spec = {"metric": "apcer", "strata": {"species": ["print"]}, "limit": 0.1, **changes}

    with pytest.raises(InvalidInput, match=said):
        checked(AbsoluteSpec, spec, field="spec", title="The criterion")


def test_a_document_names_what_is_missing() -> None:
    with pytest.raises(InvalidInput, match=r"spec\.limit: is missing and is needed"):
        checked(
            AbsoluteSpec,
            {"metric": "apcer", "strata": {"species": ["a"]}},
            field="spec",
            title="The criterion",
        )
