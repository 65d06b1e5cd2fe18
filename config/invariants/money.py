"""I2: the payments are what the provider's own ledger says, and nobody pays twice or for nothing.

The ledger is a copy in `ledger_charge` and `ledger_refund`; see `config.invariants.ledgers`. A payment that is being
captured or refunded is in the provider's hands: the ledger may know more of it than we do.
"""

from functools import partial

from config.invariants.invariant import Invariant

# What the provider has of each order's money: a row for every charge that was not declined.
KEPT = """
WITH kept AS (
    SELECT payment.order_id, charge.amount - coalesce(sum(refund.amount), 0) AS amount
    FROM ledger_charge charge JOIN payments_payment payment ON payment.id::text = charge.payment
    LEFT JOIN ledger_refund refund ON refund.charge = charge.reference AND refund.refused = ''
    WHERE charge.declined = '' GROUP BY payment.order_id, charge.key, charge.amount)
"""

ledgered = partial(Invariant, code="I2", things="orders", needs="provider")

MONEY = (
    ledgered(
        promise="every charge and refund of the provider's ledger belongs to a payment",
        things="keys in the ledger",
        sql="""
            SELECT key FROM (
                SELECT key, payment FROM ledger_charge UNION ALL SELECT key, payment FROM ledger_refund) AS kept
            WHERE NOT EXISTS (SELECT FROM payments_payment WHERE id::text = kept.payment)""",
    ),
    ledgered(
        promise="each payment is as its charge in the ledger",
        sql="""
            SELECT order_id FROM payments_payment payment
            LEFT JOIN ledger_charge charge ON charge.payment = payment.id::text
            WHERE provider IN ('', 'sandbox') AND NOT CASE
                WHEN state IN ('waiting', 'started', 'expired', 'voided') THEN charge.key IS NULL
                WHEN state = 'capturing' THEN true
                WHEN charge.key IS NULL THEN false
                WHEN state = 'declined' THEN charge.declined = decline_code AND decline_code <> ''
                ELSE charge.declined = '' AND charge.key = payment.id || ':' || attempt
                    AND charge.reference = provider_ref AND charge.currency = payment.currency
                    AND charge.amount IS NOT DISTINCT FROM payment.amount END""",
    ),
    ledgered(
        promise="each payment is as its refund in the ledger",
        sql="""
            SELECT order_id FROM payments_payment payment
            LEFT JOIN ledger_refund refund
                ON refund.payment = payment.id::text AND refund.key = payment.id || ':refund:' || refund_attempt
            WHERE provider IN ('', 'sandbox') AND NOT CASE state
                WHEN 'refunding' THEN true
                WHEN 'refunded' THEN coalesce(refund.refused = '' AND refund.reference = refund_ref
                    AND refund.amount = payment.amount AND refund.currency = payment.currency, false)
                WHEN 'refund_failed' THEN coalesce(refund.refused = refund_code AND refund_code <> '', false)
                ELSE refund.key IS NULL END""",
    ),
    ledgered(
        promise="no order is charged twice",
        sql=f"{KEPT} SELECT order_id FROM kept GROUP BY order_id HAVING count(*) > 1",
    ),
    ledgered(
        promise="what is kept of an order's money is nothing or its total",
        sql=f"""{KEPT} SELECT order_id FROM kept LEFT JOIN orders_order ON orders_order.id = order_id
            WHERE amount NOT IN (0, coalesce(total, 0))""",
    ),
    ledgered(
        promise="nothing is kept of a cancelled order's money, and all of a shipped one's",
        sql=f"""{KEPT} SELECT orders_order.id FROM orders_order LEFT JOIN kept ON kept.order_id = orders_order.id
            WHERE (status = 'cancelled' AND coalesce(amount, 0) <> 0)
            OR (status IN ('shipped', 'delivered') AND coalesce(amount, 0) <> total
                AND NOT EXISTS (SELECT FROM payments_payment payment
                                WHERE payment.order_id = orders_order.id AND provider NOT IN ('', 'sandbox')))""",
    ),
)
