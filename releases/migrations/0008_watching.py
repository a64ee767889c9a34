from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("releases", "0007_triggers")]

    operations: ClassVar[list[migrations.operations.base.Operation]] = []
