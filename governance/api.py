"""The HTTP interface of this app: the routes of its slices, and the answer at addresses there are not."""

from typing import Any, NoReturn

from django.urls import URLPattern, URLResolver, path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.access import schema
from governance.access.api import ReauthenticationView
from governance.access.api import routes as access_routes
from governance.access.rest import router_of
from governance.errors import NotFound
from governance.notifications.api import routes as notification_routes
from governance.registry.api import routes as registry_routes

__all__ = ["UnknownAddressView", "schema", "urlpatterns"]


class UnknownAddressView(APIView):
    """Everything below /api/ that nothing else answers: a problem document, like every other refusal."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, whatever the method."""
        raise NotFound(
            f"There is nothing at {request.path[:200]}.",
            next_step="See /api/docs/ for the addresses; nearly all of them end with a slash.",
        )


urlpatterns: list[URLPattern | URLResolver] = [
    *router_of(registry_routes, access_routes, notification_routes).urls,
    path("reauthenticate/", ReauthenticationView.as_view(), name="reauthenticate"),
]
