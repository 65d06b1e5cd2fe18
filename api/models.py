"""What every endpoint shares in the database: tokens, the answers to idempotent requests, and counters of requests."""

from django.conf import settings
from django.db import models
from knox.models import AbstractAuthToken


class AuthToken(AbstractAuthToken):  # type: ignore[misc]  # knox publishes no types
    """A bearer token of a user, or of a service, of which only the SHA-512 digest is kept."""

    scopes = models.JSONField(null=True, blank=True, help_text="of a service; a user's own token has none")
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = "token"

    def __str__(self) -> str:
        return f"{self.token_key}… of {self.user}"


class IdempotencyKey(models.Model):
    """The answer given to a request, stored in the transaction of what the request did."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    route = models.CharField(max_length=200, help_text="method and route, such as POST /api/v1/orders")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the canonical body")
    status_code = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True, help_text="as it was sent, byte for byte")
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "route", "key"], name="api_answered_once")]
        indexes = [models.Index(fields=["key"], name="api_key_of_anybody")]

    def __str__(self) -> str:
        return self.key


class Throttle(models.Model):
    """How many requests of one kind somebody has made, or a process has set aside, in the minute that ends then.

    The table is not logged: after a crash of the database server everybody begins a new minute.
    """

    key = models.CharField(max_length=200, primary_key=True, help_text="the kind of request, and who makes them")
    used = models.IntegerField()
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
