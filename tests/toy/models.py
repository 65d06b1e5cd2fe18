"""What the toy app remembers: how often each of its reactions took effect."""

from django.db import models


class Effect(models.Model):
    reaction = models.CharField(max_length=50)
    order_id = models.UUIDField()
    note = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return f"{self.reaction} {self.order_id}"


class Joined(models.Model):
    order_id = models.UUIDField(primary_key=True)
    rung = models.BooleanField(default=False)
    echoed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.order_id)


class FarEnd(models.Model):
    """The ledger of the outside world. The toy's effect writes to it on a connection of its own."""

    key = models.CharField(max_length=100, primary_key=True)
    calls = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.key
