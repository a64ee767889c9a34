"""Lists: filters and orderings that refuse what they do not know, instead of ignoring it."""

from datetime import UTC
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, ForeignKey, OneToOneField, QuerySet
from django_filters import IsoDateTimeFilter, TypedChoiceFilter, UUIDFilter
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request

from governance.errors import invalid


class _UtcTimeField(IsoDateTimeField):  # type: ignore[misc]  # django-filter ships no types
    def to_python(self, value: Any) -> Any:
        """The time in UTC; one that leaves the calendar on the way there is refused."""
        at = super().to_python(value)
        try:
            return at.astimezone(UTC) if at is not None else None
        except OverflowError:
            raise ValidationError("The time lies outside the calendar.") from None


class TimeFilter(IsoDateTimeFilter):  # type: ignore[misc]  # django-filter ships no types
    """A moment in ISO 8601, for ``?at=`` and its kind."""

    field_class = _UtcTimeField


class TrueOrFalse(TypedChoiceFilter):  # type: ignore[misc]  # django-filter ships no types
    """``true`` or ``false``; anything else is refused, where a BooleanFilter would not filter at all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, **{**kwargs, "choices": choices, "coerce": lambda text: text == "true"})


class GovernedFilterSet(FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Related objects are named by id; whether an id exists is not told apart from whether it is visible."""

    FILTER_DEFAULTS = {
        **FilterSet.FILTER_DEFAULTS,
        BooleanField: {"filter_class": TrueOrFalse},
        ForeignKey: {"filter_class": UUIDFilter},
        OneToOneField: {"filter_class": UUIDFilter},
    }


class GovernedFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # django-filter ships no types
    """Filters of a view, its ``filterset_fields`` or ``filterset_class``, on the safe base."""

    filterset_base = GovernedFilterSet


class StrictOrdering(OrderingFilter):
    """``?ordering=``: unknown fields are refused by name; the id settles ties, so pages never repeat rows."""

    def remove_invalid_fields(self, queryset: QuerySet[Any], fields: Any, view: Any, request: Request) -> Any:
        """The terms as they are, or a refusal.

        Raises:
            InvalidInput: naming the terms that the view does not order by.
        """
        valid = [name for name, _ in self.get_valid_fields(queryset, view, {"request": request})]
        unknown = [term for term in fields if term.removeprefix("-") not in valid]
        if unknown:
            raise invalid(
                "ordering", f"{', '.join(unknown)[:200]}: this list is ordered by {', '.join(valid)}."
            )
        return fields

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        """The asked ordering with the id behind it, in the same direction; or the view's own."""
        ordering = super().get_ordering(request, queryset, view)
        if not ordering or {"id", "-id"} & set(ordering):
            return ordering
        return [*ordering, "-id" if ordering[-1].startswith("-") else "id"]


def known_parameters(view: Any, queryset: QuerySet[Any]) -> set[str]:
    """Every query parameter that a list of the view takes."""
    known = {"ordering", *view.query_parameters}
    paginator = view.paginator
    if paginator is not None:
        known |= {paginator.cursor_query_param, paginator.page_size_query_param}
    filterset = GovernedFilterBackend().get_filterset_class(view, queryset)
    return known | set(filterset.base_filters) if filterset else known


def refuse_unknown_parameters(request: Request, known: set[str]) -> None:
    """Refuse a query with a parameter that nothing would read.

    Raises:
        InvalidInput: naming the parameter and those there are.
    """
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        takes = ", ".join(sorted(known)) or "none"
        raise invalid(unknown[0][:100], f"unknown query parameter; this address takes {takes}.")
