"""The demo's mailbox: what would be sent, readable on the loopback address, and nowhere else."""

import stat
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from governance.access.models import Account
from governance.notifications import mailbox
from governance.notifications.models import DeliveryState
from governance.notifications.pictures import Picture
from tests.governance.notifications.acts import PATH, attempt, reader, told

BOX = "/demo/mailbox/"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


def drawn(subject: str) -> Picture:
    """A picture, as a higher app would draw it."""
    return Picture("forest", PNG, "Skin tone 6 fails", ("Fail: skin tone 6",))


@pytest.fixture
def demo(settings: Settings, tmp_path: Path) -> Path:
    """A demo's settings; where its mail lies."""
    settings.DEMO = settings.MAIL_SERVER = True
    settings.EMAIL_BACKEND = "governance.notifications.mailbox.MailboxBackend"
    settings.MAILBOX = tmp_path / "mailbox"
    return tmp_path / "mailbox"


def test_a_mail_of_the_demo_becomes_a_file_for_this_user_only(ada: Account, demo: Path) -> None:
    delivery = attempt(told(ada))

    files = list(demo.iterdir())
    assert delivery.state == DeliveryState.SENT
    assert [file.suffix for file in files] == [".eml"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(demo.stat().st_mode) == 0o700


def test_the_mailbox_lists_the_newest_first_and_by_recipient(ada: Account, root: Account, demo: Path) -> None:
    attempt(told(ada, release="first"))
    attempt(told(reader("joan.ada", by=root), release="second"))

    whole = Client().get(BOX).content.decode()
    of_ada = Client().get(f"{BOX}?to=ada").content.decode()
    of_joan = Client().get(f"{BOX}?to=joan_ada@example.org").content.decode()

    assert whole.index("second on mobile_web") < whole.index("first on mobile_web")
    assert "second on mobile_web" not in of_ada
    assert "first on mobile_web" in of_ada
    assert "first on mobile_web" not in of_joan
    assert "second on mobile_web" in of_joan


def test_a_mail_is_shown_with_its_text_headers_and_link(ada: Account, demo: Path) -> None:
    attempt(told(ada))
    mail = mailbox.mails()[0]

    page = Client().get(f"{BOX}{mail.id}/").content.decode()

    assert f'<a class="button" href="{PATH}">' in page
    assert "auto-generated" in page
    assert "is held on mobile_web, in stage guarded 5 %." in page


def test_html_of_a_mail_stands_in_a_frame_that_runs_nothing(ada: Account, demo: Path) -> None:
    attempt(told(ada))
    mail = mailbox.mails()[0]

    framed = Client().get(f"{BOX}{mail.id}/html/")
    around = Client().get(f"{BOX}{mail.id}/")

    assert "default-src 'none'" in framed["Content-Security-Policy"]
    assert "script-src" not in framed["Content-Security-Policy"]
    assert "sandbox allow-top-navigation-by-user-activation" in framed["Content-Security-Policy"]
    assert "unsafe" not in around["Content-Security-Policy"]
    assert 'sandbox="allow-top-navigation-by-user-activation"' in around.content.decode()


def test_the_picture_of_a_mail_is_shown_in_its_place(ada: Account, demo: Path, settings: Settings) -> None:
    settings.MAIL_PICTURES = {"forest": f"{__name__}.drawn"}
    delivery = told(ada)
    notification = delivery.notification
    notification.event = "gate_evaluation.completed"
    notification.context = {
        **notification.context,
        "release": "v1",
        "system": "s",
        "verdict": "fail",
        "sentence": "Fail.",
        "actor": "x",
    }
    notification.save()
    attempt(delivery)
    mail = mailbox.mails()[0]

    html = Client().get(f"{BOX}{mail.id}/html/").content.decode()
    picture = Client().get(f"{BOX}{mail.id}/picture/")

    assert f'src="{BOX}{mail.id}/picture/"' in html
    assert (picture["Content-Type"], picture.content) == ("image/png", PNG)


@pytest.mark.parametrize(
    "path",
    ["", "01a214c0-1c6a-7451-9c82-75b3891fa909/", "01a214c0-1c6a-7451-9c82-75b3891fa909/html/"],
    ids=["list", "mail", "html"],
)
def test_outside_demo_mode_there_is_no_mailbox(
    ada: Account, demo: Path, settings: Settings, path: str
) -> None:
    attempt(told(ada))
    settings.DEMO = False

    assert Client().get(f"{BOX}{path}").status_code == 404
    assert Client().get(f"{BOX}{mailbox.mails()[0].id}/").status_code == 404


def test_a_mail_that_is_not_there_is_not_found_and_nothing_is_posted(demo: Path, db: None) -> None:
    missing = "01a214c0-1c6a-7451-9c82-75b3891fa909"

    assert Client().get(f"{BOX}{missing}/").status_code == 404
    assert Client().get(f"{BOX}{missing}/picture/").status_code == 404
    assert Client().get(f"{BOX}../../run.json/").status_code == 404
    assert Client().post(BOX).status_code == 405


def test_an_empty_mailbox_says_when_mail_comes(demo: Path, db: None) -> None:
    assert "No mail yet." in Client().get(BOX).content.decode()


def test_text_of_users_is_text_in_the_mailbox(ada: Account, demo: Path) -> None:
    attempt(told(ada, release="<script>alert(1)</script>"))
    mail = mailbox.mails()[0]

    shown = Client().get(BOX).content.decode() + Client().get(f"{BOX}{mail.id}/").content.decode()
    assert "<script>alert" not in shown
