"""One request to a witness, as https://c2sp.org/tlog-witness has it, with time-outs and a bounded answer.

Redirects are not followed: a witness is at the address that somebody wrote down.
"""

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from governance.ledger.letters import read_number

ADDRESS = "/add-checkpoint"
TIMEOUT_SECONDS = 5.0
LONGEST_SECONDS = 15.0
MOST_BYTES = 64 * 1024
TOO_LONG = f"The answer is longer than {MOST_BYTES} bytes, or takes too long."
SIZE = "text/x.tlog.size"


class WitnessAway(Exception):
    """It gave no answer that could be read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, type and text of an answer."""

    status: int
    kind: str
    text: str

    @property
    def size(self) -> int | None:
        """The size that a witness says it cosigned last, where it says one."""
        return read_number(self.text.removesuffix("\n")) if self.kind == SIZE else None


def request_body(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """What is sent: the size before, the proof from there on, and the checkpoint."""
    hashes = [base64.b64encode(one).decode() for one in proof]
    return "\n".join([f"old {old}", *hashes, "", note]).encode()


def send(url: str, body: bytes) -> Reply:
    """Ask the witness at ``url``.

    Raises:
        WitnessAway: with the reason.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    deadline = time.monotonic() + LONGEST_SECONDS
    try:
        connection.connect()
        with _given_up_after(connection.sock, max(0, deadline - time.monotonic())):
            headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "countersign"}
            connection.request("POST", f"{parts.path}{ADDRESS}", body, headers)
            response = connection.getresponse()
            text = _read(response, deadline)
    except (OSError, http.client.HTTPException, UnicodeError) as fault:
        if time.monotonic() >= deadline:  # shut from here: how that is noticed is a matter of chance
            raise WitnessAway(TOO_LONG) from fault
        raise WitnessAway(f"{url} does not answer: {type(fault).__name__} {fault}".strip()) from fault
    finally:
        connection.close()
    return Reply(response.status, response.headers.get_content_type(), text)


@contextmanager
def _given_up_after(connected: socket.socket, seconds: float) -> Iterator[None]:
    """Shut the connection after so long: the time-out of a socket begins anew with each letter, and headers
    that never end would hold up the witnesses that are asked next.
    """

    def shut() -> None:
        with suppress(OSError):  # closed meanwhile
            socket.socket.shutdown(connected, socket.SHUT_RDWR)  # of TLS too, without unwrapping it

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(response: http.client.HTTPResponse, deadline: float) -> str:
    """The body; one that comes letter by letter, or does not end, is given up."""
    parts, length = list[bytes](), 0
    while part := response.read1(MOST_BYTES):
        parts.append(part)
        length += len(part)
        if length > MOST_BYTES or time.monotonic() > deadline:
            break
    if length > MOST_BYTES or time.monotonic() > deadline:
        raise WitnessAway(TOO_LONG)
    return b"".join(parts).decode()
