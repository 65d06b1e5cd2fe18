"""The carrier, as shipping sees it: an outside company behind a small protocol."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from shipping.readers import Address, LineToShip

# Seconds that one call may take; a carrier has to give up by itself before.
TIMEOUT = 8.0
SANDBOX_CARRIER = "shipping.sandbox.SandboxCarrier"


class Label(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The carrier takes the parcel, under this number of its own."""

    tracking_number: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The carrier will not take the parcel, for good; `reason` is such as address_undeliverable."""

    reason: str


class LabelIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to buy a label. `key` is also by what the carrier calls the parcel to us."""

    order_id: UUID
    key: str
    ship_to: Address
    lines: tuple[LineToShip, ...]


class Carrier(Protocol):
    """A carrier. Whatever goes wrong technically is raised: the outcome is then unknown, not negative."""

    name: str

    def buy_label(self, parcel: LabelIntent) -> Label | Refused:
        """Buys a label once for each key: a key that is known already returns what became of it."""
        ...

    def look_up(self, key: str) -> Label | Refused | None:
        """Returns what became of an earlier purchase with this key, or None if the carrier has never seen it."""
        ...


class LabelOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier answered for an order."""

    order_id: UUID
    carrier: str
    answer: Label | Refused


@cache
def carrier() -> Carrier:
    """Returns the carrier that the setting CARRIER names."""
    made: Carrier = import_string(settings.CARRIER)()
    return made


def check_carrier(**kwargs: Any) -> list[CheckMessage]:
    """There is a carrier, and outside the sandbox one that moves real parcels."""
    if not settings.SANDBOX and settings.CARRIER in ("", SANDBOX_CARRIER):
        hint = "Set CARRIER to the class of a carrier, or SANDBOX=on to try things out."
        return [Error("No carrier takes real parcels, and SANDBOX is off.", hint, id="shipping.E001")]
    try:
        import_string(settings.CARRIER)
    except ImportError as error:
        return [Error(f"CARRIER cannot be imported: {error}", id="shipping.E002")]
    return []


def buy_label(intent: LabelIntent) -> LabelOutcome:
    """Buys the label."""
    return LabelOutcome(order_id=intent.order_id, carrier=carrier().name, answer=carrier().buy_label(intent))


def look_up(intent: LabelIntent) -> LabelOutcome | None:
    """Asks the carrier what became of an earlier `buy_label` of the same intent."""
    answer = carrier().look_up(intent.key)
    return LabelOutcome(order_id=intent.order_id, carrier=carrier().name, answer=answer) if answer else None
