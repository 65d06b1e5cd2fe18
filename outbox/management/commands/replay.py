"""`manage.py replay`: gives a reaction the events that happened before it subscribed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from outbox.models import Subscription
from outbox.relay.fan_out import DUE_AT
from outbox.wakeup import notify_relay

# What the reaction has had already stays as it is: a delivery exists once. A timer waits for its time.
FILL_IN = f"""
INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift)
SELECT e.position, s.reaction_id, e.order_id, 'waiting', 0, {DUE_AT}, '', ''
FROM outbox_subscription s JOIN outbox_event e ON e.name = s.event_name
WHERE s.reaction_id = %s AND e.position > %s AND e.position <= %s
ON CONFLICT (event_id, reaction_id) DO NOTHING
"""  # noqa: S608  # made of constants
STEP = 10_000


class Command(BaseCommand):
    help = "Delivers to a reaction the events that are older than its subscription; what it has had is not repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reaction", help="its id, such as notifications.send_mail")
        parser.add_argument("--after", type=int, default=0, help="only events after this position")

    def handle(self, *args: Any, reaction: str, after: int, **options: Any) -> None:
        latest = self._latest(reaction)
        added = 0
        for start in range(after, latest, STEP):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(FILL_IN, [reaction, start, min(start + STEP, latest)])
                added += cursor.rowcount
                notify_relay()
            self.stdout.write(f"up to position {min(start + STEP, latest)}: {added} deliveries", ending="\r")
        self.stdout.write(f"\n{added} older events will be delivered to {reaction}.")

    def _latest(self, reaction: str) -> int:
        if not Subscription.objects.filter(reaction_id=reaction, reaction__retired_at=None).exists():
            raise CommandError(f"{reaction} has no subscription; is the id right, and has the release been migrated?")
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(position), 0) FROM outbox_event")
            return int(cursor.fetchone()[0])
