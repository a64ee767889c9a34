"""The witness as the process that another team runs: over HTTP, without Django and without a database."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.ledger.notes import open_note, verifier_of
from governance.ledger.signing import generate_key, read_witness_key
from governance.witness.answering import SIZE, TEXT
from governance.witness.submissions import MOST_BYTES
from tests.governance.witness.watching import SmallLog, made, post, rewritten, served
from tests.servers import ROOT

ALONE = """
import sys
import governance.witness.__main__
found = {name.partition(".")[0] for name in sys.modules}
print(sorted(found & {"django", "celery", "psycopg", "rest_framework"}))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, SmallLog]]:
    """A witness that serves all tests of this file which do not stop it, and its log."""
    log = SmallLog()
    with served(made(tmp_path_factory.mktemp("witness"), log.key.vkey)) as (prefix, _process):
        yield prefix, log


@pytest.fixture
def prefix(shared: tuple[str, SmallLog]) -> str:
    """Where it is asked."""
    return shared[0]


def test_the_protocol_over_http(log: SmallLog, key_file: Path) -> None:
    stranger = SmallLog(generate_key("example.org/other"))
    with served(key_file) as (prefix, _process):
        url = f"{prefix}/add-checkpoint"
        first = post(url, log.request(0, 7))
        asked = [
            post(url, log.request(7, 123)),
            post(url, log.request(7, 200)),
            post(url, rewritten(log).request(123, 200)),
            post(url, rewritten(log).request(123, 123)),
            post(url, stranger.request(0, 7)),
            post(url, log.request(123, 200, generate_key(log.key.name))),
            post(url, log.request(200, 123)),
            post(url, log.request(123, 200)[:-9]),
        ]

    whole = log.checkpoint(7) + first.body
    assert open_note(whole, [verifier_of(read_witness_key(key_file))]).text.startswith(f"{log.key.name}\n7\n")
    assert (first.status, first.kind) == (200, TEXT)
    assert [one.status for one in asked] == [200, 409, 422, 409, 404, 403, 400, 400]
    assert [one.kind for one in asked if one.status == 409] == [SIZE, SIZE]
    assert [one.body for one in asked if one.status == 409] == ["123\n", "123\n"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/add-checkpoint", 405),
        ("PUT", "/add-checkpoint", 405),
        ("POST", "/", 404),
        ("POST", "/add-checkpoint/", 404),
        ("POST", "/%ff%00", 404),
        ("GET", "/", 404),
    ],
)
def test_there_is_one_address(prefix: str, log: SmallLog, method: str, path: str, status: int) -> None:
    answer = post(f"{prefix}{path}", log.request(0, 7), method)

    assert answer.status == status


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(("length", "status"), [(MOST_BYTES, 400), (MOST_BYTES + 1, 413)])
def test_a_body_beyond_the_limit_is_refused(prefix: str, length: int, status: int, is_chunked: bool) -> None:
    body = b"\n" * length

    assert sent(prefix, iter([body]) if is_chunked else body) == status


def sent(prefix: str, body: object) -> int:
    connection = http.client.HTTPConnection(prefix.removeprefix("http://"), timeout=60)
    connection.request("POST", "/add-checkpoint", body)  # type: ignore[arg-type]  # bytes, or an iterator of them
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nold 0\n",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nold",
        b"nonsense\r\n\r\n",
        b"\x00\xff\x00\xff\r\n\r\n",
    ],
)
def test_what_is_cut_off_or_no_http_gets_no_server_error_and_stops_nothing(
    prefix: str, log: SmallLog, raw: bytes
) -> None:
    answer = said(prefix, raw)

    assert answer.split(b" ")[1:2] in ([b"400"], [])
    assert post(f"{prefix}/add-checkpoint", log.request(0, 7)).status == 403


def test_a_whole_request_with_more_announced_is_cut_off(shared: tuple[str, SmallLog]) -> None:
    prefix, log = shared
    body = log.request(0, 7)
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body) + 10}\r\n\r\n"

    assert said(prefix, head.encode() + body).split(b" ")[1:2] in ([b"400"], [])
    assert post(f"{prefix}/add-checkpoint", log.request(1, 2)).body == "0\n"


def said(prefix: str, raw: bytes) -> bytes:
    """What a server answers to bytes after which nothing comes."""
    host, _, port = prefix.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").readline()


def test_one_connection_serves_many_requests(
    prefix: str, log: SmallLog, shared: tuple[str, SmallLog]
) -> None:
    connection = http.client.HTTPConnection(prefix.removeprefix("http://"), timeout=60)

    def ask(body: bytes) -> int:
        connection.request("POST", "/add-checkpoint", body)
        response = connection.getresponse()
        response.read()
        return response.status

    statuses = [ask(log.request(0, 299)), ask(b"nonsense"), ask(shared[1].request(1, 2))]
    connection.close()

    assert statuses == [403, 400, 409]


def test_a_witness_needs_neither_django_nor_a_database() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{ALONE}"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
