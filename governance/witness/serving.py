"""The witness over HTTP: one address, ``POST /add-checkpoint``, served by gunicorn.

TLS, a limit on how often somebody asks, and buffering of slow senders are the reverse proxy's in front of it.
"""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from gunicorn.app.base import BaseApplication

from governance.witness.answering import Answer, Witness
from governance.witness.submissions import MOST_BYTES

logger = logging.getLogger(__name__)

ADDRESS = "/add-checkpoint"
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def application(witness: Witness) -> Application:
    """The WSGI application."""

    def respond(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = _answer(witness, environ)
        content = answer.body.encode()
        allow = [("Allow", "POST")] if answer.status == HTTPStatus.METHOD_NOT_ALLOWED else []
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(content))), *allow]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [content]

    return respond


def _answer(witness: Witness, environ: Environ) -> Answer:
    if environ["PATH_INFO"] != ADDRESS:
        return Answer(404, f"There is nothing here but POST {ADDRESS}.\n")
    if environ["REQUEST_METHOD"] != "POST":
        return Answer(405, "Use POST.\n")
    try:
        body = environ["wsgi.input"].read(MOST_BYTES + 1)
    except OSError as fault:
        return Answer(400, f"The body could not be read: {fault}\n")
    if len(body) > MOST_BYTES:
        return Answer(413, f"The body is longer than {MOST_BYTES} bytes.\n")
    announced = environ.get("CONTENT_LENGTH")
    if announced and int(announced) != len(body):
        return Answer(400, f"{announced} bytes were announced, and {len(body)} came.\n")
    return witness.add_checkpoint(body)


class Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn with one process and some threads; the lock on the directory fences what runs beside it."""

    def __init__(self, witness: Witness, bind: str) -> None:
        self._witness, self._bind = witness, bind
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn is told."""
        settings = {
            "bind": self._bind,
            "worker_class": "gthread",
            "workers": 1,
            "threads": 8,
            "timeout": 30,
            "keepalive": 75,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """What it serves."""
        return application(self._witness)
