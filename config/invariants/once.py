"""I3, I5 and I7: every order comes to its end, and what is to happen to it once happens once."""

from config.invariants.invariant import Invariant
from config.invariants.protocol import SAID_ONCE
from orders.status import SETTLED
from shipping.sandbox import SandboxCarrier

ONCE = (
    Invariant(
        code="I3",
        promise="every order is settled",
        things="orders",
        sql="SELECT id FROM orders_order WHERE status <> ALL (%(settled)s)",
        parameters=lambda: {"settled": [str(status) for status in SETTLED]},
        at_rest=True,
    ),
    *(
        Invariant(
            code="I5",
            promise=f"no order has two {plural}",
            things="orders",
            sql=f"SELECT order_id FROM {table} GROUP BY order_id HAVING count(*) > 1",
        )
        for plural, table in (
            ("reservations", "inventory_reservation"),
            ("payments", "payments_payment"),
            ("shipments", "shipping_shipment"),
        )
    ),
    Invariant(
        code="I5",
        promise="no mail is sent to a customer twice",
        things="orders",
        sql="SELECT order_id FROM notifications_mail GROUP BY order_id, template HAVING count(*) > 1",
    ),
    Invariant(
        code="I5",
        promise="nothing that can happen to an order only once has happened to it twice",
        things="orders",
        sql="SELECT order_id FROM outbox_event WHERE name = ANY (%(once)s) GROUP BY order_id, name HAVING count(*) > 1",
        parameters=lambda: {"once": list(SAID_ONCE)},
    ),
    Invariant(
        code="I5",
        promise="each shipment is as its label in the carrier's ledger",
        things="orders",
        sql="""
            SELECT order_id FROM shipping_shipment LEFT JOIN ledger_label label ON key = id::text
            WHERE carrier IN ('', %(carrier)s) AND NOT CASE state
                WHEN 'buying' THEN true
                WHEN 'shipped' THEN coalesce(label.refused = '' AND label.tracking_number
                    = shipping_shipment.tracking_number, false)
                WHEN 'failed' THEN coalesce(label.refused = failure AND failure <> '', false)
                ELSE key IS NULL END""",
        parameters=lambda: {"carrier": SandboxCarrier.name},
        needs="carrier",
    ),
    Invariant(
        code="I7",
        promise="no key of a user has been answered twice, and no order belongs to two keys",
        things="keys",
        sql="""
            SELECT min(key) FROM api_idempotencykey GROUP BY user_id, route, key HAVING count(*) > 1
            UNION ALL
            SELECT unnest(array_agg(key)) FROM api_idempotencykey
            WHERE route = 'POST /api/v1/orders' AND status_code = 201
            GROUP BY body::jsonb ->> 'id' HAVING count(*) > 1""",
    ),
    Invariant(
        code="I7",
        promise="every order that was answered for exists, and is its customer's",
        things="keys",
        sql="""
            SELECT key FROM api_idempotencykey answered LEFT JOIN orders_order
                ON orders_order.id::text = body::jsonb ->> 'id' AND customer_id = user_id
            WHERE route = 'POST /api/v1/orders' AND status_code = 201 AND orders_order.id IS NULL""",
    ),
)
