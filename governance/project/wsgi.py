"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.project.settings")

application = get_wsgi_application()

from governance.project.warming import warm_up  # noqa: E402 - its modules need the settings

warm_up()
