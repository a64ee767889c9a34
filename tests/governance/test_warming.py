"""What a process prepares before its first call."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from celery.signals import worker_init
from django.urls import clear_url_caches, get_resolver
from django.urls.resolvers import URLResolver

from governance.access.rates import _limiter
from governance.project.celery import warm_up_before_it_forks
from governance.project.warming import warm_up, warm_up_a_worker


@pytest.mark.parametrize("warms_up", [warm_up, warm_up_a_worker])
def test_addresses_are_filled_before_the_first_call(
    monkeypatch: pytest.MonkeyPatch, warms_up: Callable[[], None]
) -> None:
    filled: list[URLResolver] = []
    fill = URLResolver._populate

    def noted(found: URLResolver) -> None:
        filled.append(found)
        fill(found)

    clear_url_caches()
    monkeypatch.setattr(URLResolver, "_populate", noted)

    gc.unfreeze()

    warms_up()

    assert get_resolver() in filled
    assert gc.get_freeze_count() > 0


def test_no_connection_to_the_broker_is_open_after_it() -> None:
    warm_up()
    warm_up_a_worker()

    pool: Any = current_app.pool
    assert not pool._dirty


def test_what_counts_calls_is_loaded_and_a_worker_warms_up_before_it_forks() -> None:
    _limiter.cache_clear()

    warm_up()

    assert _limiter.cache_info().currsize == 1
    assert warm_up_before_it_forks in [receiver() for _, receiver in worker_init.receivers]
