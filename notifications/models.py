"""What notifications owns: whom to write to about an order, and which mails have been sent."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Addressee(models.Model):
    """Whom to write to about an order, and what the mails call it. Remembered from `OrderPlaced`."""

    order_id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=20)
    email = models.CharField(max_length=254, blank=True, help_text="personal")
    name = models.TextField(help_text="personal")
    lines = models.JSONField()

    def __str__(self) -> str:
        return self.number


class Mail(models.Model):
    """A mail about an order: `sending` from the decision to send it until the mail server has taken or refused it."""

    class State(models.TextChoices):
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"  # the mail server refuses the recipient

    class Template(models.TextChoices):
        PLACED = "placed"
        PAID = "paid"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"
        NOT_CANCELLED = "not_cancelled"
        PARTLY_REFUNDED = "partly_refunded"
        REFUNDED = "refunded"

    order_id = models.UUIDField()
    # No choice of Template's, for pages would show nothing where an id follows.
    template = models.CharField(max_length=60, help_text="with the id of what it is about, if there may be several")
    state = models.CharField(max_length=10, choices=State, db_default=State.SENDING)
    decided_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    refusal = models.PositiveSmallIntegerField(null=True, blank=True, help_text="the mail server's code, such as 550")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order_id", "template"], name="mail_once")]
        indexes = [models.Index(fields=["-decided_at"], name="mail_newest_first")]

    def __str__(self) -> str:
        return f"{self.template} for order {self.order_id}"
