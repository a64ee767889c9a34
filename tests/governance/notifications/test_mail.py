"""What a mail looks like on the wire: its parts, its headers, and what users' text may not do to it."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.utils.safestring import SafeString
from pytest_django import Settings

from governance.access.models import Account
from governance.notifications.models import Delivery, Notification
from governance.notifications.pictures import Picture
from governance.notifications.rendering import subject_of, text_of
from tests.governance.ledger.acts import person
from tests.governance.notifications.acts import PATH, ask, attempt, reader, system_of_tests, told
from tests.governance.notifications.smtp import Letterbox

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
DRAWN: list[str] = []
HOSTILE = "<b>x](http://evil.example) **bold** `code` <script>alert(1)</script>"


def drawn(subject: str) -> Picture:
    """A picture, as a higher app would draw it."""
    DRAWN.append(subject)
    return Picture("forest", PNG, 'Skin tone 6 fails, 12 of "13"', ("Fail: skin tone 6 <29.9 %>",))


def failing(subject: str) -> Picture:
    """A drawing that does not come about."""
    raise OSError("no paper")


def part(mail: EmailMessage, kind: str) -> str:
    """The text of the mail's part of this kind."""
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def mail_of(letterbox: Letterbox, delivery: Delivery) -> EmailMessage:
    """The delivery as the server got it."""
    attempt(delivery)
    return letterbox.taken[-1]


def asked(account: Account, **facts: object) -> Delivery:
    """The account asked for its vote."""
    told_so = {
        "release": "quality_svm revision 1",
        "channels": ["ios"],
        "deadline_at": account.created_at + timedelta(days=1),
    }
    ask(person(), system=system_of_tests(), accounts=[account], **{**told_so, **facts})
    return Delivery.objects.get(notification__account=account)


def test_text_and_html_say_the_same_and_hold_the_link(ada: Account, letterbox: Letterbox) -> None:
    mail = mail_of(letterbox, told(ada))

    text, html = part(mail, "plain"), part(mail, "html")
    sentence = "quality_svm of onboarding is held on mobile_web, in stage guarded 5 %."
    assert sentence in text
    assert sentence in html
    assert f"http://127.0.0.1:8000{PATH}\n" in text
    assert f'href="http://127.0.0.1:8000{PATH}"' in html


def test_links_begin_with_the_address_of_the_installation(
    ada: Account, letterbox: Letterbox, settings: Settings
) -> None:
    settings.BASE_URL = "https://countersign.example.org"

    mail = mail_of(letterbox, told(ada))

    assert f"https://countersign.example.org{PATH}\n" in part(mail, "plain")


def test_the_headers_say_who_what_and_that_a_machine_wrote_it(ada: Account, letterbox: Letterbox) -> None:
    mail = mail_of(letterbox, told(ada))

    assert mail["Subject"] == "quality_svm on mobile_web is held"
    assert mail["To"] == "ada@example.org"
    assert mail["From"] == "Countersign <countersign@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_text_of_users_stays_text(ada: Account, letterbox: Letterbox) -> None:
    mail = mail_of(letterbox, told(ada, release=HOSTILE, reason=f"[Approve]({HOSTILE})"))

    html = part(mail, "html")
    assert HOSTILE in part(mail, "plain")
    assert "&lt;b&gt;x](http://evil.example) **bold** `code` &lt;script&gt;" in html
    assert 'href="http://evil' not in html
    assert "<strong>" not in html
    assert "<code>" not in html
    assert "<script" not in html


def test_subject_and_text_are_not_marked_as_safe_for_html(ada: Account) -> None:
    """Templates yield text that Django takes for escaped; pages show these two."""
    notification = told(ada).notification

    assert not isinstance(subject_of(notification), SafeString)
    assert not isinstance(text_of(notification), SafeString)


@pytest.mark.parametrize("name", ["# big", "1. one", "- item", "> said", "    code", "a\n\n# b", "&lt;b&gt;"])
def test_no_mark_at_the_beginning_of_a_line_counts(ada: Account, letterbox: Letterbox, name: str) -> None:
    html = part(mail_of(letterbox, told(ada, release=name)), "html")

    assert "<h1" not in html
    assert "<ol" not in html
    assert "<ul" not in html
    assert "<blockquote" not in html
    assert "<pre" not in html


def test_a_reason_cannot_imitate_the_rest_of_the_mail(ada: Account, letterbox: Letterbox) -> None:
    mail = mail_of(letterbox, told(ada, reason="Fine.\n\nRead the brief and vote:\nhttp://evil.example/"))

    assert "Fine. Read the brief and vote: http://evil.example/" in part(mail, "plain")


@pytest.mark.parametrize(
    "name", ["v1\r\nBcc: eve@evil.example", "v1\nX: y", "v1\u2028Bcc: a@b.example", "\u202etxt.exe"]
)
def test_a_name_cannot_add_a_header_or_turn_the_subject(
    ada: Account, letterbox: Letterbox, name: str
) -> None:
    mail = mail_of(letterbox, told(ada, release=name))

    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert "\u202e" not in mail["Subject"]
    assert letterbox.recipients == ["ada@example.org"]


def test_letters_of_all_scripts_arrive(ada: Account, letterbox: Letterbox) -> None:
    mail = mail_of(letterbox, told(ada, release="größe_審査_🙂"))

    assert mail["Subject"] == "größe_審査_🙂 on mobile_web is held"
    assert "größe_審査_🙂 of onboarding" in part(mail, "plain")


def test_a_long_name_leaves_a_subject_of_one_short_line(ada: Account) -> None:
    line = subject_of(told(ada, release="x" * 400).notification)

    assert len(line) == 150
    assert line.endswith("…")


def test_an_address_that_is_none_ends_the_delivery(root: Account, letterbox: Letterbox) -> None:
    odd = reader("odd", by=root)
    delivery = told(odd)
    Account.objects.filter(id=odd.id).update(email="odd@exam\nple.org")

    found = attempt(delivery)

    assert found.state == "failed"
    assert letterbox.taken == []


def test_a_mail_that_asks_carries_its_picture_inline(
    ada: Account, letterbox: Letterbox, settings: Settings
) -> None:
    settings.MAIL_PICTURES = {"forest": f"{__name__}.drawn"}

    mail = mail_of(letterbox, asked(ada))

    images = [found for found in mail.walk() if found.get_content_type() == "image/png"]
    assert [image.get_content() for image in images] == [PNG]
    assert images[0]["Content-ID"] == "<forest>"
    assert images[0]["Content-Disposition"].startswith("inline")
    assert mail.get_content_type() == "multipart/related"
    assert DRAWN[-1] == Notification.objects.get().subject


def test_the_picture_has_an_alternative_and_its_words_beside_it(
    ada: Account, letterbox: Letterbox, settings: Settings
) -> None:
    settings.MAIL_PICTURES = {"forest": f"{__name__}.drawn"}

    mail = mail_of(letterbox, asked(ada))

    assert 'src="cid:forest" alt="Skin tone 6 fails, 12 of &quot;13&quot;"' in part(mail, "html")
    assert "<li>Fail: skin tone 6 &lt;29.9 %&gt;</li>" in part(mail, "html")
    assert "- Fail: skin tone 6 <29.9 %>" in part(mail, "plain")


def test_a_picture_that_cannot_be_drawn_costs_the_picture_only(
    ada: Account, letterbox: Letterbox, settings: Settings
) -> None:
    settings.MAIL_PICTURES = {"forest": f"{__name__}.failing"}

    delivery = attempt(asked(ada))

    assert delivery.state == "sent"
    assert letterbox.taken[0].get_content_type() == "multipart/alternative"


def test_a_mail_that_asks_says_by_when(ada: Account, letterbox: Letterbox) -> None:
    mail = mail_of(letterbox, asked(ada, reason="It mends skin tone 6"))

    by = f"{ada.created_at + timedelta(days=1):%-d %B %Y, %H:%M} UTC"
    assert mail["Subject"] == f"Your vote on quality_svm revision 1, until {by}"
    assert f"until {by}. The request expires" in part(mail, "plain")
    assert "Read the brief and vote:" in part(mail, "plain")
