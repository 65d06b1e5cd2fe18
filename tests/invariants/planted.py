"""Changes made by hand, past all services and constraints, each of which breaks a promise."""

from __future__ import annotations


def only(table: str, *columns: str) -> str:
    """Repeats the rows of a table with these columns, which no constraint allows; with new ids."""
    own = ", ".join(columns)
    return f"INSERT INTO {table} (id, {own}) SELECT gen_random_uuid(), {own} FROM {table}"


ORDER = "the order's id"
MUG = "MUG"

# A change in the database of a shipped order, the promise that it breaks, the id named (None: made by the database).
OF_A_SHIPPED_ORDER = [
    (
        "ALTER TABLE inventory_stock DROP CONSTRAINT stock_reserved_within_on_hand; "
        "UPDATE inventory_stock SET on_hand = -1",
        "no stock is negative, nor more of it reserved than on hand",
        MUG,
    ),
    (
        "UPDATE inventory_stock SET reserved = reserved + 1",
        "what is reserved of each SKU is the sum of the open reservations",
        MUG,
    ),
    (
        "UPDATE inventory_reservationline SET quantity = 1",
        "what is held or taken for an order is what was ordered",
        ORDER,
    ),
    ("DELETE FROM payments_payment", "every charge and refund of the provider's ledger belongs to a payment", None),
    ("UPDATE payments_payment SET amount = amount - 1", "each payment is as its charge in the ledger", ORDER),
    ("UPDATE payments_payment SET state = 'refunded'", "each payment is as its refund in the ledger", ORDER),
    (
        "INSERT INTO payments_refund (id, payment_id, order_id, amount, reason, state, attempt, provider_ref, code) "
        "SELECT gen_random_uuid(), id, order_id, 1, 'other', 'refunded', 1, 're_1', '' FROM payments_payment",
        "each refund of a part is as in the ledger, and the ledger has no other",
        None,
    ),
    (
        "UPDATE payments_payment SET given_back = 1",
        "what has gone back of each payment in parts, and what is about to, is the sum of its refunds",
        ORDER,
    ),
    (
        "UPDATE orders_order SET total = total + 1",
        "what is kept of an order's money is nothing or its total, without what has gone back in parts",
        ORDER,
    ),
    (
        "UPDATE orders_order SET status = 'cancelled'",
        "nothing but late money is kept of a cancelled order's, and all of a shipped one's but those parts",
        ORDER,
    ),
    (
        "DELETE FROM outbox_delivery WHERE reaction_id = 'inventory.commit_stock'",
        "every event has a delivery for each reaction that subscribes to it, unless it is yet to be fanned out",
        None,
    ),
    (
        "ALTER TABLE outbox_delivery DROP CONSTRAINT delivery_once; "
        "INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift) "
        "SELECT event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift FROM outbox_delivery LIMIT 1",
        "no event has two deliveries for a reaction",
        None,
    ),
    (
        "UPDATE outbox_delivery SET order_id = gen_random_uuid()",
        "every delivery is of an event, and of its order",
        None,
    ),
    (
        "UPDATE outbox_delivery SET state = 'dispatched'",
        "nothing is dispatched without an open dispatch of its reaction",
        None,
    ),
    (
        "INSERT INTO outbox_pendingevent SELECT position FROM outbox_event; "
        "UPDATE outbox_event SET occurred_at = now() - interval '1 hour'",
        "no event has waited longer than 60 s to be fanned out",
        None,
    ),
    ("UPDATE outbox_delivery SET state = 'parked'", "no delivery is parked", None),
    ("UPDATE orders_order SET status = 'paid'", "every order is settled", ORDER),
    (
        "ALTER TABLE inventory_reservation DROP CONSTRAINT inventory_reservation_order_id_key; "
        + only("inventory_reservation", "order_id", "state"),
        "no order has two reservations",
        ORDER,
    ),
    (
        "ALTER TABLE payments_payment DROP CONSTRAINT payments_payment_order_id_key; "
        + only("payments_payment", "order_id", "currency", "method", "state"),
        "no order has two payments",
        ORDER,
    ),
    (
        "ALTER TABLE shipping_shipment DROP CONSTRAINT shipping_shipment_order_id_key; "
        + only("shipping_shipment", "order_id", "state"),
        "no order has two shipments",
        ORDER,
    ),
    (
        "ALTER TABLE notifications_mail DROP CONSTRAINT mail_once; UPDATE notifications_mail SET template = 'placed'",
        "no mail is sent to a customer twice",
        ORDER,
    ),
    (
        "UPDATE outbox_event SET name = 'shipping.OrderShipped' WHERE name = 'inventory.StockCommitted'",
        "nothing that can happen to an order only once has happened to it twice",
        ORDER,
    ),
    (
        "UPDATE shipping_shipment SET tracking_number = 'SP0'",
        "each shipment is as its label in the carrier's ledger",
        ORDER,
    ),
    (
        "UPDATE outbox_event SET cause_id = gen_random_uuid()::text WHERE cause_kind = 'event'",
        "the cause of every event exists, and is older",
        None,
    ),
    (
        "DELETE FROM outbox_event WHERE name = 'payments.PaymentCaptured'",
        "every event was preceded by what it needs, and nothing happened that excludes it",
        ORDER,
    ),
    (
        "DELETE FROM outbox_event WHERE name = 'orders.OrderPlaced'",
        "every order has been placed, and there are events of orders only",
        ORDER,
    ),
    ("UPDATE orders_order SET status = 'delivered'", "each status is what the events seen amount to", ORDER),
    (
        "UPDATE orders_order SET seen = '[]', status = 'placed'",
        "each order has seen the events delivered to it, and none that never happened",
        ORDER,
    ),
    (
        "UPDATE outbox_event SET name = 'orders.OrderCancelled' WHERE name = 'inventory.StockCommitted'",
        "no order is both shipped and cancelled",
        ORDER,
    ),
    (
        "UPDATE orders_order SET status = 'cancelled'",
        "each module has closed the book of a cancelled order once, and once more after late money",
        ORDER,
    ),
    (
        "UPDATE inventory_reservation SET state = 'released'",
        "every module's row is in a state that its events have stated",
        ORDER,
    ),
    (
        "UPDATE outbox_delivery SET drift = 'two answers'",
        "no reaction has answered what its contract does not declare",
        None,
    ),
]
