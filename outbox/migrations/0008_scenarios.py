"""Scenarios: an operation's kind, its permission, and an index that is built while the relay works."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("outbox", "0007_examine")]

    operations = [
        migrations.AlterModelOptions(
            name="operation",
            options={
                "permissions": [
                    ("redeliver", "Can deliver again, and release what is parked"),
                    ("skip", "Can decide that a delivery is not to be done"),
                    ("park", "Can park a delivery on purpose"),
                    ("pause_reaction", "Can pause and resume a reaction"),
                    ("write_note", "Can write a note on an order or a failure group"),
                    ("view_sensitive_payload", "Can reveal personal fields"),
                    ("examine", "Can have the invariants examined"),
                    ("run_scenario", "Can run the scenarios of the sandbox's lab"),
                ]
            },
        ),
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("redeliver", "Redeliver"),
                    ("skip", "Skip"),
                    ("park", "Park"),
                    ("release", "Release"),
                    ("pause", "Pause"),
                    ("resume", "Resume"),
                    ("reveal", "Reveal"),
                    ("mute", "Mute"),
                    ("unmute", "Unmute"),
                    ("scenario", "Scenario"),
                    ("act", "Act"),
                ],
                max_length=20,
            ),
        ),
        AddIndexConcurrently(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("kind", "scenario")), fields=["requested_at"], name="operation_scenario"
            ),
        ),
    ]
