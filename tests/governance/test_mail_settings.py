"""The mail server and the base address, as the environment names them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from governance.project.mail import MailServer, read_base_url, read_mail_server, read_sender

SERVER = "smtp+starttls://robot:s%40cret@mail.example.org:2525"


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+starttls://mail.example.org", 587, True, False),
        ("smtps://mail.example.org", 465, False, True),
        ("smtps://mail.example.org:2465/", 2465, False, True),
    ],
)
def test_the_scheme_says_how_the_connection_is_protected(
    url: str, port: int, starttls: bool, tls: bool
) -> None:
    found = read_mail_server({"COUNTERSIGN_EMAIL_URL": url})

    assert found == MailServer("mail.example.org", port, "", "", starttls, tls)


def test_user_and_password_are_read_with_their_escapes() -> None:
    found = read_mail_server({"COUNTERSIGN_EMAIL_URL": SERVER})

    assert found == MailServer("mail.example.org", 2525, "robot", "s@cret", True, False)


def test_without_the_variable_there_is_no_server() -> None:
    assert read_mail_server({}) is None
    assert read_mail_server({"COUNTERSIGN_EMAIL_URL": ""}) is None


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org:secret",
        "http://robot:secret@mail.example.org",
        "smtp://",
        "smtp://robot:secret@mail.example.org:high",
        "smtp://robot:secret@mail.example.org/box",
        "smtp://robot:secret@[mail",
    ],
)
def test_what_is_no_mail_server_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="COUNTERSIGN_EMAIL_URL") as refusal:
        read_mail_server({"COUNTERSIGN_EMAIL_URL": url})

    assert "secret" not in str(refusal.value)


def test_links_begin_with_the_loopback_address_unless_another_is_named() -> None:
    assert read_base_url({}) == "http://127.0.0.1:8000"
    assert read_base_url({"COUNTERSIGN_BASE_URL": "https://a.example.org/"}) == "https://a.example.org"


@pytest.mark.parametrize(
    "url", ["a.example.org", "ftp://a.example.org", "https://", "https://a/b", "https://a?b"]
)
def test_what_is_no_base_address_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="COUNTERSIGN_BASE_URL"):
        read_base_url({"COUNTERSIGN_BASE_URL": url})


def test_a_server_takes_a_sender_of_its_own() -> None:
    server = read_mail_server({"COUNTERSIGN_EMAIL_URL": SERVER})
    named = {"COUNTERSIGN_EMAIL_FROM": "Gate <gate@example.org>"}

    assert read_sender(named, server) == "Gate <gate@example.org>"
    assert read_sender({}, None) == "Countersign <countersign@localhost>"
    with pytest.raises(ImproperlyConfigured, match="COUNTERSIGN_EMAIL_FROM"):
        read_sender({}, server)
    with pytest.raises(ImproperlyConfigured, match="COUNTERSIGN_EMAIL_FROM"):
        read_sender({"COUNTERSIGN_EMAIL_FROM": "nobody"}, None)
