"""The product's addresses, and ``/bare``: the least that Django answers to a POST of JSON."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from governance.project.urls import urlpatterns as addresses


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """A small body, without looking at anything."""
    return JsonResponse({"key": "bare", "value": True, "variant": "bare", "reason": "STATIC", "metadata": {}})


urlpatterns = [path("bare", bare), *addresses]
