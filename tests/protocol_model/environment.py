"""What happens without any reaction: the customer, the payment provider, the carrier and the staff do as they like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.protocol_model.protocol import REACTIONS, Rule, refunding, taken
from tests.protocol_model.state import Answer, Event, Orders, Payments, Shipping, answer, has_published

LAST_REFUND_ATTEMPT = 2  # staff try again once

Happening = Callable[[Any], Answer | None]
HAPPENINGS: dict[str, Rule] = {}


def happens(app: str, *, certain: bool = True) -> Callable[[Happening], Happening]:
    """Makes the function something that happens to the app whenever it returns an answer."""

    def register(act: Happening) -> Happening:
        HAPPENINGS[f"{app}.{act.__name__}"] = Rule(app, act, certain=certain)
        return act

    return register


@happens("orders", certain=False)
def request_cancellation(orders: Orders) -> Answer | None:
    """The customer, or staff, asks for the cancellation, which is possible as long as nobody has done so."""
    if has_published(orders, "orders.OrderCancellationRequested", "orders.OrderCancelled"):
        return None
    return answer(orders, "orders.OrderCancellationRequested")


@happens("payments")
def provider_charges(payments: Payments) -> Answer | None:
    provider = payments.provider
    if provider.charge != "asked":
        return None
    return answer(payments._replace(provider=provider._replace(charge="charged", charges=provider.charges + 1)))


@happens("payments", certain=False)
def provider_opens(payments: Payments) -> Answer | None:
    """A provider that forgets what it was asked takes nothing yet; it is asked again by its own name for it."""
    if payments.provider.charge != "asked" or has_published(payments, "payments.PaymentOpened"):
        return None
    return answer(payments._replace(provider=payments.provider._replace(charge="opened")))


@happens("payments", certain=False)
def provider_declines(payments: Payments) -> Answer | None:
    if payments.provider.charge != "asked":
        return None
    return answer(payments._replace(provider=payments.provider._replace(charge="declined")))


@happens("payments", certain=False)
def provider_charges_after_all(payments: Payments) -> Answer | None:
    """Money comes for a payment that is closed: a call given up for lost, or a customer who pays at the provider's."""
    closed = payments.state in ("declined", "expired", "voided")
    provider = payments.provider
    if not (closed and payments.placed and payments.reserved) or provider.charge not in ("unknown", "declined"):
        return None
    return answer(payments._replace(provider=provider._replace(charge="charged", charges=provider.charges + 1)))


@happens("payments")
def hear_of_charge(payments: Payments) -> Answer | None:
    """The provider reports a charge by itself, before its answer or long after; once recorded it is no news."""
    if payments.provider.charge != "charged" or has_published(payments, "payments.PaymentCaptured"):
        return None
    return taken(payments) if payments.state in ("capturing", "declined", "expired", "voided") else None


@happens("payments")
def provider_refunds(payments: Payments) -> Answer | None:
    provider = payments.provider
    if provider.refund != "asked":
        return None
    return answer(payments._replace(provider=provider._replace(refund="refunded", refunds=provider.refunds + 1)))


@happens("payments", certain=False)
def provider_refuses_refund(payments: Payments) -> Answer | None:
    if payments.provider.refund != "asked":
        return None
    return answer(payments._replace(provider=payments.provider._replace(refund="refused")))


@happens("payments", certain=False)
def retry_refund(payments: Payments) -> Answer | None:
    """Staff try a failed refund again, with a new key."""
    if payments.state != "refund_failed" or payments.refund_attempt == LAST_REFUND_ATTEMPT:
        return None
    return answer(refunding(payments), Event("payments.PaymentRefundStarted", payments.refund_attempt + 1))


@happens("shipping")
def carrier_sells_label(shipping: Shipping) -> Answer | None:
    return answer(shipping._replace(label="bought")) if shipping.label == "asked" else None


@happens("shipping", certain=False)
def carrier_refuses(shipping: Shipping) -> Answer | None:
    return answer(shipping._replace(label="refused")) if shipping.label == "asked" else None


@happens("shipping", certain=False)
def hear_of_delivery(shipping: Shipping) -> Answer | None:
    """The carrier reports that the parcel has arrived, perhaps before we know that it has left."""
    if shipping.label != "bought" or has_published(shipping, "shipping.ShipmentDelivered"):
        return None
    return answer(shipping, "shipping.ShipmentDelivered")


PROTOCOL = REACTIONS | HAPPENINGS
