"""A mail server on the loopback address that speaks as much SMTP as a client needs, and can be away."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class Letterbox:
    """What the server took, and what it answers where that differs from yes."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Conversation(socketserver.StreamRequestHandler):
    """One connection (RFC 5321); ``QUIT`` ends it."""

    server: "_Server"

    def handle(self) -> None:
        self._say("220 letterbox")
        for line in self.rfile:
            command = line.decode().strip()
            word = command.split(" ")[0].upper()
            if word == "DATA":
                self._data()
            else:
                self._say(self._answer(word, command))
            if word == "QUIT":
                return

    def _answer(self, word: str, command: str) -> str:
        box = self.server.box
        if word in box.answers:
            return box.answers[word]
        if word == "RCPT":
            with box.lock:
                box.recipients.append(command.partition("<")[2].rstrip(">"))
        return "221 bye" if word == "QUIT" else "250 ok"

    def _data(self) -> None:
        self._say("354 go on")
        lines = list(iter(self.rfile.readline, b".\r\n"))
        box = self.server.box
        if "DATA" in box.answers:
            self._say(box.answers["DATA"])
            return
        body = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
        with box.lock:
            box.taken.append(message_from_bytes(body, policy=policy.default))
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Letterbox) -> None:
        self.box = box
        super().__init__(("127.0.0.1", box.port), _Conversation)


@contextmanager
def open_letterbox(box: Letterbox) -> Iterator[Letterbox]:
    """The server while the block runs; on the port that it had before, if it was open before."""
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def mail_settings(settings: Any, box: Letterbox) -> None:
    """Let the product send through the letterbox."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    settings.MAIL_SERVER = True
