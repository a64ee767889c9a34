"""All addresses. Each app's ``api`` module supplies its part of the HTTP interface as ``urlpatterns``."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from governance.api import UnknownAddressView
from governance.checks.metrics import metrics
from governance.checks.readiness import healthz, readyz

API_MODULES = ("governance.api", "releases.api", "audits.api")

handler500 = "governance.access.failures.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    # First, because it is asked most: what stands before is tried on each request.
    path("ofrep/v1/", include("releases.rollouts.ofrep.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    *(path("api/v1/", include(module)) for module in API_MODULES),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path(r"^api/", UnknownAddressView.as_view()),
    re_path(r"^ofrep/", UnknownAddressView.as_view()),
    path("demo/mailbox/", include("governance.notifications.demo")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
