from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("releases", "0005_gates")]

    operations: ClassVar[list[migrations.operations.base.Operation]] = []
