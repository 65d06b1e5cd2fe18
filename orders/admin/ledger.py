"""The money of an order as its history tells it: what was taken, and what has gone back, is on its way, or is owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from orders.status import (
    CAPTURED,
    LATE,
    PART_REFUND_DROPPED,
    PART_REFUND_FAILED,
    PARTLY_REFUNDED,
    REFUND_FAILED,
    REFUNDED,
)
from outbox import Money
from outbox.admin import Tone
from outbox.models import Event

PART_REFUND_STARTED = "payments.PartialRefundStarted"
REFUND_STARTED = "payments.PaymentRefundStarted"

ON_ITS_WAY: tuple[str, str, Tone] = ("on its way", "◔", "busy")
GIVEN_BACK: tuple[str, str, Tone] = ("given back", "↶", "quiet")
REFUSED: tuple[str, str, Tone] = ("refused", "!", "bad")
DROPPED: tuple[str, str, Tone] = ("settled otherwise", "–", "quiet")  # noqa: RUF001  # a dash on purpose
# How the entry of an event stands, once this event is the last of it.
STANDS: dict[str, tuple[str, str, Tone]] = {
    CAPTURED: ("taken", "✓", "good"),
    LATE: ("taken late", "!", "bad"),
    PART_REFUND_STARTED: ON_ITS_WAY,
    PARTLY_REFUNDED: GIVEN_BACK,
    PART_REFUND_FAILED: REFUSED,
    PART_REFUND_DROPPED: DROPPED,
    REFUND_STARTED: ON_ITS_WAY,
    REFUNDED: GIVEN_BACK,
    REFUND_FAILED: REFUSED,
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Money that was taken or goes back: why, how much, how it stands, and the last event of it."""

    why: str
    amount: Money
    word: str
    glyph: str
    tone: Tone
    event: Event


def ledger(events: Iterable[Event]) -> list[Entry]:
    """Returns the entries, each where it began; none as long as nothing goes back."""
    entries: dict[str, list[Event]] = {}
    for event in events:
        if event.name in STANDS:
            entries.setdefault(_what(event), []).append(event)
    return [_entry(of_one) for of_one in entries.values()] if len(entries) > 1 else []


def _what(event: Event) -> str:
    """Of which entry the event tells: what was taken, a part by its refund, or the rest."""
    if event.name in (CAPTURED, LATE):
        return "taken"
    return str(event.payload.get("refund_id", "rest"))


def _entry(events: list[Event]) -> Entry:
    word, glyph, tone = STANDS[events[-1].name]
    why = next((str(event.payload["reason"]) for event in events if "reason" in event.payload), "paid")
    amount = msgspec.convert(events[-1].payload["amount"], Money)
    return Entry(why=why, amount=amount, word=word, glyph=glyph, tone=tone, event=events[-1])
