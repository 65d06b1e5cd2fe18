"""What inventory owns: the stock of each SKU, and what is held of it for which order."""

from __future__ import annotations

import uuid_utils.compat
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Stock(models.Model):
    """The stock of one SKU. `reserved` units of the `on_hand` ones are held for orders."""

    sku = models.CharField(max_length=64, primary_key=True)
    on_hand = models.BigIntegerField()
    reserved = models.BigIntegerField(db_default=0)

    class Meta:
        verbose_name_plural = "stock"
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("on_hand")), name="stock_reserved_within_on_hand"
            )
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Adjustment(models.Model):
    """Somebody has corrected what is on hand of a SKU, by `delta` to `on_hand`, and says why."""

    class Reason(models.TextChoices):
        COUNTED = "counted"
        RECEIVED = "received"
        DAMAGED = "damaged"
        LOST = "lost"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    sku = models.CharField(max_length=64)
    delta = models.BigIntegerField()
    on_hand = models.BigIntegerField(help_text="after it")
    reason = models.CharField(max_length=20, choices=Reason)
    note = models.CharField(max_length=500, blank=True)
    actor = models.CharField(max_length=200)
    adjusted_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["-adjusted_at", "-id"], name="adjustment_newest_first")]

    def __str__(self) -> str:
        return f"{self.delta:+} x {self.sku}"


class ImpossibleTransition(RuntimeError):
    """A reservation was told to become what it cannot become from where it is; this is a bug, not bad input."""


class Reservation(models.Model):
    """What is held for an order. One that was released before anything was held remembers the cancellation."""

    class State(models.TextChoices):
        NEW = "new"  # within the transaction that opens it, never outside
        HELD = "held"
        REFUSED = "refused"
        RELEASED = "released"
        COMMITTED = "committed"

    TRANSITIONS = {
        State.NEW: {State.HELD, State.REFUSED, State.RELEASED},
        State.HELD: {State.RELEASED, State.COMMITTED},
    }

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    order_id = models.UUIDField(unique=True)
    state = models.CharField(max_length=10, choices=State, db_default=State.NEW)
    state_since = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["-state_since"], name="reservation_newest_first")]

    def __str__(self) -> str:
        return f"{self.state} for order {self.order_id}"

    def become(self, state: State) -> None:
        """Changes the state in memory; the row has to be locked.

        Raises:
            ImpossibleTransition: the state table has no such step.
        """
        if state not in self.TRANSITIONS.get(self.State(self.state), set()):
            raise ImpossibleTransition(f"A reservation that is {self.state} cannot become {state}.")
        self.state = state


class ReservationLine(models.Model):
    """`quantity` units of a SKU, held for an order as long as the reservation is."""

    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reservation", "sku"], name="reservation_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"
