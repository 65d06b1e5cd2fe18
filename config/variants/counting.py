"""Which sequences of events the latest orders went through, how many each, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from orders import status

# Looked at are the latest orders, by their index on the time at which they were placed, and of each its events, by
# theirs on the order: so it costs the same however long the tables are.
MOST_ORDERS = 10_000
SHOWN_VARIANTS, SHOWN_ORDERS = 200, 100
# What these publish says how an order was told of, not how it went; a mail more would make another variant of it.
TELLING = ("notifications", "webhooks")
# What is worth a word beside the status that all the events amount to.
REMARKABLE = {
    status.REFUSED: "out of stock",
    status.DECLINED: "declined",
    status.EXPIRED: "payment expired",
    status.FAILED: "refused by the carrier",
    status.CANCEL_REQUESTED: "cancellation asked for",
    status.CANCEL_REJECTED: "too late to cancel",
    status.LATE: "paid late",
    status.REFUND_FAILED: "refund failed",
    status.REFUNDED: "refunded",
}

TOLD = """
WITH latest AS MATERIALIZED (
    SELECT id, number, status, placed_at FROM orders_order
    WHERE placed_at >= now() - make_interval(secs => %(seconds)s)
    ORDER BY placed_at DESC, id DESC LIMIT %(most)s),
told AS (
    SELECT o.*, coalesce(e.path, '') AS path, e.took,
           left(encode(sha256(convert_to(coalesce(e.path, ''), 'UTF8')), 'hex'), 16) AS key
    FROM latest o CROSS JOIN LATERAL (
        SELECT string_agg(name, ' ' ORDER BY position) AS path, max(occurred_at) - min(occurred_at) AS took
        FROM outbox_event WHERE order_id = o.id AND split_part(name, '.', 1) <> ALL (%(without)s)) e
    WHERE %(settled)s::boolean IS NULL OR (o.status = ANY (%(settled_ones)s)) = %(settled)s)
"""
VARIANTS = """
SELECT key, path, count(*), sum(count(*)) OVER (), count(*) OVER (), (SELECT count(*) FROM latest),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8),
       (array_agg(id ORDER BY placed_at DESC, id DESC))[1], (array_agg(number ORDER BY placed_at DESC, id DESC))[1]
FROM told GROUP BY key, path ORDER BY count(*) * %(direction)s, path LIMIT %(shown)s
"""
ORDERS = """
SELECT path, count(*) OVER (), id, number, status, placed_at, took
FROM told WHERE key = %(key)s ORDER BY placed_at DESC, id DESC LIMIT %(shown)s
"""


@dataclass(frozen=True, kw_only=True)
class Among:
    """Which orders are looked at: those placed within this time, the latest `most`; all, or only those (not) settled.

    With `telling` the events of mails and webhooks count as well.
    """

    within: timedelta
    most: int = MOST_ORDERS
    settled: bool | None = None
    telling: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "seconds": self.within.total_seconds(),
            "most": self.most,
            "settled": self.settled,
            "settled_ones": sorted(status.SETTLED),
            "without": [] if self.telling else list(TELLING),
        }


@dataclass(frozen=True, kw_only=True)
class Path:
    """A sequence of events; `key` tells it from others."""

    key: str
    names: Sequence[str]

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The events, each with how often it happened in a row."""
        return [(name, len(list(run))) for name, run in groupby(self.names)]

    @property
    def label(self) -> str:
        """What has become of an order that went so: `cancelled, declined`."""
        if not self.names:
            return "nothing has happened"
        seen = set(self.names)
        return ", ".join([status.status_of(seen).value, *(words for name, words in REMARKABLE.items() if name in seen)])


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How many orders went this way, what part that is of all, and how long half of them took at most."""

    path: Path
    count: int
    share: float
    p50: timedelta | None
    example: UUID
    example_number: str

    @property
    def percent(self) -> str:
        """The share as `12 %`, or with a digit after the point where it is small."""
        return f"{self.share * 100:.{0 if self.share >= 0.1 else 1}f}\u00a0%"


@dataclass(frozen=True, kw_only=True)
class Variants:
    """The variants found, at most 200 of `different`; `looked_at` orders, of which `orders` were of the kind asked."""

    rows: Sequence[Variant]
    different: int
    orders: int
    looked_at: int


@dataclass(frozen=True, kw_only=True)
class OrderOfVariant:
    """An order, and how long it was from its first event to its last."""

    id: UUID
    number: str
    status: str
    placed_at: datetime
    took: timedelta | None


@dataclass(frozen=True, kw_only=True)
class OrdersOfVariant:
    """The latest 100 of the `count` orders that went this way."""

    path: Path
    count: int
    orders: Sequence[OrderOfVariant]


def variants(among: Among, *, rare_first: bool) -> Variants:
    """Returns the variants of these orders, in one statement."""
    given = {"direction": 1 if rare_first else -1, "shown": SHOWN_VARIANTS}
    rows = _rows(f"{TOLD} {VARIANTS}", among.parameters | given)
    orders, different, looked_at = rows[0][3:6] if rows else (0, 0, 0)
    return Variants(rows=[_variant(row) for row in rows], different=different, orders=int(orders), looked_at=looked_at)


def orders_of(key: str, among: Among) -> OrdersOfVariant | None:
    """Returns which of these orders went the way that has this key, in one statement; None if none did."""
    rows = _rows(f"{TOLD} {ORDERS}", among.parameters | {"key": key, "shown": SHOWN_ORDERS})
    if not rows:
        return None
    found = [
        OrderOfVariant(id=id, number=number, status=word, placed_at=placed_at, took=took)
        for _, _, id, number, word, placed_at, took in rows
    ]
    return OrdersOfVariant(path=Path(key=key, names=rows[0][0].split()), count=rows[0][1], orders=found)


def _variant(row: Sequence[Any]) -> Variant:
    key, path, count, orders, _, _, p50, example, number = row
    return Variant(
        path=Path(key=key, names=path.split()),
        count=count,
        share=count / int(orders),
        p50=None if p50 is None else timedelta(seconds=p50),
        example=example,
        example_number=number,
    )


def _rows(sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())
