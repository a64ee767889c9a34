"""The HTTP interface of releases, of stack digests, and of what is live on a channel."""

import base64
import hashlib
import re
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.utils import timezone
from django_filters import ChoiceFilter, UUIDFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, refuse_unknown_parameters
from governance.access.rest import GovernedViewSet, Route
from governance.errors import NotFound, invalid
from governance.ledger.canonical import canonical_bytes
from governance.registry.models import Channel, ComponentVersion, System
from releases.bundles import serializers as bodies
from releases.bundles.answers import etag, release_answer, release_answers
from releases.bundles.consistency import checked_content
from releases.bundles.content import ReleaseContent, composed, content_of, copy_of, parse_content
from releases.bundles.differences import all_categories, difference_by_channel
from releases.bundles.histories import history_of
from releases.bundles.live_answers import live_answer
from releases.bundles.live_serializers import LiveAnswer
from releases.bundles.manifest import manifest_document, stack_digest, stack_document
from releases.bundles.models import Release, Revision, RevisionChannel, RevisionState
from releases.bundles.queries import live_assignment, live_revision, newest_revision, revisions_with_content
from releases.bundles.services import draft_release, edit_release, freeze_release, withdraw_release
from releases.bundles.steps import EditedMeanwhile
from releases.bundles.times import asked_moment

ETAG = re.compile(r'"([0-9a-f-]{36})-([0-9]{1,9})"')
AT = OpenApiParameter("at", OpenApiTypes.DATETIME, description="A time with its zone; now if left out.")
REVISION = OpenApiParameter("revision", OpenApiTypes.INT, description="Its number; the newest if left out.")
IF_MATCH = OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER)


class ReleaseFilter(GovernedFilterSet):
    """By system, and by state and channels of the newest revision."""

    state = ChoiceFilter(field_name="newest_state", choices=RevisionState.choices)
    channel = UUIDFilter(method="touching", label="Channel that the newest revision touches")

    class Meta:
        model = Release
        fields = ("system", "name")

    def touching(self, rows: QuerySet[Release], name: str, value: UUID) -> QuerySet[Release]:
        """Releases whose newest revision touches the channel."""
        touched = RevisionChannel.objects.filter(revision_id=OuterRef("newest_id"), channel_id=value)
        return rows.filter(Exists(touched))


class ReleaseViewSet(GovernedViewSet):
    """Releases: decision stacks that go live as one unit, with their revisions."""

    queryset = Release.objects.select_related("system").prefetch_related("deployments__revision")
    serializer_class = bodies.ReleaseAnswer
    filterset_class = ReleaseFilter
    ordering_fields = ("id", "name", "created_at")
    ordering: tuple[str, ...] | None = None

    def visible_rows(self) -> QuerySet[Release]:
        """Releases within the actor's reach, with id and state of their newest revisions to filter by."""
        newest = Revision.objects.filter(release=OuterRef("pk")).order_by("-number")
        rows: QuerySet[Release] = super().visible_rows()
        return rows.annotate(
            newest_id=Subquery(newest.values("id")[:1]), newest_state=Subquery(newest.values("state")[:1])
        )

    @extend_schema(responses=bodies.ReleaseAnswer(many=True))
    def list(self, request: Request) -> Response:
        """Releases, each with its newest revision."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(bodies.ReleaseAnswer(release_answers(page), many=True).data)

    @extend_schema(parameters=[REVISION], responses=bodies.ReleaseAnswer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """A release with its newest or another revision; ``ETag`` names the revision's content."""
        return self._answer(self._asked(self.get_object()))

    @extend_schema(request=bodies.DraftBody, responses={201: bodies.ReleaseAnswer})
    def create(self, request: Request) -> Response:
        """Draft a release, from scratch or from what is live on a channel. It may be incomplete."""
        body = self.validated(bodies.DraftBody)
        system = self.visible(System.objects.all(), body["system"], "system")
        source = self._live_source(system, body["from_live"]) if "from_live" in body else None
        base = copy_of(source) if source else ReleaseContent()
        content = composed(system, base, body, keep_slots=source is not None)
        revision = draft_release(
            self.get_actor(), system=system, name=body["name"], content=content, copied_from=source
        )
        return self._answer(revision, status=201)

    @extend_schema(parameters=[IF_MATCH], request=bodies.ContentBody, responses=bodies.ReleaseAnswer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change parts of the newest revision: a draft is edited, anything later gets a new revision."""
        release: Release = self.get_object()
        body = self.validated(bodies.ContentBody)
        revision, expected = self._expected(release)
        content = composed(release.system, content_of(revision), body)
        edited = edit_release(self.get_actor(), revision=revision, content=content, expected_edits=expected)
        return self._answer(edited)

    @extend_schema(request=bodies.NothingBody, responses=bodies.ReleaseAnswer)
    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, pk: str) -> Response:
        """Freeze the draft; refused with every missing part named."""
        revision = newest_revision(self.get_object())
        self.validated(bodies.NothingBody)
        return self._answer(freeze_release(self.get_actor(), revision=revision))

    @extend_schema(request=bodies.WithdrawBody, responses=bodies.ReleaseAnswer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Withdraw the newest revision for good."""
        revision = newest_revision(self.get_object())
        body = self.validated(bodies.WithdrawBody)
        return self._answer(withdraw_release(self.get_actor(), revision=revision, **body))

    @extend_schema(parameters=[REVISION, AT], responses=bodies.DifferenceAnswer)
    @action(detail=True)
    def difference(self, request: Request, pk: str) -> Response:
        """What the revision changes against what is live, or was live before it, on each channel."""
        revision = self._asked(self.get_object(), "at")
        at = asked_moment(request.query_params.get("at"))
        found = difference_by_channel(revision, at).values()
        answer = {
            "release": revision.release_id,
            "revision": revision.number,
            "at": at,
            "categories": all_categories(found),
            "channels": found,
        }
        return Response(bodies.DifferenceAnswer(answer).data)

    @extend_schema(parameters=[REVISION], responses=bodies.ManifestAnswer)
    @action(detail=True)
    def manifest(self, request: Request, pk: str) -> HttpResponse:
        """The manifest in the very bytes whose SHA-256 is the manifest digest."""
        return exact(manifest_document(self._asked(self.get_object())))

    @extend_schema(parameters=[REVISION], responses=OpenApiTypes.OBJECT)
    @action(detail=True)
    def card(self, request: Request, pk: str) -> HttpResponse:
        """The model card in the very bytes whose SHA-256 stands in the manifest."""
        return exact(self._asked(self.get_object()).card)

    @extend_schema(responses=bodies.RevisionAnswer(many=True))
    @action(detail=True)
    def revisions(self, request: Request, pk: str) -> Response:
        """All revisions in short, the newest first."""
        return self._page(self.get_object().revisions.all(), bodies.RevisionAnswer)

    @extend_schema(responses=bodies.HistoryAnswer(many=True))
    @action(detail=True, ordering=("-at", "-id"))
    def history(self, request: Request, pk: str) -> Response:
        """Everything that is on record about the release, refused attempts included, newest first."""
        return self._page(history_of(self.get_object()), bodies.HistoryAnswer)

    def _page(self, rows: QuerySet[Any], serializer: type[Any]) -> Response:
        refuse_unknown_parameters(self.request, {"cursor", "page_size"})
        return self.get_paginated_response(serializer(self.paginate_queryset(rows), many=True).data)

    def _asked(self, release: Release, *others: str) -> Revision:
        refuse_unknown_parameters(self.request, {"revision", *others})
        rows = revisions_with_content(release.revisions.all())
        number = self.request.query_params.get("revision")
        if number is None:
            return rows.order_by("-number")[0]
        if not (number.isascii() and number.isdigit()):
            raise invalid("revision", f"{number[:40]!r} is no number of a revision.")
        found = rows.filter(number=int(number)).first() if len(number) < 10 else None
        if found is None:
            raise NotFound(f"{release} has no revision {number[:40]}.")
        return found

    def _answer(self, revision: Revision, status: int = 200) -> Response:
        release = self.get_queryset().filter(pk=revision.release_id).first()
        if release is None:
            raise NotFound("What this call made lies outside your reach.")
        stored = revisions_with_content(Revision.objects.filter(id=revision.id)).get()
        found = difference_by_channel(stored).values()
        answer = bodies.ReleaseAnswer(release_answer(release, stored, found))
        return Response(answer.data, status=status, headers={"ETag": etag(stored)})

    def _live_source(self, system: System, channel_id: UUID) -> Revision:
        channel = self.visible(Channel.objects.filter(system=system), channel_id, "from_live")
        source = live_revision(channel)
        if source is None:
            raise invalid("from_live", f"nothing is live on {channel}; give slots and channels instead.")
        return source

    def _expected(self, release: Release) -> tuple[Revision, int]:
        """The revision that the request means to change, and the edits it has read, by ``If-Match``.

        Without the header it is what is read here: what is left out of the body is taken from it, so an
        edit between reading and writing must not be lost either.
        """
        wanted = self.request.headers.get("If-Match", "").strip()
        if wanted in {"", "*"}:
            newest = newest_revision(release)
            return newest, newest.edits
        tag = ETAG.fullmatch(wanted)
        named = release.revisions.filter(id=tag[1]).first() if tag else None
        if tag is None or named is None:
            raise EditedMeanwhile(f"If-Match {wanted[:80]} names no content of {release} that there is.")
        return named, int(tag[2])


def exact(document: dict[str, Any]) -> HttpResponse:
    """The document's canonical bytes, with their digest in the header of RFC 9530."""
    data = canonical_bytes(document)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return HttpResponse(data, content_type="application/json", headers={"Repr-Digest": f"sha-256=:{digest}:"})


class StackDigestViewSet(GovernedViewSet):
    """Stack digests of components, before there is a release: a report names the stack it measured."""

    queryset = ComponentVersion.objects.all()

    @extend_schema(request=bodies.StackBody, responses=bodies.StackAnswer)
    @action(detail=False, methods=["post"], url_path="stack-digest")
    def stack_digest(self, request: Request) -> Response:
        """The digest that a release with these slots has. Nothing is stored."""
        rows = self.validated(bodies.StackBody)["slots"]
        first = self.visible(self.queryset, rows[0]["component"], "slots[0].component")
        content = parse_content(first.system, slots=rows)
        channels = {slot.channel.id: slot.channel for slot in content.slots if slot.channel}
        stack = checked_content(first.system, ReleaseContent(tuple(channels.values()), content.slots)).slots
        answer = {"stack_digest": stack_digest(stack), "stack": stack_document(stack)}
        return Response(bodies.StackAnswer(answer).data)


class LiveViewSet(GovernedViewSet):
    """What is live on a channel, now or at any time."""

    queryset = Channel.objects.select_related("system")

    @extend_schema(parameters=[AT], responses=LiveAnswer)
    @action(detail=True)
    def live(self, request: Request, pk: str) -> Response:
        """What answers on the channel at ``at``: release, stage, arms, and its place in the ledger."""
        channel: Channel = self.get_object()
        refuse_unknown_parameters(request, {"at"})
        at = asked_moment(request.query_params.get("at"))
        found = live_answer(channel, at or timezone.now(), live_assignment(channel, at))
        return Response(LiveAnswer(found).data)


routes: list[Route] = [
    ("releases", ReleaseViewSet, "release"),
    ("components", StackDigestViewSet, "stack-digest"),
    ("channels", LiveViewSet, "channel-live"),
]
