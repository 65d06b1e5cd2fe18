"""What webhooks owns: the endpoints, what is to be sent to each, every try, and whose order is whose."""

from __future__ import annotations

from datetime import datetime, timedelta

import uuid_utils.compat
from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Endpoint(models.Model):
    """An address of somebody's system that wants to hear of public events.

    While it fails it rests between single probes, and what else is to be sent to it waits, at no cost to anybody.
    """

    class State(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = "disabled"
        DELETED = "deleted"  # kept for what was sent to it; its secrets are gone

    class Orders(models.TextChoices):
        OWN = "own"
        ALL = "all"

    class Because(models.TextChoices):
        OWNER = "owner"
        STAFF = "staff"
        GONE = "gone"  # it answered 410
        FAILING = "failing"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhook_endpoints")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    event_types = models.JSONField(default=list, help_text="names on the wire; none means all")
    orders = models.CharField(max_length=5, choices=Orders, default=Orders.OWN, help_text="the owner's, or all")
    secret = models.CharField(max_length=100)
    previous_secret = models.CharField(max_length=100, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True, help_text="so long the previous secret signs, too")
    state = models.CharField(max_length=10, choices=State, default=State.ENABLED)
    disabled_because = models.CharField(max_length=10, choices=Because, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="since it last took a webhook")
    failing_since = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [("hear_all_orders", "Can have webhooks of all customers' orders")]
        indexes = [models.Index(fields=["-created_at"], name="endpoint_newest_first")]

    def __str__(self) -> str:
        return self.url

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Returns what to sign with at this moment, the newest first."""
        is_valid = self.previous_secret and self.previous_until and self.previous_until > now
        return (self.secret, self.previous_secret) if is_valid else (self.secret,)

    def note_success(self, rests_until: datetime | None = None) -> None:
        """Takes the endpoint for sound, in memory; it may have to rest because it is slow."""
        self.failures, self.failing_since, self.rests_until = 0, None, rests_until

    def note_failure(self, now: datetime, rest: timedelta) -> None:
        """Takes the endpoint for failing, in memory: it rests for so long."""
        self.failures += 1
        self.failing_since = self.failing_since or now
        self.rests_until = now + rest

    def enable(self) -> None:
        """Starts anew, in memory."""
        self.note_success()
        self.state, self.disabled_because, self.disabled_at = self.State.ENABLED, "", None

    def disable(self, because: str, now: datetime) -> None:
        """Ends the sending, in memory."""
        self.state, self.disabled_because, self.disabled_at = self.State.DISABLED, because, now


class KnownOrder(models.Model):
    """Whose order it is, which `OrderPlaced` says; and what was heard of it before, which its owner may want to hear.

    The row is also the lock by which of two events at the same time one sees the other.
    """

    order_id = models.UUIDField(primary_key=True)
    customer_id = models.BigIntegerField(null=True)
    untold = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))

    def __str__(self) -> str:
        return str(self.order_id)


class Webhook(models.Model):
    """A public event for one endpoint, word for word as it is sent."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"  # every try has failed
        DROPPED = "dropped"  # the endpoint was disabled or deleted first

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="webhooks")
    order_id = models.UUIDField()
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=200)
    body = models.TextField(help_text="signed as it stands here")
    state = models.CharField(max_length=10, choices=State, db_default=State.PENDING)
    round = models.PositiveIntegerField(db_default=1, help_text="how often it was sent anew, counted from 1")
    tries = models.PositiveSmallIntegerField(db_default=0, help_text="in this round")
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "event_id"], name="webhook_once")]
        indexes = [models.Index(fields=["endpoint", "-created_at"], name="webhook_newest_first")]

    def __str__(self) -> str:
        return f"{self.event_type} of order {self.order_id}"

    def end(self, state: State, now: datetime) -> None:
        """Comes to its end, in memory."""
        self.state, self.done_at = state, now


class Attempt(models.Model):
    """One try to send a webhook: the status that the endpoint answered, or why it could not answer."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="attempts")
    made_at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.status or self.error} for {self.webhook_id}"
