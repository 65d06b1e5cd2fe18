"""I6 and I9: each order's events are a history that can have happened, and everybody's rows say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import connection

from config.invariants.invariant import Invariant
from config.invariants.protocol import EXCLUDES, NEEDS, STATED_BY, STATES
from orders.status import CANCELLED, CLOSING, FOLDED, LATE, SHIPPED, status_of

NAMES = "(SELECT order_id, array_agg(DISTINCT name::text) AS names FROM outbox_event GROUP BY order_id) AS history"


def sets_of_names() -> Mapping[str, Any]:
    """The status that each set of events amounts to; there are few sets, however many orders."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT seen::text FROM orders_order")
        found = [msgspec.json.decode(seen, type=list[str]) for (seen,) in cursor.fetchall()]
    return {"folds": msgspec.json.encode([{"seen": seen, "status": status_of(set(seen))} for seen in found]).decode()}


def _as_json(pairs: object) -> dict[str, Any]:
    return {"rules": msgspec.json.encode(pairs).decode()}


HISTORY = (
    Invariant(
        code="I6",
        promise="the cause of every event exists, and is older",
        things="positions of events",
        sql="""
            SELECT event.position FROM outbox_event event
            LEFT JOIN outbox_event cause ON cause.id::text = event.cause_id AND cause.position < event.position
            WHERE event.cause_kind = 'event' AND cause.id IS NULL
            UNION ALL
            SELECT event.position FROM outbox_event event CROSS JOIN jsonb_array_elements_text(event.also_needed) needed
            LEFT JOIN outbox_event cause ON cause.id::text = needed AND cause.position < event.position
            WHERE event.also_needed <> '[]' AND cause.id IS NULL""",
    ),
    Invariant(
        code="I6",
        promise="every event was preceded by what it needs, and nothing happened that excludes it",
        things="orders",
        sql=f"""
            SELECT order_id FROM {NAMES}
            JOIN jsonb_to_recordset(%(rules)s) AS rule (name text, needs text[], bars text[]) ON rule.name = ANY (names)
            WHERE NOT names && rule.needs OR names && rule.bars""",
        parameters=lambda: _as_json(
            [{"name": name, "needs": needs, "bars": EXCLUDES.get(name, ())} for name, needs in NEEDS.items()]
        ),
    ),
    Invariant(
        code="I6",
        promise="every order has been placed, and there are events of orders only",
        things="orders",
        sql="""
            SELECT coalesce(orders_order.id, placed.order_id) FROM orders_order FULL JOIN (
                SELECT order_id, bool_or(name = 'orders.OrderPlaced') AS known FROM outbox_event GROUP BY order_id
            ) AS placed ON order_id = orders_order.id
            WHERE orders_order.id IS NULL OR known IS NOT TRUE""",
    ),
    Invariant(
        code="I6",
        promise="each status is what the events seen amount to",
        things="orders",
        sql="""
            SELECT id FROM orders_order
            JOIN jsonb_to_recordset(%(folds)s) AS fold (seen jsonb, status text) USING (seen)
            WHERE orders_order.status <> fold.status""",
        parameters=sets_of_names,
    ),
    Invariant(
        code="I9",
        promise="each order has seen the events delivered to it, and none that never happened",
        things="orders",
        sql="""
            SELECT id FROM orders_order LEFT JOIN (
                SELECT event.order_id, jsonb_agg(DISTINCT name) AS happened,
                       jsonb_agg(DISTINCT name) FILTER (WHERE state IN ('done', 'ignored')) AS heard
                FROM outbox_event event LEFT JOIN outbox_delivery delivery
                    ON event_id = position AND reaction_id = 'orders.track_progress'
                WHERE name = ANY (%(folded)s) GROUP BY event.order_id) AS history ON order_id = id
            WHERE NOT seen <@ coalesce(happened, '[]') OR NOT coalesce(heard, '[]') <@ seen""",
        parameters=lambda: {"folded": list(FOLDED)},
    ),
    Invariant(
        code="I9",
        promise="no order is both shipped and cancelled",
        things="orders",
        sql="""
            SELECT order_id FROM outbox_event WHERE name IN (%(shipped)s, %(cancelled)s)
            GROUP BY order_id HAVING count(DISTINCT name) > 1
            UNION ALL SELECT id FROM orders_order WHERE cancelled_at IS NOT NULL AND status IN ('shipped', 'delivered')
            UNION ALL SELECT id FROM orders_order WHERE status = 'inconsistent'""",
        parameters=lambda: {"shipped": SHIPPED, "cancelled": CANCELLED},
    ),
    # Late money opens a book that was closed; its refund closes it again.
    Invariant(
        code="I9",
        promise="each module has closed the book of a cancelled order once, and once more after late money",
        things="orders",
        sql="""
            SELECT id FROM orders_order CROSS JOIN jsonb_to_recordset(%(rules)s) AS book (app text, closing text[])
            LEFT JOIN LATERAL (
                SELECT count(*) FILTER (WHERE name = ANY (closing)) AS closed, bool_or(name = %(late)s) AS late
                FROM outbox_event WHERE order_id = orders_order.id) AS history ON true
            WHERE status = 'cancelled' AND closed NOT BETWEEN 1
                AND CASE WHEN late AND app = 'payments' THEN 2 ELSE 1 END""",
        parameters=lambda: {
            **_as_json([{"app": app, "closing": closing} for app, closing in CLOSING.items()]),
            "late": LATE,
        },
    ),
    Invariant(
        code="I9",
        promise="every module's row is in a state that its events have stated",
        things="orders",
        sql=f"""
            SELECT row.order_id FROM ({STATES}) AS row
            JOIN jsonb_to_recordset(%(rules)s) AS rule (app text, state text, stated text[]) USING (app, state)
            LEFT JOIN {NAMES} USING (order_id) WHERE NOT coalesce(names && rule.stated, false)""",
        parameters=lambda: _as_json(
            [{"app": app, "state": state, "stated": stated} for (app, state), stated in STATED_BY.items()]
        ),
    ),
    Invariant(
        code="I9",
        promise="no reaction has answered what its contract does not declare",
        things="deliveries",
        sql="SELECT id FROM outbox_delivery WHERE drift <> ''",
    ),
)
