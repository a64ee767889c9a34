"""The wiring: settings, addresses, Celery, and the one command that runs everything. Imported by nobody."""
