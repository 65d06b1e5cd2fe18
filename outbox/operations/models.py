"""The tables of what staff does: operations with the deliveries they are about, failure groups, and notes."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Kind(models.TextChoices):
    """What an operation does. The first four are about deliveries."""

    REDELIVER = "redeliver"
    SKIP = "skip"
    PARK = "park"
    RELEASE = "release"
    PAUSE = "pause"
    RESUME = "resume"
    REVEAL = "reveal"
    MUTE = "mute"
    UNMUTE = "unmute"
    SCENARIO = "scenario"  # of the sandbox's lab: `about` is its code, `order_id` the order that it has placed
    ACT = "act"  # something that an app offers its staff, such as to request a cancellation


NEED_A_REASON = {Kind.SKIP, Kind.PARK, Kind.PAUSE, Kind.REVEAL}


class ItemOutcome(models.TextChoices):
    """What became of one delivery of an operation; nothing is called a success before it is one."""

    PLANNED = "planned"
    RELEASED = "released", "on its way"
    SUCCEEDED = "succeeded"
    NOTHING_TO_DO = "nothing_to_do", "nothing to do"
    FAILED_AGAIN = "failed_again", "failed again"
    SKIPPED = "skipped"
    PARKED = "parked"
    ALREADY_RUNNING = "already_running", "already running"
    ALREADY_DUE = "already_due", "already due"
    ALREADY_DONE = "already_done", "already done"
    ALREADY_PARKED = "already_parked", "already parked"
    NOT_PARKED = "not_parked", "not parked"
    NOT_DUE_YET = "not_due_yet", "a timer, not due yet"
    IN_DOUBT = "in_doubt", "may have been done"
    ORPHANED = "orphaned"
    STOPPED = "stopped", "not begun: stopped"


# Nothing is done to a delivery of which these are said.
LEFT_ALONE = {
    ItemOutcome.ALREADY_RUNNING,
    ItemOutcome.ALREADY_DUE,
    ItemOutcome.ALREADY_DONE,
    ItemOutcome.ALREADY_PARKED,
    ItemOutcome.NOT_PARKED,
    ItemOutcome.NOT_DUE_YET,
    ItemOutcome.IN_DOUBT,
    ItemOutcome.ORPHANED,
}


class FailureGroup(models.Model):
    """Failures with one cause: of the same reaction, with the same exception, from the same place in the apps' code.

    Which deliveries belong to it is noted on them, and how often it failed is counted, when a failure is recorded.
    """

    fingerprint = models.CharField(max_length=64, unique=True)
    reaction = models.ForeignKey("outbox.Reaction", models.DO_NOTHING, db_constraint=False)
    exception = models.CharField(max_length=200)
    frame = models.CharField(max_length=300, blank=True, help_text="the deepest place in the code of an app")
    failures = models.PositiveBigIntegerField(default=0)
    first_seen = models.DateTimeField(db_default=Now())
    last_seen = models.DateTimeField(db_default=Now())
    last_delivery = models.ForeignKey(
        "outbox.Delivery", models.DO_NOTHING, null=True, db_constraint=False, db_index=False
    )
    fixed_at = models.DateTimeField(null=True, help_text="an operation has brought the last of it through")
    muted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-last_seen"], name="failure_group_latest")]

    def __str__(self) -> str:
        return f"{self.exception} in {self.reaction_id}"


class FailureHour(models.Model):
    """How often a group failed in an hour."""

    group = models.ForeignKey(FailureGroup, models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    failures = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "hour"], name="failure_hour_once")]

    def __str__(self) -> str:
        return f"{self.failures} at {self.hour}"


class Operation(models.Model):
    """Something that somebody of the staff has decided: who, what, why, about which deliveries, and what came of it.

    The deliveries are frozen when it is requested. It is open until the outcome of each is known.
    """

    kind = models.CharField(max_length=20, choices=Kind)
    actor = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    about = models.CharField(max_length=300)
    requested_at = models.DateTimeField(db_default=Now())
    order_id = models.UUIDField(null=True)
    reaction = models.ForeignKey("outbox.Reaction", models.DO_NOTHING, null=True, db_constraint=False)
    group = models.ForeignKey(FailureGroup, models.DO_NOTHING, null=True, db_constraint=False)
    rate = models.PositiveSmallIntegerField(null=True, help_text="deliveries a second; none: all at once")
    canary = models.BooleanField(default=False, help_text="the first alone, the others when it has succeeded")
    done_too = models.BooleanField(default=False, help_text="also those that are done or ignored")
    in_doubt_too = models.BooleanField(default=False, help_text="also what may have been done outside already")
    counts = models.JSONField(default=dict, help_text="how many of its deliveries have which outcome")
    outcome = models.TextField(blank=True, help_text="what else there is to say about how it went")
    released_at = models.DateTimeField(null=True, help_text="when it last had deliveries begun")
    stop_requested_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [
            ("redeliver", "Can deliver again, and release what is parked"),
            ("skip", "Can decide that a delivery is not to be done"),
            ("park", "Can park a delivery on purpose"),
            ("pause_reaction", "Can pause and resume a reaction"),
            ("write_note", "Can write a note on an order or a failure group"),
            ("view_sensitive_payload", "Can reveal personal fields"),
            ("examine", "Can have the invariants examined"),
            ("run_scenario", "Can run the scenarios of the sandbox's lab"),
            ("audit", "Can see in one list who did what"),
        ]
        indexes = [
            models.Index(fields=["id"], name="operation_open", condition=models.Q(closed_at=None)),
            models.Index(fields=["order_id", "id"], name="operation_order", condition=~models.Q(order_id=None)),
            models.Index(fields=["group", "id"], name="operation_group", condition=~models.Q(group=None)),
            models.Index(fields=["requested_at"], name="operation_scenario", condition=models.Q(kind="scenario")),
        ]

    def __str__(self) -> str:
        return f"operation {self.pk}"

    @property
    def what(self) -> str:
        """What it does to what, in words."""
        return self.about if self.kind == Kind.ACT else f"{self.kind} {self.about}"


class MutedContract(models.Model):
    """A contract of which the page of silence keeps quiet; who wants that, and why, says the operation.

    It is the answer that is muted: a reaction that promises another one by now is not.
    """

    reaction = models.ForeignKey("outbox.Reaction", models.DO_NOTHING, db_constraint=False)
    answer = models.CharField(max_length=1_000, help_text="what was promised, and is not missed any more")
    until = models.DateTimeField(null=True, help_text="none: until somebody unmutes it")
    operation = models.ForeignKey(Operation, models.DO_NOTHING, db_constraint=False, db_index=False)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["reaction"], name="muted_contract_once")]

    def __str__(self) -> str:
        return f"the contract of {self.reaction_id}"


class OperationItem(models.Model):
    """A delivery that an operation is about: what it was before, and what became of it."""

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="items", db_index=False)
    delivery = models.ForeignKey("outbox.Delivery", models.DO_NOTHING, db_constraint=False, db_index=False)
    order_id = models.UUIDField()
    outcome = models.CharField(max_length=20, choices=ItemOutcome, default=ItemOutcome.PLANNED)
    before = models.TextField(blank=True, help_text="the delivery's state and outcome until then")
    words = models.TextField(blank=True, help_text="the delivery's own words for what came of it")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="failed attempts when it was released")
    released_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operation", "delivery"], name="operation_item_once")]
        indexes = [
            models.Index(fields=["operation", "outcome", "id"], name="operation_item_outcome"),
            models.Index(fields=["order_id", "operation"], name="operation_item_order"),
            models.Index(fields=["delivery", "operation"], name="operation_item_delivery"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: delivery {self.delivery_id}"


class Note(models.Model):
    """What somebody of the staff wrote down about an order or a failure group."""

    order_id = models.UUIDField(null=True)
    group = models.ForeignKey(FailureGroup, models.CASCADE, null=True, related_name="notes")
    actor = models.CharField(max_length=200)
    text = models.TextField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(order_id=None, group__isnull=False) | models.Q(order_id__isnull=False, group=None),
                name="note_is_about_one_thing",
            )
        ]
        indexes = [models.Index(fields=["order_id", "id"], name="note_order", condition=~models.Q(order_id=None))]

    def __str__(self) -> str:
        return f"note {self.pk}"
