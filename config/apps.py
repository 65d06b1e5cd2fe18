"""What has to be true of the database besides the apps' tables: the queue, where it lives in PostgreSQL."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections, transaction
from django.db.models.signals import post_migrate
from pgmq.install import get_embedded_install_sql

INSTALLING = 0x6D75726D  # the advisory lock of whoever installs; any number that nobody else uses


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Django sends this signal only for apps that have models.
        post_migrate.connect(install_queue, sender=apps.get_app_config("outbox"))


def install_queue(using: str, **kwargs: Any) -> None:
    """Installs pgmq's schema after migrating, unless it is there or the broker is another: its SQL runs only once."""
    if using != "default" or settings.CELERY_BROKER_URL not in ("pgmq", "pgmq://"):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALLING])
        cursor.execute("SELECT to_regnamespace('pgmq') IS NOT NULL")
        if not cursor.fetchone()[0]:
            cursor.execute(get_embedded_install_sql())
