"""What an object belongs to: the installation, a system, or channels of a system."""

from dataclasses import dataclass
from typing import ClassVar, Protocol
from uuid import UUID


@dataclass(frozen=True)
class AccessScope:
    """Where a permission is asked: no system = the installation; no channels = the whole system."""

    system_id: UUID | None
    channel_ids: frozenset[UUID] = frozenset()


INSTALLATION = AccessScope(None)
"""The scope of what belongs to no system: accounts, and systems that do not exist yet."""


class Scoped(Protocol):
    """An object that permissions can be asked for."""

    def access_scope(self) -> AccessScope:
        """The scope in which acting on this object is decided."""
        ...


@dataclass(frozen=True)
class AccessPaths:
    """How lists are filtered: lookups from a model to its system and, if it touches channels, to those."""

    system: str
    channels: str | None = None


class Listed(Protocol):
    """A model whose lists are filtered by grants."""

    access_paths: ClassVar[AccessPaths]
