"""Finding the order that a request was answered with, by the request's Idempotency-Key."""

from __future__ import annotations

from uuid import UUID

import msgspec

from api.models import IdempotencyKey

MOST = 10


class _Answered(msgspec.Struct):
    """Of the answer to a request the id of the order, which is all that matters here."""

    id: UUID


def orders_answered_with(key: str) -> list[UUID]:
    """Returns the orders that the newest requests with this key were told of, for as long as the answers are kept."""
    bodies = IdempotencyKey.objects.filter(key=key).order_by("-pk").values_list("body", flat=True)[:MOST]
    return [id for body in bodies if (id := _order_in(body))]


def _order_in(body: str) -> UUID | None:
    try:
        return msgspec.json.decode(body, type=_Answered).id
    except msgspec.DecodeError:
        return None
