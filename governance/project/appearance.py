"""How the admin looks: what Unfold is told."""

from typing import Any

from django.templatetags.static import static

from governance.project.navigation import NAVIGATION

APPEARANCE: dict[str, Any] = {
    "SITE_TITLE": "Countersign",
    "SITE_HEADER": "Countersign",
    "SITE_SUBHEADER": "Release governance",
    "SITE_SYMBOL": "verified_user",
    "SHOW_HISTORY": False,
    "DASHBOARD_CALLBACK": "audits.pages.front.dashboard",
    "STYLES": [lambda request: static("countersign/countersign.css")],
    "SCRIPTS": [lambda request: static("countersign/countersign.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(96.9% .016 293.756)",
            "100": "oklch(94.3% .029 294.588)",
            "200": "oklch(89.4% .057 293.283)",
            "300": "oklch(81.1% .111 293.571)",
            "400": "oklch(70.2% .183 293.541)",
            "500": "oklch(60.6% .25 292.717)",
            "600": "oklch(54.1% .281 293.009)",
            "700": "oklch(49.1% .27 292.581)",
            "800": "oklch(43.2% .232 292.759)",
            "900": "oklch(38% .189 293.745)",
            "950": "oklch(28.3% .141 291.089)",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": NAVIGATION},
}
