"""I2: the payments are what the provider's own ledger says, and nobody pays twice or for nothing.

The ledger is a copy in `ledger_charge` and `ledger_refund`; see `config.invariants.ledgers`. A payment that is being
captured or refunded is in the provider's hands: the ledger may know more of it than we do.
"""

from functools import partial

from config.invariants.invariant import Invariant

# What the provider has of each order's money: a row for every charge that was not declined.
KEPT = """
WITH kept AS (
    SELECT payment.order_id, charge.amount - coalesce(sum(refund.amount), 0) AS amount,
        coalesce(sum(refund.amount) FILTER (WHERE split_part(refund.key, ':', 2) = 'part'), 0) AS in_parts
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
                WHEN state IN ('waiting', 'in_grace', 'expired', 'voided') THEN charge.key IS NULL
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
                WHEN 'refunded' THEN CASE WHEN payment.amount = given_back AND given_back > 0 THEN refund.key IS NULL
                    ELSE coalesce(refund.refused = '' AND refund.reference = refund_ref
                    AND refund.amount = payment.amount - given_back AND refund.currency = payment.currency, false) END
                WHEN 'refund_failed' THEN coalesce(refund.refused = refund_code AND refund_code <> '', false)
                ELSE refund.key IS NULL END""",
    ),
    ledgered(
        promise="each refund of a part is as in the ledger, and the ledger has no other",
        things="refunds",
        sql="""
            SELECT coalesce(part.id::text, refund.key) FROM (
                SELECT part.*, payment.currency, provider,
                    concat_ws(':', payment_id, 'part', part.id, part.attempt) AS key
                FROM payments_refund part JOIN payments_payment payment ON payment.id = payment_id) AS part
            LEFT JOIN ledger_refund refund USING (key)
            WHERE provider IN ('', 'sandbox') AND NOT CASE state
                WHEN 'refunding' THEN true
                WHEN 'refunded' THEN coalesce(refund.refused = '' AND refund.reference = provider_ref
                    AND refund.amount = part.amount AND refund.currency = part.currency, false)
                ELSE coalesce(refund.refused = code AND code <> '', false) END
            UNION ALL
            SELECT key FROM ledger_refund WHERE split_part(key, ':', 2) = 'part' AND NOT EXISTS (
                SELECT FROM payments_refund WHERE id::text = split_part(key, ':', 3)
                AND payment_id::text = payment AND attempt >= split_part(key, ':', 4)::int)""",
    ),
    Invariant(
        code="I2",
        promise="what has gone back of each payment in parts, and what is about to, is the sum of its refunds",
        things="orders",
        sql="""
            SELECT payment.order_id FROM payments_payment payment LEFT JOIN (
                SELECT payment_id, sum(amount) FILTER (WHERE state = 'refunded') AS back,
                    sum(amount) FILTER (WHERE state = 'refunding') AS going
                FROM payments_refund GROUP BY payment_id) AS parts ON payment_id = payment.id
            WHERE given_back <> coalesce(back, 0) OR giving_back <> coalesce(going, 0)
                OR giving_back > 0 AND state <> 'captured'""",
    ),
    ledgered(
        promise="no order is charged twice",
        sql=f"{KEPT} SELECT order_id FROM kept GROUP BY order_id HAVING count(*) > 1",
    ),
    ledgered(
        promise="what is kept of an order's money is nothing or its total, without what has gone back in parts",
        sql=f"""{KEPT} SELECT order_id FROM kept LEFT JOIN orders_order ON orders_order.id = order_id
            WHERE amount NOT IN (0, coalesce(total, 0) - in_parts)""",
    ),
    ledgered(
        promise="nothing but late money is kept of a cancelled order's, and all of a shipped one's but those parts",
        sql=f"""{KEPT} SELECT orders_order.id FROM orders_order LEFT JOIN kept ON kept.order_id = orders_order.id
            WHERE (status = 'cancelled' AND coalesce(amount, 0) <> 0
                AND NOT EXISTS (SELECT FROM payments_payment payment
                                WHERE payment.order_id = orders_order.id AND late AND state <> 'refunded'))
            OR (status IN ('shipped', 'delivered') AND coalesce(amount + in_parts, 0) <> total
                AND NOT EXISTS (SELECT FROM payments_payment payment
                                WHERE payment.order_id = orders_order.id AND provider NOT IN ('', 'sandbox')))""",
    ),
)
