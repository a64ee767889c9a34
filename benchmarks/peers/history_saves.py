"""The peer of a governed save: the same row under django-simple-history, and without it.

Arguments: mode (``history`` or ``plain``), how many saves. DATABASE_OWNER_URL names the database; both tables
are made anew there. The row has the columns of a system of the product.
"""

import json
import os
import sys
import time
import uuid
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings

WARM = 30


def configure() -> None:
    url = urlsplit(os.environ["DATABASE_OWNER_URL"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "simple_history"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": url.path.lstrip("/"),
                "USER": url.username,
                "HOST": parse_qs(url.query)["host"][0],
                "CONN_MAX_AGE": 60,
                "OPTIONS": {"prepare_threshold": 5},
            }
        },
        USE_TZ=True,
        SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD=True,
    )
    django.setup()


def main() -> None:
    mode, many = sys.argv[1], int(sys.argv[2])
    configure()
    from django.db import connection, models, transaction  # noqa: PLC0415 - settings come first
    from django.utils import timezone  # noqa: PLC0415
    from simple_history.models import HistoricalRecords  # noqa: PLC0415

    class Kept(models.Model):  # noqa: DJ008 - nobody looks at it
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        slug = models.CharField(max_length=64, unique=True)
        name = models.CharField(max_length=150)
        description = models.TextField(blank=True)
        dataset_change_limit_rate = models.FloatField(default=0.1)
        starter_may_cast_last_vote = models.BooleanField(default=False)
        registered_at = models.DateTimeField()
        registered_by_username = models.CharField(max_length=150)
        if mode == "history":
            history = HistoricalRecords(
                history_user_id_field=models.TextField(null=True),
                history_user_getter=lambda historical_instance: historical_instance.history_user_id,
                history_user_setter=lambda historical_instance, user: None,
            )

        class Meta:
            app_label = "auth"  # one that is installed; nothing else of it is used
            db_table = f"peer_{mode}"

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS peer_{mode}, auth_historicalkept")
    with connection.schema_editor() as editor:
        editor.create_model(Kept)
        if mode == "history":
            editor.create_model(Kept.history.model)
    row = Kept(slug="remote", name="Remote", registered_at=timezone.now(), registered_by_username="ada")
    row.save(force_insert=True)

    def saved(number: int) -> None:
        with transaction.atomic():
            row.name = f"Renamed {number}"
            row._change_reason = "Renamed after the review of the quarter"
            row.save()

    for number in range(WARM):
        saved(number)
    started, used = time.perf_counter(), time.process_time()
    for number in range(many):
        saved(number)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    with open("/proc/self/status") as status:  # not ru_maxrss: that begins with what the parent held
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    kept = Kept.history.count() if mode == "history" else 0
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kib": peak, "answer": kept}))


if __name__ == "__main__":
    main()
