"""Addresses of the protocol, below ``/ofrep/v1/``."""

from django.urls import path

from releases.rollouts.ofrep.at_once import at_once
from releases.rollouts.ofrep.views import BulkEvaluationView, FlagEvaluationView

urlpatterns = [
    path("evaluate/flags", BulkEvaluationView.as_view(), name="ofrep-evaluate-all"),
    path("evaluate/flags/<str:key>", at_once(FlagEvaluationView.as_view()), name="ofrep-evaluate"),
]
