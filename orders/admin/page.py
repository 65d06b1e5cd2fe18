"""What the page of an order says: the answer, stages, books and mails, all of which follow from its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import cached_property

from orders import services
from orders.admin.ledger import Entry, ledger
from orders.admin.stages import MAIL_REFUSED, MAILED, Stage, stages_of
from orders.models import Order, Status
from orders.services import Answer
from orders.status import SETTLED, attention_of
from outbox.admin import History, Tone
from outbox.expectations import World, derive, either
from outbox.models import Event


@dataclass(frozen=True)
class OrderPage:
    """An order as its history tells it, at the moment of the history."""

    order: Order
    history: History
    world: World

    @cached_property
    def answer(self) -> Answer:
        events = [event.row for event in self.history.events]
        deliveries = [delivery.row for delivery in self.history.deliveries]
        return services.answer_of(self.order, derive(self.order.pk, events, deliveries, self.world))

    @cached_property
    def last(self) -> Mapping[str, Event]:
        """The last event of each name."""
        return {event.row.name: event.row for event in self.history.events}

    @property
    def status_since(self) -> datetime:
        """Since when it has had its status; if orders has not folded the last events yet, since the last of them."""
        if self.order.status == self.answer.status or not self.history.events:
            return self.order.status_since
        return self.history.events[-1].row.occurred_at

    @property
    def tone(self) -> Tone:
        """How it stands altogether."""
        if self.attention or any(one.needs_somebody for one in self.answer.outlook.in_hand):
            return "bad"
        return "good" if self.is_settled else "busy"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come by itself."""
        return self.answer.status in SETTLED and not self.answer.outlook.in_hand

    @property
    def news(self) -> str:
        """What is worth interrupting somebody who listens: the status, and the last that happened."""
        last = f", after {self.history.events[-1].row.name}" if self.history.events else ""
        return f"{self.answer.status}{last}"

    @property
    def attention(self) -> list[str]:
        """Why somebody has to look after it: what is wrong with the order, and with the deliveries."""
        seen = self.last.keys()
        since = self.answer.books_open_since
        age = self.history.now - since if since else timedelta(0)
        reasons = attention_of(seen, age, owes_a_part=bool(self.answer.owed_parts))
        in_hand = self.answer.outlook.in_hand
        reasons += sorted({one.reason for one in in_hand if one.needs_somebody})
        reasons += ["overdue"] if self.answer.outlook.overdue else []
        return [reason.replace("_", " ") for reason in reasons]

    @property
    def drifted_to(self) -> Status | None:
        """What the status should be, if the one that is kept is another although nothing is under way."""
        kept, folded = self.order.status, self.answer.status
        return folded if kept != folded and not self.answer.outlook.in_hand and not self.world.is_past else None

    @property
    def expected(self) -> list[tuple[str, str, datetime, datetime]]:
        """What is owed until a deadline: app, the events of which one has to come, since when and until when."""
        return [
            (one.app, either(one.emits), one.since, one.due_by)
            for one in self.answer.owed
            if one.due_by and one.emits and not one.is_silent
        ]

    @cached_property
    def ledger(self) -> list[Entry]:
        """What was taken, and what goes back; empty as long as nothing does."""
        return ledger(event.row for event in self.history.events)

    @property
    def stages(self) -> list[Stage]:
        """Stock, payment, shipment and mail."""
        sent = sum(event.row.name == MAILED for event in self.history.events)
        return stages_of(self.last, mails=f"{sent} sent")

    @property
    def mails(self) -> Sequence[Mapping[str, Any]]:
        """The mails that were sent or refused: when, which, and with what code a server has refused it."""
        return [
            {
                "event": event.row,
                "template": str(event.row.payload.get("template", "")).replace("_", " "),
                "refused": event.row.name == MAIL_REFUSED,
                "code": event.row.payload.get("code"),
            }
            for event in self.history.events
            if event.row.name in (MAILED, MAIL_REFUSED)
        ]
