"""The HTTP interface: one's own notifications and preferences."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters import ChoiceFilter
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.listing import GovernedFilterSet, TrueOrFalse
from governance.access.models import Account
from governance.access.presence import NotInPerson
from governance.access.requests import actor_from
from governance.access.rest import GovernedViewSet, Route, StrictSerializer
from governance.actors import AuthMethod
from governance.notifications.catalogue import MESSAGES
from governance.notifications.channels import CHANNEL
from governance.notifications.models import Delivery, Notification
from governance.notifications.queries import choices_of, own_notifications
from governance.notifications.reach import SCOPE
from governance.notifications.rendering import subject_of, text_of
from governance.notifications.services import choose, mark_read


class DeliveryAnswer(serializers.ModelSerializer[Delivery]):
    """How the message left the house."""

    class Meta:
        model = Delivery
        fields = ("channel", "state", "attempts", "last_error", "sent_at")


class NotificationAnswer(serializers.ModelSerializer[Notification]):
    """What one was told: in a line, as a text, and as the facts it was made of."""

    subject_line = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    context = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field, not the property
    about = serializers.CharField(source="subject", help_text="The stream of the object.")
    deliveries = DeliveryAnswer(many=True, read_only=True)

    class Meta:
        model = Notification
        fields = (
            *("id", "event", "about", "cause", "subject_line", "text", "context", "path"),
            *("created_at", "read_at", "deliveries"),
        )

    @extend_schema_field(serializers.CharField())
    def get_subject_line(self, notification: Notification) -> str:
        """The message in one line."""
        return subject_of(notification)

    @extend_schema_field(serializers.DictField())
    def get_context(self, notification: Notification) -> dict[str, Any]:
        """The facts that the text was made of."""
        return {key: value for key, value in notification.context.items() if key != SCOPE}

    @extend_schema_field(serializers.CharField())
    def get_text(self, notification: Notification) -> str:
        """The message's text."""
        return text_of(notification)


class PreferenceAnswer(serializers.Serializer[Any]):
    """A message on a channel: whether one gets it, and whether that can be changed."""

    event = serializers.CharField(source="message.event")
    title = serializers.CharField(source="message.title")
    channel = serializers.CharField()
    on = serializers.BooleanField()
    fixed = serializers.BooleanField(help_text="It asks for an act and cannot be switched off.")


class PreferenceBody(StrictSerializer):
    """A message to switch on or off on a channel."""

    event = serializers.CharField(max_length=60)
    channel = serializers.CharField(max_length=20, default=next(iter(CHANNEL)))
    on = serializers.BooleanField()


class PreferencesBody(StrictSerializer):
    """The messages to switch; those not named stay as they are."""

    preferences = serializers.ListField(
        child=PreferenceBody(), max_length=len(MESSAGES) * len(CHANNEL), allow_empty=False
    )


class NotificationFilter(GovernedFilterSet):
    """By message, and whether it was read."""

    event = ChoiceFilter(choices=[(event, message.title) for event, message in MESSAGES.items()])
    unread = TrueOrFalse(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields = ("event",)


class NotificationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GovernedViewSet):
    """What one was told, and what one wants to be told; one's own only."""

    queryset = Notification.objects.all()
    serializer_class = NotificationAnswer
    filterset_class = NotificationFilter
    ordering_fields = ("id",)

    def visible_rows(self) -> QuerySet[Notification]:
        """One's own."""
        return own_notifications(actor_from(self.request))

    @extend_schema(request=None, responses=NotificationAnswer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Note that one has read it; at a session. Again changes nothing."""
        found = self.get_object()
        own_account(request)
        return Response(NotificationAnswer(mark_read(found)).data)

    @extend_schema(methods=["get"], responses=PreferenceAnswer(many=True), filters=False)
    @extend_schema(methods=["put"], request=PreferencesBody, responses=PreferenceAnswer(many=True))
    @action(detail=False, methods=["get", "put"], pagination_class=None, filterset_class=None)
    def preferences(self, request: Request) -> Response:
        """Every message on every channel; PUT switches the named ones, all or none, at a session."""
        if request.method == "PUT":
            body = self.validated(PreferencesBody)
            wanted = [(item["event"], item["channel"], item["on"]) for item in body["preferences"]]
            choose(own_account(request), wanted)
        return Response(PreferenceAnswer(choices_of(_account(request)), many=True).data)


def own_account(request: Request | HttpRequest) -> Account:
    """The account that is there in person; a token may read, and no scope of it means more here.

    Raises:
        NotInPerson: the request carries a token.
    """
    if actor_from(request).auth.method is not AuthMethod.SESSION:
        raise NotInPerson(
            "What one has read and wants to be told is changed at a session.",
            next_step="Sign in and repeat it there.",
        )
    return _account(request)


def _account(request: Request | HttpRequest) -> Account:
    actor_from(request)  # refuses a request without an account
    assert isinstance(request.user, Account)
    return request.user


routes: list[Route] = [("notifications", NotificationViewSet, "notification")]
