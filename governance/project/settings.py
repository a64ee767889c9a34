"""Django's settings. What comes from outside is read in environment.py; everything else is decided here."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from governance.checks.database_urls import DEFAULT_NAMES, VARIABLES, Role
from governance.project.api_document import API_DOCUMENT
from governance.project.appearance import APPEARANCE
from governance.project.celery import app as celery_app  # noqa: F401 - every process sends through it
from governance.project.environment import (
    broker_url,
    cache_url,
    django_database,
    read_days,
    read_environment,
    read_flag,
    read_list,
    read_optional_path,
    read_path,
)
from governance.project.log_lines import LOG_LINES
from governance.project.mail import read_base_url, read_mail_server, read_sender

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = read_path("COUNTERSIGN_VAR", BASE_DIR / "var")
_environment = read_environment(VAR_DIR)

DEBUG = False
DEMO = _environment.demo
SECRET_KEY = _environment.secret_key
ALLOWED_HOSTS = read_list("COUNTERSIGN_HOSTS") or ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = read_list("COUNTERSIGN_ORIGINS")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "governance.project.admin.CountersignAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "guardian",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "governance",
    "releases",
    "audits",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "governance.project.content_security.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "governance.access.middleware.ActorMiddleware",
]
ROOT_URLCONF = "governance.project.urls"
WSGI_APPLICATION = "governance.project.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# One alias: the process, not the query, decides which database role it is (manage.py picks it).
DATABASES = {"default": django_database(_environment)}
DATABASE_URLS = _environment.urls
DATABASE_ROLE_NAMES: dict[Role, str] = {
    role: _environment.urls.user(role) if _environment.urls else DEFAULT_NAMES[role] for role in VARIABLES
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIGNING_KEY_FILE = read_optional_path("COUNTERSIGN_SIGNING_KEY_FILE")  # else var/signing-keys, if it exists
LEDGER_VERIFIERS_FILE = read_optional_path("COUNTERSIGN_LEDGER_VERIFIERS")  # public keys, one a line
LEDGER_WITNESSES_FILE = read_optional_path(
    "COUNTERSIGN_LEDGER_WITNESSES"
)  # who cosigns checkpoints, a line each
LEDGER_HEAD_FILE = read_path("COUNTERSIGN_LEDGER_HEAD", VAR_DIR / "ledger-head")
SCORE_STORE = read_path("COUNTERSIGN_SCORE_STORE", VAR_DIR / "scores")

# --- who is there ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "governance.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
ANONYMOUS_USER_NAME = None  # guardian makes no account of its own
GUARDIAN_MONKEY_PATCH_USER = False
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "governance.access.lockout.locked_out"

# --- what browsers are told --------------------------------------------------------------------------
_https = read_flag("COUNTERSIGN_HTTPS")
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_SSL_REDIRECT = _https
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if read_flag("COUNTERSIGN_BEHIND_PROXY") else None
)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- language, time, files ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
# Served from where the packages put them: nothing is collected, so nothing collected can be stale.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(VAR_DIR / "uploads")},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- HTTP interface ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.access.authentication.BearerAuthentication",
        "governance.access.authentication.SessionWithCsrf",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "governance.access.parsing.StrictJSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_PAGINATION_CLASS": "governance.project.pagination.NewestFirst",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "governance.access.problems.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = API_DOCUMENT

# --- tasks and cache ---------------------------------------------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(_environment.redis_url),
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    },
}
# How often one account may call, by what it calls; "1000/second" or "60/minute" in the environment.
RATES = {
    "flags": os.environ.get("COUNTERSIGN_RATE_FLAGS") or "1000/second",
    "reports": os.environ.get("COUNTERSIGN_RATE_REPORTS") or "100/second",
}
# How long decisions are kept; younger ones may still be reported again. Counts, batches and entries stay.
DECISION_DAYS = read_days("COUNTERSIGN_DECISION_DAYS", default=400, least=92)
RATES_URL = cache_url(_environment.redis_url)
CELERY_BROKER_URL = broker_url(_environment.redis_url)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# A verb never waits for Redis: one attempt, and the sweep sends again what did not leave.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Work in hand goes on while Redis is away: it settles in the database, and its second delivery finds it done.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    # A sender does not try again by itself (it would sit for 6 s); the worker has a policy of its own.
    "max_retries": 0,
    # Both at 1: otherwise work of a killed worker is found only after about 100 s.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_TIMEZONE = "UTC"

# --- mail --------------------------------------------------------------------------------------------
BASE_URL = read_base_url(os.environ)
_mail_server = read_mail_server(os.environ)
# A demo writes its mail into the mailbox and never sends any: its people do not exist.
MAIL_SERVER = DEMO or _mail_server is not None
MAILBOX = VAR_DIR / "mailbox"
EMAIL_BACKEND = (
    "governance.notifications.mailbox.MailboxBackend"
    if DEMO
    else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = read_sender(os.environ, _mail_server)
if _mail_server is not None:
    EMAIL_HOST, EMAIL_PORT = _mail_server.host, _mail_server.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail_server.user, _mail_server.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail_server.starttls, _mail_server.tls
# What higher apps draw for messages, as functions from a stream's name to a picture.
MAIL_PICTURES: dict[str, str] = {"forest": "audits.pages.mail_pictures.forest"}
# What slices above the gates know that a gate may ask for, as functions of a revision or system and a time.
GATE_FACTS: dict[str, str] = {
    "approvers": "releases.approvals.readiness.approver_facts",
    "drills": "releases.rollouts.rehearsed.last_drill_age_days",
}
# What slices above the checks add to /readyz, as functions without arguments.
READINESS_PARTS: dict[str, str] = {
    "watching": "releases.monitoring.watching.readiness.watching_part",
    "counting": "releases.monitoring.windows.readiness.counting_part",
    "record": "governance.checks.record.record_part",
    "witnesses": "governance.checks.witnesses.witnesses_part",
}
# What the slices declare of their rows: how each column follows from the entries of its stream.
RECONCILED: tuple[str, ...] = (
    "governance.ledger.reconciled.RECONCILED",
    "governance.access.reconciled.RECONCILED",
    "governance.registry.reconciled.RECONCILED",
    "releases.scores.reconciled.RECONCILED",
    "releases.bundles.reconciled.RECONCILED",
    "releases.gates.reconciled.RECONCILED",
    "releases.approvals.reconciled.RECONCILED",
    "releases.rollouts.reconciled.RECONCILED",
    "releases.monitoring.reconciled.RECONCILED",
    "audits.dossiers.reconciled.RECONCILED",
)
# What else verify_ledger compares, as functions without arguments that answer findings.
RECORD_CHECKS: tuple[str, ...] = ("governance.access.projecting.projection_findings",)
STREAM_READERS = {"dossier": "audits.dossiers.queries.dossiers_visible_to"}  # rows by actor, not by VIEW
# What higher apps add to /metrics, as functions without arguments that answer metrics.
METRICS: dict[str, str] = {"gaps": "audits.answers.gap_metrics.gap_metrics"}
METRICS_TOKEN = os.environ.get("COUNTERSIGN_METRICS_TOKEN", "")

# Pages that combine slices, as functions from the site to URL patterns; named here so that imports go down.
ADMIN_PAGES: list[str] = ["governance.notifications.pages.pages", "audits.pages.urls.pages"]

LOGGING = LOG_LINES
UNFOLD = APPEARANCE
