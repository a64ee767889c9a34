"""The admin app with Countersign's own site in place of Django's."""

from django.contrib.admin.apps import AdminConfig


class CountersignAdminConfig(AdminConfig):
    """Django's admin, served by :class:`governance.access.site.CountersignSite`."""

    default_site = "governance.access.site.CountersignSite"
