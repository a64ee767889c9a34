"""``GET /releases/{id}/answers/``: the five answers of an audit about one revision (S21 to S25)."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.answers.answered import Answer, Fact, Question, Stands
from audits.answers.drift_report import launched_revision
from audits.answers.release_answers import ReleaseAnswers, answers_of
from audits.trace.documents import proof_address
from audits.trace.facts import index_of
from governance.access.listing import refuse_unknown_parameters
from governance.access.queries import visible_to
from governance.access.rest import UUID_SHAPE, GovernedViewSet, Route, StrictSerializer
from governance.errors import invalid
from releases.bundles.models import Release, Revision
from releases.bundles.queries import revisions_with_content


class AnswersQuery(StrictSerializer):
    """Which revision, by default the newest that was launched; and with which other one it is compared."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=999_999)
    against = serializers.UUIDField(required=False)


class FactSerializer(serializers.Serializer[Fact]):
    """One line behind an answer. ``entry`` tells of it in the ledger, at ``ledger_index``; ``proof`` is where
    its inclusion is proved."""

    what = serializers.CharField()
    said = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    digest = serializers.CharField(allow_blank=True)
    about = serializers.SerializerMethodField()
    entry = serializers.UUIDField(source="entry.pk", allow_null=True, default=None)
    ledger_index = serializers.SerializerMethodField()
    proof = serializers.SerializerMethodField()

    def get_about(self, fact: Fact) -> dict[str, str] | None:
        """Kind and id of the row that it tells of."""
        if fact.about is None:
            return None
        return {"type": str(fact.about._meta.model_name), "id": str(fact.about.pk)}

    def get_ledger_index(self, fact: Fact) -> int | None:
        """Its place in the ledger; none while it waits for one."""
        return index_of(fact.entry)

    def get_proof(self, fact: Fact) -> str | None:
        """The address of the proof."""
        return proof_address(fact.entry)


class AnswerSerializer(serializers.Serializer[Answer]):
    """The answer to one question: the sentence, what else is to be known, and what stands behind it."""

    question = serializers.ChoiceField(choices=[one.value for one in Question])
    asked = serializers.CharField()
    stands = serializers.ChoiceField(
        choices=[one.value for one in Stands],
        help_text="yes; not_yet while it may come; nobody where it is missing of what serves people.",
    )
    sentence = serializers.CharField()
    support = serializers.ListField(child=serializers.CharField())
    facts = FactSerializer(many=True)


class ReleaseAnswersSerializer(serializers.Serializer[ReleaseAnswers]):
    """The five answers about one revision."""

    release = serializers.UUIDField(source="revision.release_id")
    revision = serializers.UUIDField(source="revision.pk")
    revision_number = serializers.IntegerField(source="revision.number")
    against = serializers.UUIDField(source="against.pk", allow_null=True, default=None)
    at = serializers.DateTimeField()
    answers = AnswerSerializer(many=True)


class ReleaseAnswersViewSet(GovernedViewSet):
    """The answers about one release."""

    queryset = Release.objects.all()
    serializer_class = ReleaseAnswersSerializer
    pagination_class = None
    filter_backends: Any = ()
    query_parameters = ("revision", "against")

    @extend_schema(
        operation_id="releases_answers_retrieve",
        responses={200: ReleaseAnswersSerializer},
        parameters=[
            OpenApiParameter("pk", OpenApiTypes.UUID, OpenApiParameter.PATH),
            OpenApiParameter("revision", OpenApiTypes.INT, description="Its number."),
            OpenApiParameter(
                "against", OpenApiTypes.UUID, description="The id of a revision that it is compared with."
            ),
        ],
    )
    def list(self, request: Request, pk: str) -> Response:
        """Answer S21 to S25 from the record."""
        refuse_unknown_parameters(request, {"revision", "against"})
        asked = AnswersQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        release: Release = self.get_object()
        revision = self._revision(release, asked.validated_data.get("revision"))
        against = self._against(release, asked.validated_data.get("against"))
        found = answers_of(self.get_actor(), revision, against=against)
        return Response(ReleaseAnswersSerializer(found).data)

    def _revision(self, release: Release, number: int | None) -> Revision:
        rows = Revision.objects.filter(release=release)
        if number is not None:
            rows = rows.filter(number=number)
        found = launched_revision(self.get_actor(), rows)
        if found is None:
            raise invalid("revision", f"there is no revision {number} of this release.")
        return found

    def _against(self, release: Release, key: Any) -> Revision | None:
        if key is None:
            return None
        rows = visible_to(Revision.objects.filter(release__system=release.system_id), self.get_actor())
        found = revisions_with_content(rows).filter(pk=key).first()
        if found is None:
            raise invalid("against", f"there is no revision {key} of this system that you may see.")
        return found


routes: list[Route] = [(f"releases/(?P<pk>{UUID_SHAPE})/answers", ReleaseAnswersViewSet, "release-answers")]
