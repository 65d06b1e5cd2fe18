"""Keys by themselves: staff, who look for an order by its key, do not know whose it is."""

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("api", "0002_access_and_throttles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="idempotencykey", index=models.Index(fields=["key"], name="api_key_of_anybody")
        ),
    ]
