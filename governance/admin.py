"""Screens of this app's slices; Django finds them here. Groups give no right over objects and have none."""

from django.contrib import admin
from django.contrib.auth.models import Group

from governance.access import admin as access_admin
from governance.registry import admin as registry_admin
from governance.registry import component_admin

admin.site.unregister(Group)

__all__ = ["access_admin", "component_admin", "registry_admin"]
