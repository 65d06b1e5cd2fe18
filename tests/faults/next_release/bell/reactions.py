"""An app that only the next release has, with a queue of its own."""

from outbox import Batch, Reader, reacts_to
from tests.toy.models import Effect


class Rung(Reader, frozen=True, kw_only=True):
    """The bell wants to know nothing but whose ring it was."""


@reacts_to("toy.Rung")
def toll(rung: Batch[Rung]) -> None:
    """Tolls for each ring."""
    Effect.objects.bulk_create(Effect(reaction="toll", order_id=ring.order_id) for ring in rung)
