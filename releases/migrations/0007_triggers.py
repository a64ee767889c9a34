from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("releases", "0006_windows")]

    operations: ClassVar[list[migrations.operations.base.Operation]] = []
