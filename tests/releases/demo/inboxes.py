"""What each person of the demo finds first, and where it is looked for."""

from tests.browser.conftest import Visit

FIRST_SEEN = [
    ("author", "Two of your releases need a next step.", "auxiliary"),
    ("qa_lead", "Two things are overdue after a launch. Two other things wait too.", "quality_rbf"),
    ("security_web", "One rollout is held: it goes on or back.", "desktop_web"),
    ("security_all", "One rollout is held: it goes on or back. One other thing waits too.", "desktop_web"),
    ("manager", "One decision waits for you.", "mobile_web"),
    ("release_manager", "One rollout is held: it goes on or back.", "desktop_web"),
    ("auditor", "Nothing waits for you.", "Since yesterday"),
    ("admin", "One thing about people and roles needs you.", "only administrator"),
]
"""Who signs in, the sentence on top of the page, and a word of the first thing below it."""


def first_seen(here: Visit, wanted: str) -> tuple[str, bool, int]:
    """The headline, whether what is wanted stands in the first card and in sight, and what overflows."""
    card = here.page.locator(".cs-page section").first
    box, window = card.get_by_text(wanted).first.bounding_box(), here.page.viewport_size
    in_sight = box is not None and window is not None and box["y"] + box["height"] < window["height"]
    return here.page.locator("h1").inner_text(), in_sight, here.overflow()
