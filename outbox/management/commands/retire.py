"""`manage.py retire`: ends a reaction's subscriptions, for good and in the open."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models.functions import Now

from outbox.models import Delivery, DeliveryState, Reaction
from outbox.reactions import reactions
from outbox.subscriptions import hold_fan_out

OPEN = [DeliveryState.WAITING, DeliveryState.DISPATCHED, DeliveryState.PARKED]


class Command(BaseCommand):
    help = "Retires a reaction that the code no longer has: it hears no new event, and what it had open is orphaned."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reaction", help="its id, such as inventory.reserve_stock")

    def handle(self, *args: Any, reaction: str, **options: Any) -> None:
        if reaction in reactions():
            raise CommandError(f"{reaction} is part of this build; remove it from the code first.")
        with transaction.atomic():
            hold_fan_out()
            if not Reaction.objects.filter(pk=reaction).update(retired_at=Now()):
                raise CommandError(f"No reaction is called {reaction}.")
        # Not while holding the fan-out: whoever works on one of these may be about to publish, and would wait for us.
        open_ones = Delivery.objects.filter(reaction_id=reaction, state__in=OPEN)
        orphaned = open_ones.update(state=DeliveryState.ORPHANED, outcome="its reaction was retired", done_at=Now())
        self.stdout.write(f"Retired {reaction}; {orphaned} open deliveries are orphaned.")
