"""The demo's mailbox: mail is written as files instead of being sent, and read back from there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMail
from email.utils import parseaddr
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from governance.identifiers import new_id

NEWEST = 200
PICTURE = re.compile(r'src="cid:[A-Za-z0-9_.-]+"')


class MailboxBackend(BaseEmailBackend):
    """Writes each mail as ``<id>.eml``; whole or not at all, readable by this user only."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write them; answers how many."""
        settings.MAILBOX.mkdir(mode=0o700, parents=True, exist_ok=True)
        for mail in email_messages:
            name = str(new_id())
            unfinished = settings.MAILBOX / f"{name}.part"
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(mail.message().as_bytes())
            unfinished.rename(settings.MAILBOX / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True)
class Mail:
    """A mail as the mailbox shows it."""

    id: UUID
    parsed: ParsedMail

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.parsed["Subject"] or "")

    @property
    def to(self) -> str:
        """Whom it is for."""
        return str(self.parsed["To"] or "")

    def is_to(self, name: str) -> bool:
        """Whether it is for this address, or for this username of the demo."""
        wanted = name.lower().replace("_", ".")
        address = parseaddr(self.to)[1].lower().replace("_", ".")
        return wanted in (address, address.partition("@")[0])

    @property
    def at(self) -> datetime | None:
        """When it was written."""
        header = self.parsed["Date"]
        return header.datetime if header is not None else None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Every header, as it stands there."""
        return [(name, str(value)) for name, value in self.parsed.items()]

    @property
    def text(self) -> str:
        """The text part."""
        part = self.parsed.get_body(("plain",))
        return str(part.get_content()) if part is not None else ""

    @property
    def link(self) -> str:
        """The one link that the text leads to, as a path of this installation."""
        found = re.search(rf"{re.escape(settings.BASE_URL)}(/\S*)", self.text)
        return found[1] if found else ""

    def html(self, picture_url: str) -> str:
        """The HTML part with its picture at ``picture_url``."""
        part = self.parsed.get_body(("html",))
        return PICTURE.sub(f'src="{picture_url}"', str(part.get_content())) if part is not None else ""

    def picture(self) -> bytes | None:
        """The picture, if there is one."""
        for part in self.parsed.walk():
            if part.get_content_type() == "image/png":
                return bytes(part.get_content())
        return None


def mails(to: str = "") -> list[Mail]:
    """The newest mails, newest first; those to an address, or to what stands before its @, if given."""
    found = []
    for path in sorted(_files(), reverse=True):
        mail = _read(path)
        if not to or mail.is_to(to):
            found.append(mail)
        if len(found) == NEWEST:
            break
    return found


def mail(identifier: UUID) -> Mail | None:
    """One mail by its id."""
    path = settings.MAILBOX / f"{identifier}.eml"
    return _read(path) if path.is_file() else None


def _files() -> Iterator[Path]:
    directory: Path = settings.MAILBOX
    return directory.glob("*.eml") if directory.is_dir() else iter(())


def _read(path: Path) -> Mail:
    parsed = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(UUID(path.stem), parsed)
