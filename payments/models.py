"""What payments owns: what is due for each order, and what became of it."""

from __future__ import annotations

import uuid_utils.compat
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from outbox import Money


class ImpossibleTransition(RuntimeError):
    """A payment was told to become what it cannot become from where it is; this is a bug, not bad input."""


class Payment(models.Model):
    """The payment for an order. One voided before the order was known remembers the cancellation."""

    class State(models.TextChoices):
        WAITING = "waiting"  # for the order, its stock, or both
        STARTED = "started"
        CAPTURING = "capturing"  # the provider may have been asked
        CAPTURED = "captured"
        DECLINED = "declined"
        VOIDED = "voided"

    TRANSITIONS = {
        State.WAITING: {State.STARTED, State.VOIDED},
        State.STARTED: {State.CAPTURING, State.VOIDED},
        State.CAPTURING: {State.CAPTURED, State.DECLINED},
    }

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    order_id = models.UUIDField(unique=True)
    amount = models.BigIntegerField(null=True, help_text="in the currency's minor unit; unknown until the order is")
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217")
    method = models.CharField(max_length=100, blank=True)
    stock_reserved = models.BooleanField(db_default=False)
    state = models.CharField(max_length=10, choices=State, db_default=State.WAITING)
    state_since = models.DateTimeField(db_default=Now())
    attempt = models.PositiveSmallIntegerField(db_default=1)
    provider = models.CharField(max_length=50, blank=True, db_default="")
    provider_ref = models.CharField(max_length=100, blank=True, db_default="")
    decline_code = models.CharField(max_length=50, blank=True, db_default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="payment_amount_not_negative")]
        indexes = [models.Index(fields=["-state_since"], name="payment_newest_first")]

    def __str__(self) -> str:
        return f"{self.state} for order {self.order_id}"

    @property
    def due(self) -> Money | None:
        """The amount, once the order is known."""
        return None if self.amount is None else Money(amount=self.amount, currency=self.currency)

    @property
    def known(self) -> bool:
        """Whether payments has heard anything of the order but its cancellation."""
        return self.amount is not None or self.stock_reserved

    @property
    def idempotency_key(self) -> str:
        """The key under which the provider knows the current attempt, however often it is asked."""
        return f"{self.pk}:{self.attempt}"

    def awaits(self, attempt: int) -> bool:
        """Whether the provider is still to answer this attempt."""
        return self.state in (self.State.STARTED, self.State.CAPTURING) and self.attempt == attempt

    def become(self, state: State) -> None:
        """Changes the state in memory; the row has to be locked.

        Raises:
            ImpossibleTransition: the state table has no such step.
        """
        if state not in self.TRANSITIONS.get(self.State(self.state), set()):
            raise ImpossibleTransition(f"A payment that is {self.state} cannot become {state}.")
        self.state = state
