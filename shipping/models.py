"""What shipping owns: the shipment of each order, and what the carrier has reported."""

from __future__ import annotations

import uuid_utils.compat
from django.db import models
from django.db.models.functions import Now


class ImpossibleTransition(RuntimeError):
    """A shipment was told to become what it cannot become from where it is; this is a bug, not bad input."""


class Shipment(models.Model):
    """The shipment of an order. Its row lock decides between shipping and stopping.

    One stopped before the order was known remembers the cancellation. That the parcel was delivered is noted beside
    the state: the carrier may say so before we know that it has the parcel.
    """

    class State(models.TextChoices):
        DRAFT = "draft"  # waits for the order, its payment, or both
        BUYING = "buying"  # the carrier may have been asked for the label; there is no way back
        SHIPPED = "shipped"
        FAILED = "failed"
        STOPPED = "stopped"

    TRANSITIONS = {
        State.DRAFT: {State.BUYING, State.STOPPED},
        State.BUYING: {State.SHIPPED, State.FAILED},
    }

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    order_id = models.UUIDField(unique=True)
    lines = models.JSONField(null=True, help_text="unknown until the order is")
    ship_to = models.JSONField(null=True, help_text="unknown until the order is; personal")
    paid = models.BooleanField(db_default=False)
    state = models.CharField(max_length=10, choices=State, db_default=State.DRAFT)
    state_since = models.DateTimeField(db_default=Now())
    carrier = models.CharField(max_length=50, blank=True, db_default="")
    tracking_number = models.CharField(max_length=50, blank=True, db_default="")
    failure = models.CharField(max_length=50, blank=True, db_default="", help_text="why the carrier refused")
    shipped_at = models.DateTimeField(null=True, blank=True)
    stop_refused_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="as the carrier says")

    class Meta:
        indexes = [models.Index(fields=["-state_since"], name="shipment_newest_first")]

    def __str__(self) -> str:
        return f"{self.state} for order {self.order_id}"

    @property
    def known(self) -> bool:
        """Whether shipping has heard anything of the order but its cancellation."""
        return self.lines is not None or self.paid

    @property
    def untouched(self) -> bool:
        """Whether the carrier has certainly not been asked."""
        return self.state == self.State.DRAFT

    def become(self, state: State) -> None:
        """Changes the state in memory; the row has to be locked.

        Raises:
            ImpossibleTransition: the state table has no such step.
        """
        if state not in self.TRANSITIONS.get(self.State(self.state), set()):
            raise ImpossibleTransition(f"A shipment that is {self.state} cannot become {state}.")
        self.state = state


class CarrierEvent(models.Model):
    """Something that the carrier has reported, by the carrier's own id for it: reported again it is known already."""

    carrier = models.CharField(max_length=50)
    event_id = models.CharField(max_length=100)
    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="reported")
    kind = models.CharField(max_length=20)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["carrier", "event_id"], name="carrier_event_once")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.event_id}"
