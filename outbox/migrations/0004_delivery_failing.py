"""The deliveries that are open and have failed, by cause: an index built while the deliveries go on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("outbox", "0003_operations")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(
                    ("failure_group__isnull", False), ("state__in", ["waiting", "dispatched", "parked"])
                ),
                fields=["failure_group", "id"],
                name="delivery_failing",
            ),
        ),
    ]
