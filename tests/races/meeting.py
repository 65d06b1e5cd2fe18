"""Workers that meet: what is due for several reactions, done at the same moment by a thread each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import override_settings

from outbox.models import Attempt, Delivery
from outbox.models import Reaction as ReactionRow
from outbox.relay.claim import Message
from payments import gateway
from payments.models import Payment
from tests.domain.journeys import IN_STOCK, bring_to_the_end, happened, status, stock
from tests.outbox.rings import relay, work
from tests.outbox.threads import together

# Each round is another chance for the threads to meet in the other order.
ROUNDS = 4


def one_at_a_time(*reactions: str) -> None:
    """Lets these reactions take one delivery a dispatch, so that several workers share what is due."""
    ReactionRow.objects.filter(pk__in=reactions).update(batch_size=1)


def due(*reactions: str) -> list[Message]:
    """Claims what is due, twice: two events of one order are never in one dispatch; one reaction for each is named.

    The second is not held back for a fuller batch, as under load it is not either.
    """
    with override_settings(OUTBOX={**settings.OUTBOX, "hold": 0.0}):
        messages = relay() + relay()
    assert sorted(message.reaction for message in messages if message.reaction in reactions) == sorted(reactions)
    return messages


def meet(*reactions: str, beside: Sequence[Callable[[], Any]] = ()) -> None:
    """Does what is due for these reactions at the same moment, and something else beside that."""
    together(*beside, *[partial(work, message) for message in due(*reactions)])


def one_of(order_id: UUID, *names: str) -> str:
    """Returns which of these has happened to the order: exactly one, once."""
    (name,) = happened(order_id) & set(names)
    return name


def kept(order_id: UUID) -> bool:
    """Whether the provider, by its own account, has money for this order that it has not given back."""
    payment = Payment.objects.get(order_id=order_id)
    taken = gateway.provider().look_up(payment.idempotency_key)
    given_back = gateway.provider().look_up_refund(payment.refund_key, payment.provider_ref)
    return isinstance(taken, gateway.Charged) and not isinstance(given_back, gateway.Refunded)


def assert_cancelled(order_id: UUID) -> None:
    """The order ends cancelled: nothing shipped, nothing held, nothing kept, nothing open."""
    bring_to_the_end()
    assert (status(order_id), stock(), kept(order_id)) == ("cancelled", (IN_STOCK, 0), False)
    assert "OrderShipped" not in happened(order_id)
    assert_nothing_open()


def assert_shipped(order_id: UUID, quantity: int = 2) -> None:
    """The order ends shipped: its stock is gone, its money kept, and nothing is open."""
    bring_to_the_end()
    assert (status(order_id), stock(), kept(order_id)) == ("shipped", (IN_STOCK - quantity, 0), True)
    assert not happened(order_id) & {"OrderCancelled", "PaymentRefundStarted", "StockReleased"}
    assert_nothing_open()


def assert_nothing_open() -> None:
    """Everything was answered, within the contracts, and nobody has tried a step that is in no state table."""
    assert not Delivery.objects.exclude(state__in=["done", "ignored"]).exists()
    assert not Delivery.objects.exclude(drift="").exists()
    assert not Attempt.objects.filter(exception="ImpossibleTransition").exists()
