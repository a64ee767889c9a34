"""The OpenAPI document says what the interface does, refusals included."""

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.governance.surface import LISTS, OBJECTS, POSTS

validate: Any = validate_schema
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The whole document, generated."""
    GENERATOR_STATS.reset()
    generator: Any = SchemaGenerator
    generated: dict[str, Any] = generator().get_schema(public=True)
    return generated


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_document_is_valid_and_generated_without_a_warning(document: dict[str, Any]) -> None:
    validate(document)

    assert not GENERATOR_STATS._error_cache
    assert not GENERATOR_STATS._warn_cache


@pytest.mark.parametrize("code", ["400", "401", "403", "404", "4XX"])
def test_every_operation_documents_its_refusals_as_problem_details(
    document: dict[str, Any], code: str
) -> None:
    schemas = {
        name: operation["responses"][code]["content"]["application/problem+json"]["schema"]["$ref"]
        for name, operation in operations(document).items()
    }

    assert set(schemas.values()) == {"#/components/schemas/Problem"}


def test_every_post_documents_conflicts_and_the_idempotency_key(document: dict[str, Any]) -> None:
    posts = {name: item for name, item in operations(document).items() if name.startswith("POST")}

    lacking = [
        name
        for name, item in posts.items()
        if "409" not in item["responses"]
        or "Idempotency-Key" not in [parameter["name"] for parameter in item["parameters"]]
    ]

    assert posts
    assert lacking == []


def test_every_address_of_this_app_is_documented(document: dict[str, Any]) -> None:
    documented = set(document["paths"])
    named = ("system", "component", "account", "grant", "token")
    expected = {
        *(f"/api/v1/{path}" for path in LISTS),
        *(f"/api/v1/{plural}/{{id}}/" for plural in OBJECTS),
        *(f"/api/v1/{template.format(**dict.fromkeys(named, '{id}'))}" for template in POSTS),
    }

    assert expected <= documented


def test_a_secret_stands_in_the_answer_to_issuing_a_token_only(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    telling = {name for name, schema in schemas.items() if "secret" in schema.get("properties", {})}

    assert telling == {"IssuedTokenAnswer"}
