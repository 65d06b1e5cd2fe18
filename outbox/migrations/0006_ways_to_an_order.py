"""The other ways to find an order, by a request's id and by a task's: indexes built while events come in."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("outbox", "0005_references")]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                condition=models.Q(("cause_kind", "request")), fields=["cause_id"], name="event_of_request"
            ),
        ),
        AddIndexConcurrently(
            model_name="attempt",
            index=models.Index(fields=["task_id"], name="attempt_of_task"),
        ),
    ]
