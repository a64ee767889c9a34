"""The base of every REST view: the actor, scoped lists, idempotency, strict bodies and queries."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.crypto import salted_hmac
from rest_framework import serializers, viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from governance.access.body_words import in_our_words, numbers_for_ids
from governance.access.listing import (
    GovernedFilterBackend,
    StrictOrdering,
    known_parameters,
    refuse_unknown_parameters,
)
from governance.access.parsing import StrictJSONParser, file_digest
from governance.access.queries import PermissionDenied, visible_to
from governance.access.requests import actor_from
from governance.access.roles import Scope
from governance.actors import Actor
from governance.errors import NotFound, invalid
from governance.ledger.canonical import canonical_bytes

M = TypeVar("M", bound=Model)
LONGEST_KEY = 200
UUID_SHAPE = "[0-9A-Fa-f-]{32,36}"

Route = tuple[str, type[viewsets.GenericViewSet[Any]], str]
"""Prefix, view set and basename, as each slice's ``api`` module lists them."""


def router_of(*slices: Sequence[Route]) -> SimpleRouter:
    """One router over the routes of several slices."""
    router = SimpleRouter()
    for routes in slices:
        for prefix, view_set, basename in routes:
            router.register(prefix, view_set, basename=basename)
    return router


class StrictSerializer(serializers.Serializer[Any]):
    """A request body: an unknown key is refused by name instead of being ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked fields."""
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                known = ", ".join(self.fields) or "no fields"
                raise serializers.ValidationError(
                    {key: [f"Unknown field. This body takes {known}."] for key in unknown}
                )
        return self._read(data)

    def _read(self, data: Any) -> Any:
        """The checked fields; what they refuse is said with what is wanted and what was found."""
        fields: dict[str, Any] = dict(self.fields)
        found: dict[str, Any] = {}
        given = data if isinstance(data, dict) else {}
        try:
            read = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            found = in_our_words(error.detail, fields, given)
        found |= numbers_for_ids(fields, given)
        if found:
            raise serializers.ValidationError(found)
        return read


def checked(serializer: type[serializers.BaseSerializer[Any]], request: Request) -> Any:
    """The request's body, checked by ``serializer``; every problem names its field."""
    body = serializer(data=request.data, context={"request": request})
    body.is_valid(raise_exception=True)
    return body.validated_data


def request_digest(request: Request) -> str:
    """What an idempotency key stands for: method, address and body, files by their own digest.

    Keyed with the installation's secret: a body may hold a password, and a plain digest of it in the
    database could be guessed at leisure.
    """
    body: Any = request.data
    if hasattr(body, "lists"):
        body = {
            key: [file_digest(item) if isinstance(item, UploadedFile) else str(item) for item in items]
            for key, items in body.lists()
        }
    parts = [str(request.method).encode(), request.get_full_path().encode(), canonical_bytes(body)]
    keyed = salted_hmac("countersign.idempotency", b"\n".join(parts), algorithm="sha256")
    return f"sha256:{keyed.hexdigest()}"


class GovernedViewSet(viewsets.GenericViewSet[Any]):
    """A view set whose lists and objects are those the actor may see; writing is calling a service.

    ``query_parameters`` names what a list reads beside its filters, ordering and paging. A view that takes
    files names its parsers.
    """

    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    filter_backends = (GovernedFilterBackend, StrictOrdering)
    ordering_fields: Any = ("id",)
    query_parameters: tuple[str, ...] = ()
    lookup_value_regex = UUID_SHAPE
    metadata_class = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a token that may not read: every answer of the interface shows something."""
        super().initial(request, *args, **kwargs)
        scopes = actor_from(request).auth.scopes
        if scopes is not None and Scope.READ not in scopes:
            raise PermissionDenied(
                f"The token lacks the scope {Scope.READ.value}, which every call needs beside its own.",
                next_step="Ask for a token with this scope too.",
            )

    def get_actor(self) -> Actor:
        """The actor of this request, claiming its Idempotency-Key on unsafe methods."""
        actor = actor_from(self.request)
        key = self.request.headers.get("Idempotency-Key", "")
        if not key or self.request.method in {"GET", "HEAD", "OPTIONS"}:
            return actor
        if len(key) > LONGEST_KEY or not key.isprintable():
            raise invalid("Idempotency-Key", f"at most {LONGEST_KEY} printable characters.")
        return actor.with_idempotency(key, request_digest(self.request))

    def visible_rows(self) -> QuerySet[Any]:
        """The rows that the actor may see; overridden where more than ``access_paths`` decides."""
        return visible_to(super().get_queryset(), actor_from(self.request))

    def get_queryset(self) -> QuerySet[Any]:
        """The rows of every list and lookup."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset().none()
        return self.visible_rows()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filters and ordering are for lists; one object is found by its id alone."""
        if self.detail:
            return queryset
        refuse_unknown_parameters(self.request, known_parameters(self, queryset))
        return super().filter_queryset(queryset)

    def paginate_queryset(self, queryset: Any) -> Any:
        """One page.

        Raises:
            InvalidInput: the cursor was not made by this list, or a filter's value suits no row.
        """
        try:
            return super().paginate_queryset(queryset)
        except DataError as error:
            raise invalid("query", f"a value cannot be compared: {str(error).splitlines()[0]}.") from error
        except (ValidationError, ValueError, TypeError) as error:
            if not self.request.query_params.get("cursor"):
                raise
            raise invalid("cursor", "not a cursor of this list; follow 'next' and 'previous'.") from error

    def validated(self, serializer: type[serializers.BaseSerializer[Any]]) -> Any:
        """The request's body, checked by ``serializer``; every problem names its field."""
        return checked(serializer, self.request)

    def visible(self, queryset: QuerySet[M], pk: UUID, field: str) -> M:
        """The object that a body names, if the actor may see it.

        Raises:
            InvalidInput: there is no such object, or none the actor may see.
        """
        found = visible_to(queryset, actor_from(self.request)).filter(pk=pk).first()
        if found is None:
            raise invalid(field, f"there is no {queryset.model._meta.verbose_name} {pk} that you may see.")
        return found

    def still_visible(self, instance: M) -> M:
        """What a verb answered, if the actor may read it; also the check of a replayed answer.

        Raises:
            NotFound: it lies outside the actor's reach.
        """
        rows: QuerySet[Any]
        if self.queryset is not None and isinstance(instance, self.queryset.model):
            rows = self.get_queryset()
        else:
            rows = visible_to(type(instance)._default_manager.all(), actor_from(self.request))
        if not rows.filter(pk=instance.pk).exists():
            raise NotFound("What this call made lies outside your reach.")
        return instance

    def answered(
        self, instance: Model, serializer: type[serializers.BaseSerializer[Any]], status: int = 200
    ) -> Response:
        """A verb's answer, once more checked to be within the actor's reach."""
        shown = serializer(self.still_visible(instance), context=self.get_serializer_context())
        return Response(shown.data, status=status)

    def created(
        self, instance: Model, serializer: type[serializers.BaseSerializer[Any]], view_name: str
    ) -> Response:
        """201 with the address of what was made."""
        response = self.answered(instance, serializer, 201)
        response["Location"] = reverse(view_name, args=[instance.pk])
        return response
