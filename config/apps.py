"""What has to be in the database besides the apps' tables: the queue, where it lives there, and the staff's groups."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections, transaction
from django.db.models.signals import post_migrate
from kombu.transport.pgmq import CHARS_REPLACE_TABLE
from pgmq.install import get_embedded_install_sql

from config.broker import PGMQ_THROTTLE_MS

QUEUES = """
SELECT pgmq.create(name), pgmq.enable_notify_insert(name, %s)
FROM unnest(%s::text[]) AS wanted (name) WHERE name NOT IN (SELECT queue_name FROM pgmq.list_queues())
"""
INSTALLING = 0x6D75726D  # the advisory lock of whoever installs; any number that nobody else uses


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Django sends this signal only for apps that have models.
        post_migrate.connect(install_queue, sender=apps.get_app_config("outbox"))
        from config.groups import make_groups  # models can be imported only now

        post_migrate.connect(make_groups, dispatch_uid="config.groups")


def install_queue(using: str, **kwargs: Any) -> None:
    """Installs pgmq's schema and the queues after migrating, as far as they are missing, unless the broker is another.

    The schema's SQL runs only once. The queues are not left to the processes: of several that start on a new database
    at the same moment all but one would fail at adding the trigger that notifies.
    """
    if using != "default" or settings.CELERY_BROKER_URL not in ("pgmq", "pgmq://"):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALLING])
        cursor.execute("SELECT to_regnamespace('pgmq') IS NOT NULL")
        if not cursor.fetchone()[0]:
            cursor.execute(get_embedded_install_sql())
        names = [name.translate(CHARS_REPLACE_TABLE) for name in settings.QUEUES]
        cursor.execute(QUEUES, [PGMQ_THROTTLE_MS, names])
