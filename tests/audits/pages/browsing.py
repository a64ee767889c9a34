"""What the page tests share: posting an act's form as a browser does, and reading a page's text."""

import html
import re
from typing import Any

from django.test import Client

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def text_of(response: Any) -> str:
    """The page's words in one line, without its markup."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def submitted(client: Client, url: str, **fields: Any) -> Any:
    """Open the act's form and send it with its hidden fields; redirects are followed."""
    hidden = dict(HIDDEN.findall(client.get(url).content.decode()))
    hidden.pop("csrfmiddlewaretoken", None)
    return client.post(url, {**hidden, **fields}, follow=True)
