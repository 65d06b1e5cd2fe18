"""`manage.py relay`: hands events to Celery until it is stopped."""

import signal
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand

from outbox.relay.run import Relay


class Command(BaseCommand):
    help = "Hands new events, and deliveries that are due again, to Celery. Any number of relays may run."

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay(current_app._get_current_object())  # type: ignore[attr-defined]
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: relay.stop())
        relay.run()
