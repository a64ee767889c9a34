"""The cursor pagination of every list: ids are UUIDv7, so the newest stand first by id."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """50 per page, at most 200 with ``?page_size=``; a view that orders otherwise sets ``ordering``."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"
