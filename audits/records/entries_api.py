"""``/ledger/entries/``: the record itself, filtered; one entry in its very bytes; all of it with proofs."""

import base64
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters import CharFilter, ChoiceFilter, UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from audits.records.exporting import MOST, export_lines, refuse_too_many
from audits.records.searching import FILTERS
from audits.records.visibility import entries_visible_to
from governance.access.listing import GovernedFilterSet, TimeFilter, TrueOrFalse
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route
from governance.ledger.events import EVENTS
from governance.ledger.models import Entry
from releases.bundles.serializers import HistoryAnswer

NDJSON = "application/x-ndjson"


class EntryAnswer(HistoryAnswer):
    """An entry of the record; ``ledger_index`` is null until the integrator has numbered it."""

    simulated = serializers.SerializerMethodField()

    def get_simulated(self, entry: Entry) -> bool:
        """Whether the demo told it about the past."""
        return bool(entry.document.get("simulated"))


class OneEntryAnswer(EntryAnswer):
    """The same with what is hashed: leaf = SHA-256(0x00 ‖ body)."""

    body = serializers.SerializerMethodField(help_text="The exact bytes that were recorded, in base64.")
    leaf = serializers.SerializerMethodField(help_text="Its leaf hash in base64; null until it is numbered.")
    sealed_at = serializers.DateTimeField(source="leaf.sealed_at", allow_null=True, default=None)

    def get_body(self, entry: Entry) -> str:
        """In base64."""
        return base64.b64encode(bytes(entry.body)).decode()

    @extend_schema_field({"type": ["string", "null"]})
    def get_leaf(self, entry: Entry) -> str | None:
        """In base64."""
        leaf = getattr(entry, "leaf", None)
        return base64.b64encode(bytes(leaf.hash)).decode() if leaf is not None else None


class EntryFilter(GovernedFilterSet):
    """``at_from`` counts itself, ``at_until`` does not. A release, a system or a channel brings all that
    belongs to it, refused attempts too."""

    release = UUIDFilter(method="narrowed", label="All about a release")
    person = UUIDFilter(method="narrowed", label="Account that acted, or for which somebody acted")
    system = UUIDFilter(method="narrowed", label="All about a system")
    channel = UUIDFilter(method="narrowed", label="What happened on a channel")
    event = ChoiceFilter(method="narrowed", choices=[(name, one.title) for name, one in EVENTS.items()])
    stream = CharFilter(method="narrowed", label="One stream, as release:<id>")
    at_from = TimeFilter(method="narrowed")
    at_until = TimeFilter(method="narrowed")
    refused = TrueOrFalse(method="narrowed")

    class Meta:
        model = Entry
        fields = ()

    def narrowed(self, rows: QuerySet[Entry], name: str, value: Any) -> QuerySet[Entry]:
        """As :data:`FILTERS` says."""
        return FILTERS[name](rows, actor_from(self.request), value)


class EntryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """What is on record within the reader's reach, the newest first. Nothing of it is ever changed."""

    queryset = Entry.objects.all()
    serializer_class = EntryAnswer
    filterset_class = EntryFilter
    ordering_fields = ("at",)
    ordering = ("-at", "-id")

    def visible_rows(self) -> QuerySet[Entry]:
        """Entries of streams whose object the reader may see."""
        return entries_visible_to(actor_from(self.request))

    def get_serializer_class(self) -> Any:
        """One entry alone comes with its bytes."""
        return OneEntryAnswer if self.action == "retrieve" else EntryAnswer

    @extend_schema(
        responses={(200, NDJSON): OpenApiTypes.STR},
        description=f"""All entries that fit the filters, oldest first, at most {MOST}: one JSON object a line
with ``index``, ``body`` (the exact bytes in base64) and ``proof`` (a C2SP tlog-proof). The last line holds
the signed ``checkpoint`` to which all proofs lead, and how many entries there are: without it something is
missing. An entry that is not sealed yet has neither index nor proof.""",
        filters=True,
    )
    @action(detail=False, pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse:
        """Read entries with their proofs, to be checked elsewhere."""
        rows = self.filter_queryset(self.get_queryset())
        refuse_too_many(rows)
        answer = StreamingHttpResponse(export_lines(rows), content_type=NDJSON)
        answer.headers["Content-Disposition"] = 'attachment; filename="entries.ndjson"'
        answer.headers["Cache-Control"] = "no-store"
        return answer


routes: list[Route] = [("ledger/entries", EntryViewSet, "ledger-entry")]
