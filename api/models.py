"""What every endpoint shares in the database: bearer tokens, and the answers given to idempotent requests."""

from django.conf import settings
from django.db import models
from knox.models import AbstractAuthToken


class AuthToken(AbstractAuthToken):  # type: ignore[misc]  # knox publishes no types
    """A bearer token of a user, of which only the SHA-512 digest is kept."""

    class Meta:
        verbose_name = "token"


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

    def __str__(self) -> str:
        return self.key
