"""What orders owns: the price list and the orders."""

import uuid_utils.compat
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

# What orders accepts as a payment method. Which methods exist is payments' knowledge: one that it does not know is
# declined there. (\Z, for $ would accept a trailing newline.)
PAYMENT_METHOD = RegexValidator(r"\Apm_[A-Za-z0-9_]{1,60}\Z", "A payment method looks like pm_card_ok.")


class Product(models.Model):
    """An entry of the price list. The SKU is all that orders shares with inventory."""

    sku = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    unit_price = models.BigIntegerField(help_text="in the currency's minor unit")
    currency = models.CharField(max_length=3, default="EUR", help_text="ISO 4217")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(unit_price__gte=0), name="product_price_not_negative")]

    def __str__(self) -> str:
        return self.sku


class Status(models.TextChoices):
    """Derived from the set of the order's events; see `orders.status`."""

    PLACED = "placed"
    RESERVED = "reserved"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    INCONSISTENT = "inconsistent"


class Order(models.Model):
    """An order as its customer placed it, and the status that its events amount to."""

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    number = models.CharField(max_length=20, unique=True)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders")
    customer_email = models.EmailField()
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField(help_text="in the currency's minor unit")
    payment_method = models.CharField(max_length=100, validators=[PAYMENT_METHOD])
    ship_to = models.JSONField()
    placed_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, default=Status.PLACED)
    seen = models.JSONField(default=list, help_text="the names of the events folded into the status, sorted")
    status_since = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=20, blank=True, db_default="")
    sandbox = models.BooleanField(default=False, help_text="nothing of it is real")

    class Meta:
        permissions = [("request_cancel", "Can request that an order be cancelled")]
        constraints = [models.CheckConstraint(condition=models.Q(total__gte=0), name="order_total_not_negative")]
        indexes = [
            models.Index(fields=["customer", "-placed_at", "-id"], name="order_of_customer"),
            models.Index(fields=["-placed_at", "-id"], name="order_newest_first"),
            models.Index(fields=["status", "status_since"], name="order_by_status"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sku"], name="order_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="order_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class CancellationRequest(models.Model):
    """Somebody wants the order cancelled. What becomes of it shows in the order, but for the refusal, noted here.

    There is at most one an order: whoever asks again is told of the first, and what was refused stays refused.
    """

    class Why(models.TextChoices):
        CHANGED_MIND = "changed_mind"
        ORDERED_BY_MISTAKE = "ordered_by_mistake"
        TAKES_TOO_LONG = "takes_too_long"
        FRAUD = "fraud"
        OTHER = "other"

    class By(models.TextChoices):
        CUSTOMER = "customer"
        STAFF = "staff"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="cancellation_request")
    reason = models.CharField(max_length=20, choices=Why, default=Why.OTHER)
    note = models.CharField(max_length=500, blank=True)
    requested_by = models.CharField(max_length=10, choices=By)
    requested_at = models.DateTimeField(db_default=Now())
    rejected_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"cancellation of order {self.order_id}"
