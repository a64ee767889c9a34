"""The mail server and the address of this installation, as the environment names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

URL_VARIABLE = "COUNTERSIGN_EMAIL_URL"
FROM_VARIABLE = "COUNTERSIGN_EMAIL_FROM"
BASE_VARIABLE = "COUNTERSIGN_BASE_URL"
DEFAULT_SENDER = "Countersign <countersign@localhost>"
DEFAULT_BASE = "http://127.0.0.1:8000"
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
EXAMPLE = "smtp+starttls://user:password@mail.example.org:587"


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over; ``starttls`` upgrades the connection, ``tls`` opens it encrypted."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def read_mail_server(environ: Mapping[str, str]) -> MailServer | None:
    """The server that COUNTERSIGN_EMAIL_URL names; None where it is not set.

    Raises:
        ImproperlyConfigured: it is no such URL. The message repeats nothing of it: it may hold a password.
    """
    url = environ.get(URL_VARIABLE, "")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"{URL_VARIABLE} is no address of a mail server. Set it to e.g. {EXAMPLE} "
            f"({', '.join(PORTS)}; write special characters of the password as %XX)."
        )
    return MailServer(
        host=host,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+starttls",
        tls=parts.scheme == "smtps",
    )


def read_sender(environ: Mapping[str, str], server: MailServer | None) -> str:
    """Whom mail is from; with a server of one's own it has to be said.

    Raises:
        ImproperlyConfigured: a server is named and no sender.
    """
    sender = environ.get(FROM_VARIABLE, "")
    if "@" not in parseaddr(sender)[1] and (sender or server is not None):
        raise ImproperlyConfigured(
            f"{FROM_VARIABLE}: found {sender!r}; with {URL_VARIABLE} set it to the sender of all mail, "
            "e.g. Countersign <countersign@example.org>"
        )
    return sender or DEFAULT_SENDER


def read_base_url(environ: Mapping[str, str]) -> str:
    """The address that links in messages begin with, without a slash at its end.

    Raises:
        ImproperlyConfigured: it is no http or https address of a host.
    """
    url = environ.get(BASE_VARIABLE, "") or DEFAULT_BASE
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(
            f"{BASE_VARIABLE}: found {url!r}; use the address of this installation, "
            "e.g. https://countersign.example.org"
        )
    return f"{parts.scheme}://{parts.netloc}"
