"""The HTTP interface of score tables."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, parsers, serializers, status
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.parsing import parse_json
from governance.access.rest import GovernedViewSet, StrictSerializer
from governance.documents import found
from governance.errors import FieldError, InvalidInput, invalid
from governance.registry.models import System
from releases.scores.models import ScoreTable
from releases.scores.services import import_scores


class ScoreTableSerializer(serializers.ModelSerializer[ScoreTable]):
    """A table's record: what it is of, what it holds, what was refused."""

    class Meta:
        model = ScoreTable
        fields = (
            "id",
            "system",
            "dataset",
            "evaluation_report",
            "stack_digest",
            "file_digest",
            "canonical_digest",
            "polarity",
            "rows",
            "counts",
            "refusals",
            "auroc",
            "meta",
            "imported_at",
            "imported_by_username",
        )
        read_only_fields = fields


class ImportBody(StrictSerializer):
    """Multipart: the file, its system and ``meta`` as JSON; ``digest`` states what the file should be."""

    system = serializers.UUIDField()
    file = serializers.FileField(allow_empty_file=True)
    meta = serializers.CharField(max_length=200_000, trim_whitespace=False)
    digest = serializers.RegexField(r"^sha256:[0-9a-f]{64}$", required=False)


def _meta(text: str) -> dict[str, Any]:
    """The description as an object, as strict as any other body: no key twice, no number too long."""
    try:
        meta = parse_json(text)
    except ParseError as error:
        said = str(error).removeprefix("The body is not JSON: ").replace("The body", "it")
        raise invalid("meta", f"is not JSON that can be read: {said}") from error
    except InvalidInput as error:
        problems = tuple(FieldError(f"meta.{one.field}", one.message) for one in error.field_errors)
        raise InvalidInput(f"meta.{error.message}", field_errors=problems) from error
    if not isinstance(meta, dict):
        raise invalid("meta", f"an object is wanted; found {found(meta)}.")
    return meta


class ScoreTableViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """Scores of a stack on a dataset: import and read."""

    queryset = ScoreTable.objects.select_related("dataset", "system")
    serializer_class = ScoreTableSerializer
    filterset_fields = ("system", "dataset", "stack_digest", "evaluation_report")
    ordering_fields = ("imported_at", "rows")
    parser_classes = (parsers.MultiPartParser,)

    @extend_schema(request=ImportBody, responses={201: ScoreTableSerializer})
    def create(self, request: Request) -> Response:
        """Import a file of scores. Counts and refused rows stand in the answer."""
        actor = self.get_actor()
        body = self.validated(ImportBody)
        system = self.visible(System.objects.all(), body["system"], "system")
        table = import_scores(
            actor,
            system=system,
            file=body["file"].file,
            meta=_meta(body["meta"]),
            digest=body.get("digest"),
            name=str(body["file"].name or ""),
        )
        answer = ScoreTableSerializer(self.still_visible(table)).data
        location = reverse("score-table-detail", args=[table.id])
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": location})


routes = [("score-tables", ScoreTableViewSet, "score-table")]
