"""The engine's tables. Only the engine writes to them, in SQL; everybody may read the history.

Foreign keys inside the engine carry no database constraint: the engine's own statements copy the ids from the rows
they point to, and a check on each of a dozen deliveries an order would cost more than it could find.
"""

from django.db import models
from django.db.models.functions import Now

# "as": these are tables of the engine, too, and imported from here.
from outbox.operations.models import FailureGroup as FailureGroup
from outbox.operations.models import FailureHour as FailureHour
from outbox.operations.models import MutedContract as MutedContract
from outbox.operations.models import Note as Note
from outbox.operations.models import Operation as Operation
from outbox.operations.models import OperationItem as OperationItem


class Event(models.Model):
    """A fact. Immutable: a trigger refuses UPDATE and DELETE, except from retention and scrubbing."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    name = models.CharField(max_length=200)
    version = models.PositiveSmallIntegerField(default=1)
    order_id = models.UUIDField(help_text="the order, which is the correlation of every event")
    payload = models.JSONField()
    cause_kind = models.CharField(
        max_length=10, choices=[(kind, kind) for kind in ("event", "request", "operation", "system")]
    )
    cause_id = models.CharField(max_length=64, blank=True, help_text="id of the event, request or operation")
    also_needed = models.JSONField(default=list, help_text="ids of the other events that a join had waited for")
    producer = models.CharField(max_length=200, help_text="the reaction, endpoint or command that published it")
    actor = models.CharField(max_length=200, blank=True)
    traceparent = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["order_id", "position"], name="event_order"),
            models.Index(fields=["name", "position"], name="event_name"),
            models.Index(fields=["cause_id"], name="event_of_request", condition=models.Q(cause_kind="request")),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.position}"

    @property
    def app(self) -> str:
        return self.name.partition(".")[0]


class PendingEvent(models.Model):
    """The mark beside an event that the relay has not fanned out yet."""

    event = models.OneToOneField(Event, models.DO_NOTHING, primary_key=True, db_constraint=False)

    def __str__(self) -> str:
        return f"pending #{self.event_id}"


class Reference(models.Model):
    """A value by which people look for an order, out of its events; see `outbox.references`."""

    pk = models.CompositePrimaryKey("value", "order_id", "kind")
    value = models.CharField(max_length=200, help_text="in small letters; of what is personal the SHA-256 digest")
    order_id = models.UUIDField()
    kind = models.CharField(max_length=100, help_text="the name of the field that is Findable")

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}"


class Reaction(models.Model):
    """A reaction that some release has registered: what a relay needs to know to serve it without having its code."""

    id = models.CharField(max_length=200, primary_key=True)
    app = models.CharField(max_length=100)
    queue = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=300, blank=True)
    contract = models.JSONField()
    batch_size = models.PositiveIntegerField()
    credit = models.PositiveSmallIntegerField()
    folds = models.BooleanField(default=False)
    is_effect = models.BooleanField(default=False)
    paused = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.id


class Subscription(models.Model):
    """A reaction listens to an event. Added when migrating, retired only by the command `retire`."""

    reaction = models.ForeignKey(Reaction, models.CASCADE, related_name="subscriptions")
    event_name = models.CharField(max_length=200)
    since = models.BigIntegerField(default=0, help_text="it hears the events after this position")
    after_seconds = models.FloatField(default=0)
    after_field = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reaction", "event_name"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.reaction_id} <- {self.event_name}"


class Dispatch(models.Model):
    """One Celery message: one reaction and the deliveries that it carries. Its id is the fencing token."""

    id = models.BigAutoField(primary_key=True)
    reaction = models.ForeignKey(Reaction, models.DO_NOTHING, db_constraint=False)
    size = models.PositiveIntegerField()
    sent_at = models.DateTimeField(db_default=Now())
    lease_seconds = models.FloatField()
    lease_until = models.DateTimeField()
    careful = models.BooleanField(default=False, help_text="its predecessor was started and never closed")
    started = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "dispatches"
        indexes = [models.Index(fields=["reaction"], name="dispatch_open", condition=models.Q(closed_at=None))]

    def __str__(self) -> str:
        return f"dispatch {self.pk}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    DISPATCHED = "dispatched"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"
    SKIPPED = "skipped"
    ORPHANED = "orphaned"


class Delivery(models.Model):
    """One event for one reaction: what became of it. The acknowledgement that counts."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries")
    reaction = models.ForeignKey(Reaction, models.DO_NOTHING, db_constraint=False, db_index=False)
    order_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    dispatch = models.ForeignKey(Dispatch, models.DO_NOTHING, null=True, db_constraint=False, db_index=False)
    called_at = models.DateTimeField(null=True, help_text="an effect has committed its intent, so it may have called")
    outcome = models.TextField(blank=True, help_text="what it emitted or waits for, why it was ignored or parked")
    drift = models.TextField(blank=True, help_text="how the answer departed from the contract")
    done_at = models.DateTimeField(null=True)
    failure_group = models.ForeignKey(FailureGroup, models.DO_NOTHING, null=True, db_constraint=False, db_index=False)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "reaction"], name="delivery_once")]
        indexes = [
            models.Index(
                fields=["reaction", "due_at", "id"], name="delivery_waiting", condition=models.Q(state="waiting")
            ),
            models.Index(fields=["dispatch"], name="delivery_dispatched", condition=models.Q(state="dispatched")),
            models.Index(fields=["reaction", "id"], name="delivery_parked", condition=models.Q(state="parked")),
            models.Index(
                fields=["failure_group", "id"],
                name="delivery_failing",
                condition=models.Q(failure_group__isnull=False, state__in=["waiting", "dispatched", "parked"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reaction_id} of #{self.event_id}"


class Attempt(models.Model):
    """A run of a delivery that failed."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="failed_attempts")
    number = models.PositiveSmallIntegerField()
    failed_at = models.DateTimeField(db_default=Now())
    exception = models.CharField(max_length=200)
    message = models.TextField(blank=True)
    traceback = models.TextField(blank=True)
    worker = models.CharField(max_length=200, blank=True)
    task_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["task_id"], name="attempt_of_task")]

    def __str__(self) -> str:
        return f"attempt {self.number} of delivery {self.delivery_id}"


class Heartbeat(models.Model):
    """A sign of life of one process: a relay, or a worker with the queues that it consumes."""

    name = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=20, choices=[("relay", "relay"), ("worker", "worker")])
    queues = models.JSONField(default=list)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())
    note = models.TextField(blank=True, help_text="what keeps it from working, in its own words")

    def __str__(self) -> str:
        return self.name


class RejectedMessage(models.Model):
    """A message on a queue that was not one of ours; recorded before it is rejected, the newest 1,000 are kept."""

    rejected_at = models.DateTimeField(db_default=Now())
    queue = models.CharField(max_length=200, blank=True)
    reason = models.TextField()
    headers = models.TextField(blank=True)
    body = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"rejected message {self.pk}"
