"""What a process does once before it serves, so that nobody's first call pays for it.

Django fills its table of addresses, Celery finds its transport and the limiter of rates its client, on first
use: together some 400 ms, which would be spent inside the first rollback of a process and the first answer of
what is live. No connection is opened here: what loads the application before it forks would share it among
its children. What is loaded by then stays for good, so the collector need not go through it again and again,
which takes another 100 ms each time.
"""

import gc

from celery import current_app
from django.urls import get_resolver, reverse

from governance.access.rates import load_limiter


def warm_up() -> None:
    """Of a web process: every address with its views, and the modules that send to the broker and count in
    Redis."""
    _load_addresses()
    _load_transport()
    load_limiter()
    _set_apart()


def warm_up_a_worker() -> None:
    """Of a worker before it forks: what its messages link to, and what sends them."""
    _load_addresses()
    _load_transport()
    _set_apart()


def _load_addresses() -> None:
    get_resolver().reverse_dict  # noqa: B018 - filled when it is read
    reverse("admin:index")


def _load_transport() -> None:
    current_app.finalize()
    current_app.amqp.router  # noqa: B018 - as above
    current_app.backend  # noqa: B018 - reads the entry points of every installed package
    with current_app.connection_for_write() as connection:
        connection.transport  # noqa: B018 - imports the transport; connects to nothing


def _set_apart() -> None:
    gc.collect()
    gc.freeze()
