"""Masking: personal fields are hidden on every page until somebody who may reveals them, with a reason, for a while."""

from __future__ import annotations

import time
from functools import cache
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from msgspec import inspect

from outbox.events import published_events
from outbox.personal import is_personal

HIDDEN = "•••••"
# Seconds for which what somebody has revealed of an order stays revealed to them.
REVEALED_FOR = 15 * 60
PERMISSION = "outbox.view_sensitive_payload"
_KEY = "revealed"


def masked(name: str, payload: Any) -> Any:
    """Returns the payload of an event with its personal fields hidden.

    Nothing is shown of which nobody here says what it is: fields that the event does not declare (any more), and all
    of an event that no installed app publishes.
    """
    if name not in published_events():
        return _hide_all(payload)
    return _mask(_declared(name), payload)


@cache
def _declared(name: str) -> inspect.Type:
    return inspect.type_info(published_events()[name])


def _mask(info: inspect.Type, value: Any) -> Any:
    match info, value:
        case inspect.Metadata(), _:
            return hidden(value) if is_personal(info) else _mask(info.type, value)
        case inspect.UnionType(types=members), _ if value is not None:
            for member in members:  # whatever one of them hides stays hidden
                value = _mask(member, value)
        case inspect.StructType(fields=fields), dict():
            types = {field.encode_name: field.type for field in fields}
            return {key: _mask(types[key], one) if key in types else hidden(one) for key, one in value.items()}
        case ((inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item)), list()):
            return [_mask(item, one) for one in value]
        case inspect.DictType(value_type=item), dict():
            return {key: _mask(item, one) for key, one in value.items()}
    return value


def _hide_all(payload: Any) -> Any:
    if not isinstance(payload, dict):
        return hidden(payload)
    return {key: value if key == "order_id" else hidden(value) for key, value in payload.items()}


def hidden(value: Any) -> Any:
    """Returns what stands for a personal value: that there is one, and no more; of an address its two ends."""
    if value in (None, "", [], {}):
        return value
    return hidden_email(value) if isinstance(value, str) and "@" in value else HIDDEN


def hidden_email(email: str) -> str:
    """Returns an e-mail address by which one that is known can be recognised: `m•••@•••.org`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@•••.{domain.rpartition('.')[2]}"


def is_revealed(request: HttpRequest, order_id: UUID) -> bool:
    """Whether this user has revealed the personal fields of the order a short while ago, and still may."""
    until = request.session.get(_KEY, {}).get(str(order_id), 0)
    return bool(until > time.time()) and request.user.has_perm(PERMISSION)


def keep_revealed(request: HttpRequest, order_id: UUID) -> None:
    """Shows this user the personal fields of the order for a quarter of an hour."""
    still = {order: until for order, until in request.session.get(_KEY, {}).items() if until > time.time()}
    request.session[_KEY] = still | {str(order_id): time.time() + REVEALED_FOR}


def hide_again(request: HttpRequest, order_id: UUID) -> None:
    """Ends that at once."""
    request.session[_KEY] = {k: v for k, v in request.session.get(_KEY, {}).items() if k != str(order_id)}
