"""Screens of this app's slices; Django finds them here."""

from governance.access import admin as access_admin
from governance.registry import admin as registry_admin
from governance.registry import component_admin

__all__ = ["access_admin", "component_admin", "registry_admin"]
