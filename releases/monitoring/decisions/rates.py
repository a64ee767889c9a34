"""How often an account may report: a flood of calls is turned away before any of it is read."""

from rest_framework.request import Request
from rest_framework.views import APIView

from governance.access.rates import PerAccount


class ReportRate(PerAccount):
    """Reports of decisions, windows and heartbeats together; reading is not counted."""

    name = "reports"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the report is within the limit."""
        return request.method != "POST" or super().allow_request(request, view)
