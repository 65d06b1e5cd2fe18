"""What Stripe reports by itself, each report signed."""

from __future__ import annotations

import re

import msgspec
import stripe
from django.conf import settings

from payments.gateway import NotSigned, Report, ReportedCharge, UnreadableReport
from payments.stripe.amounts import ImpossibleAmount, from_units

# Seconds for which a signature stays good.
TOLERANCE = 300
# Where an intent carries the key that we asked for it by.
KEY = "murmuration_key"
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[1-9][0-9]{0,3}")
SUCCEEDED = "payment_intent.succeeded"


class _Subject(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class _Event(msgspec.Struct, frozen=True):
    id: str
    type: str
    data: _Subject


class _Intent(msgspec.Struct, frozen=True):
    id: str
    amount: int
    currency: str
    metadata: dict[str, str]


def read_report(body: bytes, signature: str) -> Report:
    """Returns what the event says, once it is proven that Stripe has sent it; see `ReportingProvider`."""
    if not signature.isascii():  # at which the library fails in another way
        raise NotSigned(NotSigned.__doc__)
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as unproven:
        raise NotSigned(NotSigned.__doc__) from unproven
    try:
        event = msgspec.json.decode(body, type=_Event)
        return Report(id=event.id, charge=_charge(event) if event.type == SUCCEEDED else None)
    except (msgspec.DecodeError, ImpossibleAmount) as unreadable:
        raise UnreadableReport(str(unreadable)) from unreadable


def _charge(event: _Event) -> ReportedCharge | None:
    """Returns the charge of an event that says one has succeeded; None if others have asked for it."""
    intent = msgspec.json.decode(event.data.object, type=_Intent)
    key = intent.metadata.get(KEY, "")
    if not _OURS.fullmatch(key):
        return None
    return ReportedCharge(key=key, reference=intent.id, amount=from_units(intent.amount, intent.currency))
