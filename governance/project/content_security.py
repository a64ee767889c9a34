"""Which Content-Security-Policy a page gets: strict everywhere, what Unfold needs under /admin/ only."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

ADMIN_PREFIX = "/admin/"
# Alpine (bundled with Unfold) evaluates attributes and sets inline styles. Inline scripts stay forbidden.
ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class ContentSecurityMiddleware(CSPMiddleware):
    """Picks the policy by path; the strict one stands in settings."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The parts of the policy for one response; under /admin/ with the two exceptions above."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(ADMIN_PREFIX) and not report_only:
            parts.replace = {**(parts.replace or {}), **ADMIN_POLICY}
        return parts
