"""The cursor pagination of every list: ids are UUIDv7, so the newest stand first by id."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from governance.documents import found
from governance.errors import invalid


class NewestFirst(CursorPagination):
    """50 per page, at most 200 with ``?page_size=``; a view that orders otherwise sets ``ordering``."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"

    def get_page_size(self, request: Request) -> int | None:
        """How many rows; more than are answered at once are as many as are.

        Raises:
            InvalidInput: it is no whole number of at least 1.
        """
        asked = request.query_params.get("page_size")
        if asked is not None and not (asked.isascii() and asked.isdecimal() and int(asked[:9]) > 0):
            raise invalid("page_size", f"a whole number from 1 to 200 is wanted; found {found(asked)}.")
        return super().get_page_size(request)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Where the page begins; nothing for the first one.

        Raises:
            InvalidInput: it is none that a list gave out.
        """
        try:
            return super().decode_cursor(request)
        except NotFound:
            raise invalid(
                "cursor", "it is none that this list gave out; follow 'next' and 'previous', or leave it out."
            ) from None
