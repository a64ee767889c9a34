"""What a web process prepares before its first call."""

from typing import Any

import pytest
from celery import current_app
from django.urls import clear_url_caches, get_resolver
from django.urls.resolvers import URLResolver

from governance.project.warming import warm_up


def test_addresses_are_filled_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[URLResolver] = []
    fill = URLResolver._populate

    def noted(found: URLResolver) -> None:
        filled.append(found)
        fill(found)

    clear_url_caches()
    monkeypatch.setattr(URLResolver, "_populate", noted)

    warm_up()

    assert get_resolver() in filled


def test_no_connection_to_the_broker_is_open_after_it() -> None:
    warm_up()

    pool: Any = current_app.pool
    assert not pool._dirty
