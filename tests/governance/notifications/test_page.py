"""The admin's page of one's own notifications."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.access.models import Account
from governance.notifications.models import Delivery, DeliveryState, Notification
from governance.notifications.queries import choices_of
from tests.audits.pages.browsing import text_of
from tests.factories.cast import PASSWORD
from tests.factories.http import signed_in
from tests.governance.notifications.acts import EVENT, PATH, reader, told

HERE = "/admin/notifications/"


def test_the_page_leads_with_what_is_unread_and_shows_each_message(ada: Account) -> None:
    told(ada, reason="<script>alert(1)</script>")

    page = signed_in(ada).get(HERE)

    assert "1 message you have not read." in text_of(page)
    assert "quality_svm on mobile_web is held" in text_of(page)
    assert f'href="{PATH}"' in page.content.decode()
    assert "<script>alert" not in page.content.decode()


def test_the_page_says_why_a_mail_did_not_come(ada: Account) -> None:
    told(ada)
    Delivery.objects.update(state=DeliveryState.FAILED, last_error="The mail server answered 550 no")

    page = signed_in(ada).get(HERE)

    assert "mail could not be delivered: The mail server answered 550 no" in text_of(page)


def test_somebody_elses_messages_are_not_there(ada: Account, root: Account) -> None:
    told(ada)
    row = Notification.objects.get()
    client = signed_in(root)

    assert "quality_svm" not in text_of(client.get(HERE))
    assert client.post(f"{HERE}{row.id}/read/").status_code == 404
    client.post(f"{HERE}read/")
    row.refresh_from_db()
    assert row.read_at is None


def test_one_or_all_are_marked_as_read(ada: Account) -> None:
    told(ada)
    told(ada)
    client = signed_in(ada)

    client.post(f"{HERE}{Notification.objects.latest('id').id}/read/")
    left = Notification.objects.filter(read_at__isnull=True).count()
    client.post(f"{HERE}read/")

    assert left == 1
    assert not Notification.objects.filter(read_at__isnull=True).exists()


def test_looking_writes_nothing(ada: Account) -> None:
    told(ada)
    client = signed_in(ada)

    client.get(HERE)

    assert client.get(f"{HERE}read/").status_code == 405
    assert client.get(f"{HERE}preferences/").status_code == 405
    assert Notification.objects.filter(read_at__isnull=True).count() == 1


def test_what_is_not_ticked_is_switched_off_and_what_asks_stays_on(ada: Account) -> None:
    wanted = [choice.key for choice in choices_of(ada) if choice.message.event != EVENT]

    signed_in(ada).post(f"{HERE}preferences/", {"on": wanted})
    off = [choice.message.event for choice in choices_of(ada) if not choice.on]
    signed_in(ada).post(f"{HERE}preferences/", {"on": []})

    assert off == [EVENT]
    assert all(choice.on == choice.fixed for choice in choices_of(ada))


def test_a_stranger_to_the_site_is_sent_to_sign_in_and_back(db: None) -> None:
    answer = Client().get(HERE)

    assert answer.status_code == 302
    assert answer["Location"] == f"/admin/login/?next={HERE}"


def test_the_link_of_a_mail_leads_to_its_page_after_signing_in(ada: Account) -> None:
    told(ada)
    client = Client()

    to_login = client.get(PATH)["Location"]
    page = client.post(to_login, {"username": "ada", "password": PASSWORD}, follow=True)

    assert page.redirect_chain == [(PATH, 302)]
    assert page.status_code == 200


def queries_of_page(account: Account) -> int:
    client = signed_in(account)
    with CaptureQueriesContext(connection) as queries:
        client.get(HERE)
    return len(queries)


def test_more_messages_take_no_more_queries(ada: Account, root: Account) -> None:
    joan = reader("joan", by=root)
    told(joan)
    several = [told(ada), told(ada), told(ada)]

    assert len(several) == 3
    assert queries_of_page(ada) == queries_of_page(joan)
