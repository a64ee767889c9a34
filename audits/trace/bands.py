"""The bands of threshold policies in words: what they hold for, and from which score on they refuse. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from governance.registry.models import ComponentVersion
from releases.statistics.thresholds import Polarity


@dataclass(frozen=True)
class BandRow:
    """One band as the policy states it. ``channel`` is a name or kind, ``segment`` a key; None is any."""

    policy: ComponentVersion
    accept: float
    retry: float | None
    use_case: str | None
    channel: str | None
    segment: str | None

    @property
    def holds_for(self) -> str:
        """What it applies to, in words."""
        said = [
            f"use case {self.use_case}" if self.use_case else "",
            f"channel {self.channel}" if self.channel else "",
            f"segment {self.segment}" if self.segment else "",
        ]
        return ", ".join(part for part in said if part) or "everything else"

    @property
    def said(self) -> str:
        """``accepts up to 0.5700, asks again up to 0.7282, refuses beyond``."""
        attack_high = self.policy.attributes["polarity"] == Polarity.HIGHER_IS_ATTACK
        way = "up to" if attack_high else "down to"
        again = "" if self.retry is None else f", asks again {way} {spelled_score(self.retry)}"
        return f"accepts {way} {spelled_score(self.accept)}{again}, refuses beyond"

    def document(self) -> dict[str, Any]:
        """As the interface answers it."""
        return {
            "policy": str(self.policy),
            "accept": self.accept,
            "retry": self.retry,
            "use_case": self.use_case,
            "channel": self.channel,
            "segment": self.segment,
        }


def spelled_score(value: float) -> str:
    """A score or a limit with four decimals."""
    return f"{value:.4f}".replace("-", "−")


def bands_of_policies(
    policies: Iterable[ComponentVersion], channel: str | None = None
) -> tuple[BandRow, ...]:
    """Every band of the policies; with a channel those that may decide there."""
    rows = (_row(policy, band) for policy in policies for band in policy.attributes.get("bands", ()))
    return tuple(row for row in rows if channel is None or row.channel in {None, channel})


def _row(policy: ComponentVersion, band: dict[str, Any]) -> BandRow:
    use_case = band.get("use_case")
    return BandRow(
        policy,
        float(band["accept"]),
        band.get("retry"),
        None if use_case == "default" else use_case,
        band.get("channel"),
        band.get("segment"),
    )
