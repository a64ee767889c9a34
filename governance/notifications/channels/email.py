"""Mail: text, HTML and the picture in one message, handed to the mail server of the settings."""

import smtplib
from email.mime.image import MIMEImage
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from governance.access.models import Account
from governance.notifications.channels.base import Never, NotNow
from governance.notifications.models import Delivery
from governance.notifications.pictures import Picture, picture_for
from governance.notifications.rendering import one_line, rendered

PERMANENT = 500


class Email:
    """Mail to the account's address."""

    name = "email"
    title = "Mail"

    def reaches(self, account: Account) -> bool:
        """Whether the account has a mail address."""
        return bool(account.email)

    def unavailable(self) -> str:
        """Why no mail can leave here; empty where a mail server is set up."""
        if settings.MAIL_SERVER:
            return ""
        return "No mail server is configured (COUNTERSIGN_EMAIL_URL)."

    def send(self, delivery: Delivery) -> None:
        """Hand the mail to the server; a repeated delivery bears the same Message-ID.

        Raises:
            NotNow: the server is away, or says that it may take the mail later.
            Never: it refuses the recipient or the mail for good, or the address cannot stand in a header.
        """
        mail = mail_of(delivery)
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            answers = [(code, _text(said)) for code, said in error.recipients.values()]
            raise _judged(min(code for code, _ in answers), "; ".join(said for _, said in answers)) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _judged(error.smtp_code, _text(error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotNow(f"{type(error).__name__}: {error}") from error
        except ValueError as error:  # a header that cannot be written, or an address that is none
            raise Never(f"{type(error).__name__}: {error}") from error


def mail_of(delivery: Delivery) -> EmailMultiAlternatives:
    """The delivery as a mail."""
    notification = delivery.notification
    picture = picture_for(notification)
    message = rendered(notification, picture)
    mail = EmailMultiAlternatives(
        subject=one_line(message.subject),
        body=message.text,
        to=[notification.account.email],
        headers={"Message-ID": message_id_of(delivery), "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(message.html, "text/html")
    if picture is not None:
        mail.mixed_subtype = "related"
        mail.attach(_inline(picture))
    return mail


def message_id_of(delivery: Delivery) -> str:
    """The same for every attempt, so that mail programs can tell a repetition."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{delivery.id}@{domain}>"


def _inline(picture: Picture) -> MIMEImage:
    part = MIMEImage(picture.png, "png")
    part.add_header("Content-ID", f"<{picture.name}>")
    part.add_header("Content-Disposition", "inline", filename=f"{picture.name}.png")
    return part


def _judged(code: int, answer: str) -> Never | NotNow:
    """What an answer of the server means: 5xx is for good, all else may change (RFC 5321, 4.2.1)."""
    said = f"The mail server answered {code} {answer}"
    return Never(said) if code >= PERMANENT else NotNow(said)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
