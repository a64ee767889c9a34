"""The measured process of questions: start the product's web server, ask it over HTTP, end it.

Argument: JSON with ``path``, ``token``, ``contexts`` (asked in turn), ``times``. One worker with one thread
is asked over one connection that is kept, so that the ratio of two addresses is that of the work behind them.
CPU is that of the server's worker alone.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.child import peak_kib

WARM_UP = 200
HEADERS = {"Content-Type": "application/json"}
LONGEST_START = 60.0


def main(given: dict[str, Any]) -> dict[str, Any]:
    """Seconds for ``times`` questions, behind a warm-up."""
    port = _free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "governance.project.wsgi:application"),
            *("--bind", f"127.0.0.1:{port}", "--no-control-socket", "--worker-class", "gthread"),
            *("--workers", "1", "--threads", "1", "--keep-alive", "60", "--log-level", "error"),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.asked_settings"},
    )
    try:
        connection = _connected(port, server)
        _ask(connection, given, WARM_UP)
        worker = _child_of(server.pid)
        used, started = _cpu(worker), time.perf_counter()
        answers = _ask(connection, given, given["times"])
        seconds = time.perf_counter() - started
        return {
            "seconds": seconds,
            "cpu_seconds": _cpu(worker) - used,
            "peak_kib": peak_kib(worker),
            "answer": answers,
        }
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _ask(connection: http.client.HTTPConnection, given: dict[str, Any], times: int) -> dict[str, int]:
    """How often each variant was answered.

    Raises:
        RuntimeError: an answer is no success: there would be nothing to compare.
    """
    headers = {**HEADERS, "Authorization": f"Bearer {given['token']}"}
    bodies = [json.dumps({"context": context}).encode() for context in given["contexts"]]
    variants: dict[str, int] = {}
    for number in range(times):
        connection.request("POST", given["path"], bodies[number % len(bodies)], headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{given['path']} answers {response.status}: {content[:300]!r}")
        variant = json.loads(content)["variant"]
        variants[variant] = variants.get(variant, 0) + 1
    return variants


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _connected(port: int, server: "subprocess.Popen[bytes]") -> http.client.HTTPConnection:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.1)
            continue
        return connection
    raise RuntimeError("the web server did not start")


def _child_of(parent: int) -> int:
    """The worker's pid."""
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def _cpu(pid: int) -> float:
    """Seconds of processor time that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main(json.loads(sys.argv[1])))}\n")
