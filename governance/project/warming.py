"""What a web process does once before it serves, so that nobody's first call pays for it.

Django fills its table of addresses, and Celery finds its transport, on first use: together some 300 ms,
which would be spent inside the first rollback of a process. No connection is opened here: a server that
loads the application before it forks would share it among its children.
"""

from celery import current_app
from django.urls import get_resolver, reverse


def warm_up() -> None:
    """Load every address with its views, and the modules that send to the broker."""
    get_resolver().reverse_dict  # noqa: B018 - filled when it is read
    reverse("admin:index")
    current_app.finalize()
    current_app.amqp.router  # noqa: B018 - as above
    current_app.backend  # noqa: B018 - reads the entry points of every installed package
    with current_app.connection_for_write() as connection:
        connection.transport  # noqa: B018 - imports the transport; connects to nothing
