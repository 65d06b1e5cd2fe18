"""What the next release does more: a reaction to an old event, one to a new event, and an old one that hears more."""

from collections.abc import Iterator

from outbox import Batch, reacts_to
from tests.faults.next_release.toy.events import Greeted
from tests.toy.events import Echoed, Rung
from tests.toy.models import Effect


@reacts_to("toy.Rung")
def greet(rung: Batch[Rung]) -> Iterator[Greeted]:
    """Greets whoever rings."""
    Effect.objects.bulk_create(Effect(reaction="greet", order_id=ring.order_id) for ring in rung)
    for ring in rung:
        yield Greeted(order_id=ring.order_id)


@reacts_to("toy.Greeted")
def welcome(greeted: Batch[Greeted]) -> None:
    """Goes on from the greeting."""
    Effect.objects.bulk_create(Effect(reaction="welcome", order_id=greeting.order_id) for greeting in greeted)


@reacts_to("toy.Rung", "toy.Echoed", "toy.Greeted", folds=True)
def count(heard: Batch[Rung | Echoed | Greeted]) -> None:
    """Takes note of greetings as well."""
    Effect.objects.bulk_create(Effect(reaction="count", order_id=event.order_id) for event in heard)
