"""What the model knows at one moment: each module's own row, the provider's ledger, and the deliveries under way.

The model is about one order and the last unit of what it wants, if there is one left. Everything in it is immutable
and hashable. Modules know only what is in their own row; that is also why each step can be worked out once and looked
up ever after.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Event(NamedTuple):
    """An event, named as on the wire, with the one number of its payload that matters here: the attempt, if any."""

    name: str
    payload: int = 1

    def __str__(self) -> str:
        return self.name if self.payload == 1 else f"{self.name} ({self.payload})"


class Orders(NamedTuple):
    """Orders decides by what it has published itself, and by the payment it has heard of (which only a fault uses)."""

    paid: bool = False
    published: tuple[str, ...] = ("orders.OrderPlaced",)


class Inventory(NamedTuple):
    """The reservation and the stock: what there was, and of that what is free, held for the order, and sold to it."""

    state: Literal["new", "held", "refused", "released", "committed"] = "new"
    stocked: int = 1
    free: int = 1
    held: int = 0
    sold: int = 0
    published: tuple[str, ...] = ()


class Provider(NamedTuple):
    """The payment provider: what it says of our charge and of our last refund, and how often it moved money."""

    charge: Literal["unknown", "asked", "opened", "charged", "declined", "withdrawn"] = "unknown"
    refund: Literal["unknown", "asked", "refunded", "refused"] = "unknown"
    charges: int = 0
    refunds: int = 0


PaymentState = Literal[
    "waiting", "in_grace", "capturing", "captured", "declined", "expired", "voided",
    "refunding", "refunded", "refund_failed",
]  # fmt: skip


class Payments(NamedTuple):
    """The payment, what it has heard of the order, and the provider, which tells nobody but payments what it did."""

    state: PaymentState = "waiting"
    placed: bool = False
    reserved: bool = False
    cancelled: bool = False
    refund_attempt: int = 0
    provider: Provider = Provider()
    published: tuple[str, ...] = ()


class Shipping(NamedTuple):
    """The shipment, what it has heard of the order, and what the carrier says of the label."""

    state: Literal["draft", "buying", "shipped", "failed", "stopped"] = "draft"
    placed: bool = False
    paid: bool = False
    label: Literal["unknown", "asked", "bought", "refused"] = "unknown"
    published: tuple[str, ...] = ()


Module = Orders | Inventory | Payments | Shipping


class Modules(NamedTuple):
    """The rows of all modules. The fields are named like the apps."""

    orders: Orders = Orders()
    inventory: Inventory = Inventory()
    payments: Payments = Payments()
    shipping: Shipping = Shipping()

    @property
    def published(self) -> frozenset[str]:
        """The names of all events so far."""
        return frozenset().union(*(module.published for module in self))


class Delivery(NamedTuple):
    """An event on its way to a reaction, named like `inventory.reserve_stock`."""

    reaction: str
    event: Event


class World(NamedTuple):
    """One state of the whole: the rows, the deliveries under way, and how many of them may still come twice."""

    modules: Modules
    pending: frozenset[Delivery]
    spare: int


class Answer(NamedTuple):
    """What a reaction commits: its module's row, the events it publishes, and whether the delivery stays open.

    A delivery stays open between the three phases of an effect. An answer without events is `Ignored` or `Waiting`.
    """

    module: Module
    events: tuple[Event, ...] = ()
    stays_open: bool = False


def answer(module: Module, *events: str | Event, stays_open: bool = False) -> Answer:
    """Returns the answer that publishes these events, each with an empty payload if only its name is given."""
    published = tuple(Event(event) if isinstance(event, str) else event for event in events)
    names = (*module.published, *(event.name for event in published))
    return Answer(module._replace(published=names), published, stays_open)


def has_published(module: Module, *names: str) -> bool:
    """Says whether the module has published one of these events."""
    return not set(names).isdisjoint(module.published)
