"""References: the values by which people look for an order, noted by the fan-out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbox", "0004_delivery_failing")]

    operations = [
        migrations.CreateModel(
            name="Reference",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "value", "order_id", "kind", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="in small letters; of what is personal the SHA-256 digest", max_length=200
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("kind", models.CharField(help_text="the name of the field that is Findable", max_length=100)),
            ],
        ),
    ]
