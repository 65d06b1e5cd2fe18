"""What payments owns: what is due for each order, what became of it, and what goes back of it in parts."""

from __future__ import annotations

import uuid_utils.compat
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from outbox import Money


class ImpossibleTransition(RuntimeError):
    """A payment was told to become what it cannot become from where it is; this is a bug, not bad input."""


class Payment(models.Model):
    """The payment for an order. One voided before the order was known remembers the cancellation."""

    class State(models.TextChoices):
        WAITING = "waiting"  # for the order, its stock, or both
        IN_GRACE = "in_grace"  # the time to pay is over; a capture that begins within the grace still counts
        CAPTURING = "capturing"  # the provider may have been asked
        CAPTURED = "captured"
        DECLINED = "declined"
        EXPIRED = "expired"
        VOIDED = "voided"
        REFUNDING = "refunding"  # the provider may have been asked to give it back
        REFUNDED = "refunded"
        REFUND_FAILED = "refund_failed"  # the money is owed

    # Whatever is closed with nothing taken leads to REFUNDING if the provider takes the money after all: late money.
    TRANSITIONS = {
        State.WAITING: {State.CAPTURING, State.IN_GRACE, State.VOIDED},
        State.IN_GRACE: {State.CAPTURING, State.EXPIRED, State.VOIDED},
        State.CAPTURING: {State.CAPTURED, State.DECLINED, State.VOIDED, State.REFUNDING},
        State.CAPTURED: {State.REFUNDING, State.REFUNDED},  # at once, if all of it has gone back in parts
        State.DECLINED: {State.REFUNDING},
        State.EXPIRED: {State.REFUNDING},
        State.VOIDED: {State.REFUNDING},
        State.REFUNDING: {State.REFUNDED, State.REFUND_FAILED},
        State.REFUND_FAILED: {State.REFUNDING},
    }

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    order_id = models.UUIDField(unique=True)
    amount = models.BigIntegerField(null=True, help_text="in the currency's minor unit; unknown until the order is")
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217")
    method = models.CharField(max_length=100, blank=True)
    stock_reserved = models.BooleanField(db_default=False)
    cancelled = models.BooleanField(db_default=False, help_text="the order is; a capture under way will be given back")
    state = models.CharField(max_length=20, choices=State, db_default=State.WAITING)
    state_since = models.DateTimeField(db_default=Now())
    attempt = models.PositiveSmallIntegerField(db_default=1)
    provider = models.CharField(max_length=50, blank=True, db_default="")
    provider_ref = models.CharField(max_length=100, blank=True, db_default="")
    decline_code = models.CharField(max_length=50, blank=True, db_default="")
    late = models.BooleanField(db_default=False, help_text="the money came when the payment was closed already")
    refund_attempt = models.PositiveSmallIntegerField(db_default=0)
    refund_ref = models.CharField(max_length=100, blank=True, db_default="")
    refund_code = models.CharField(max_length=50, blank=True, db_default="", help_text="why the last refund failed")
    given_back = models.BigIntegerField(db_default=0, help_text="in parts, without a cancellation")
    giving_back = models.BigIntegerField(db_default=0, help_text="in parts that the provider may have been asked for")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(given_back__gte=0, giving_back__gte=0)
                & (Q(given_back=0, giving_back=0) | Q(amount__gte=F("given_back") + F("giving_back"))),
                name="payment_never_gives_back_more",
            ),
        ]
        indexes = [models.Index(fields=["-state_since"], name="payment_newest_first")]
        permissions = [("refund", "Can give money back")]

    def __str__(self) -> str:
        return f"{self.state} for order {self.order_id}"

    @property
    def due(self) -> Money | None:
        """The amount, once the order is known."""
        return None if self.amount is None else Money(amount=self.amount, currency=self.currency)

    @property
    def left(self) -> Money | None:
        """What has not gone back in parts, and is not about to, of the amount."""
        due = self.due
        return due and Money(amount=due.amount - self.given_back - self.giving_back, currency=due.currency)

    @property
    def known(self) -> bool:
        """Whether payments has heard anything of the order but its cancellation."""
        return self.amount is not None or self.stock_reserved

    @property
    def idempotency_key(self) -> str:
        """The key under which the provider knows the current attempt, however often it is asked."""
        return f"{self.pk}:{self.attempt}"

    @property
    def refund_key(self) -> str:
        """The key under which the provider knows the current refund, however often it is asked."""
        return f"{self.pk}:refund:{self.refund_attempt}"

    @property
    def untouched(self) -> bool:
        """Whether the provider has certainly not been asked, and may still be."""
        return self.state in (self.State.WAITING, self.State.IN_GRACE)

    def awaits(self, opened: str = "") -> bool:
        """Whether the provider is still to answer, which has `opened` the charge under this name, or not yet."""
        return self.state == self.State.CAPTURING and self.provider_ref == opened

    def awaits_refund(self, attempt: int) -> bool:
        """Whether the provider is still to answer this attempt to give the money back."""
        return self.state == self.State.REFUNDING and self.refund_attempt == attempt

    def become(self, state: State) -> None:
        """Changes the state in memory; the row has to be locked.

        Raises:
            ImpossibleTransition: the state table has no such step.
        """
        if state not in self.TRANSITIONS.get(self.State(self.state), set()):
            raise ImpossibleTransition(f"A payment that is {self.state} cannot become {state}.")
        self.state = state


class Refund(models.Model):
    """A part of a captured payment, or all that was left of it, that goes back while its order goes on."""

    class State(models.TextChoices):
        REFUNDING = "refunding"  # the provider may have been asked
        REFUNDED = "refunded"
        REFUND_FAILED = "refund_failed"  # staff may try again
        DROPPED = "dropped"  # it has failed, and staff has settled it in another way

    class Why(models.TextChoices):
        RETURNED = "returned"
        DAMAGED = "damaged"
        MISSING = "missing"
        GOODWILL = "goodwill"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    order_id = models.UUIDField(db_index=True)
    amount = models.BigIntegerField(help_text="in the minor unit of the payment's currency")
    reason = models.CharField(max_length=20, choices=Why)
    requested_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=20, choices=State, default=State.REFUNDING)
    state_since = models.DateTimeField(db_default=Now())
    attempt = models.PositiveSmallIntegerField(default=1)
    provider_ref = models.CharField(max_length=100, blank=True, default="")
    code = models.CharField(max_length=50, blank=True, default="", help_text="why it failed last")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive")]
        indexes = [models.Index(fields=["-requested_at", "-id"], name="refund_newest_first")]

    def __str__(self) -> str:
        return f"{self.state} for order {self.order_id}"

    @property
    def money(self) -> Money:
        """The amount with its payment's currency."""
        return Money(amount=self.amount, currency=self.payment.currency)

    @property
    def key(self) -> str:
        """The key under which the provider knows the current attempt, however often it is asked."""
        return f"{self.payment_id}:part:{self.pk}:{self.attempt}"
