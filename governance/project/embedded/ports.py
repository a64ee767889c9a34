"""The web server's port: free before the start, answering after it."""

import http.client
import socket

from governance.project.embedded.directories import Refused

HOST = "127.0.0.1"


def refuse_taken_port(port: int) -> None:
    """Raise while there is nothing to undo yet."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Refused(
                f"PORT: {HOST}:{port} cannot be used ({error.strerror}). Stop what listens there, or choose "
                "another, e.g. PORT=8001 make up."
            ) from None


def serves(port: int) -> bool:
    """Whether the web server answers at all."""
    return _status(port, "/healthz", seconds=5) == 200


def is_ready(port: int) -> bool:
    """Whether every part reports that it can do its work."""
    return _status(port, "/readyz", seconds=5) == 200


def _status(port: int, path: str, *, seconds: float) -> int | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
