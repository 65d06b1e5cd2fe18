"""The decisions of the protocol, each undone."""

from __future__ import annotations

from tests.planted_bugs.bug import MACHINE, Bug, Change

BUGS = (
    Bug(
        "late money is published as PaymentCaptured",
        (
            Change(
                "payments/services/capturing.py",
                "    return _as(LatePaymentReceived, payment, amount)\n",
                "    return _as(PaymentCaptured, payment, amount)\n",
            ),
        ),
    ),
    Bug(
        "the time to pay begins when the order is placed, not when its stock is reserved",
        (
            Change(
                "payments/reactions.py",
                '@reacts_to("inventory.StockReserved", after=',
                '@reacts_to("orders.OrderPlaced", after=',
            ),
            Change(
                "payments/reactions.py",
                "def expire_payment(reserved: Batch[StockReserved])",
                "def expire_payment(reserved: Batch[OrderPlaced])",
            ),
        ),
        ("tests/domain/test_deadline.py",),
    ),
    Bug(
        "what was not begun when the time to pay is over expires at once",
        (
            Change(
                "payments/services/closing.py",
                "    if payment.state == State.WAITING or order_id in in_grace:\n",
                "    if payment.state == State.WAITING:\n",
            ),
        ),
        ("tests/domain/test_deadline.py",),
    ),
    Bug(
        "the money is taken on the first half of the join",
        (
            Change(
                "payments/services/capturing.py",
                "    if not payment.stock_reserved:\n",
                "    if False:\n",
            ),
        ),
        ("tests/domain/test_payments.py",),
    ),
    Bug(
        "notifications looks the address up in the order",
        (
            Change(
                "notifications/services.py",
                "        email=placed.customer_email,\n",
                "        email=_looked_up(placed.order_id),\n",
            ),
            Change(
                "notifications/services.py",
                "def _one_line(",
                """def _looked_up(order_id: UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_email FROM orders_order WHERE id = %s", [order_id])
        return str(cursor.fetchone()[0])


def _one_line(""",
            ),
        ),
        ("tests/architecture",),
    ),
    Bug(
        "an order is settled when it is cancelled, whatever books are open",
        (
            Change(
                "orders/status.py",
                "SETTLED = frozenset({Status.SHIPPED, Status.DELIVERED, Status.CANCELLED})",
                "SETTLED = frozenset({Status.SHIPPED, Status.DELIVERED, Status.CANCELLED, Status.CANCELLING})",
            ),
        ),
        ("tests/invariants", "tests/domain/test_order_status.py"),
    ),
    Bug(
        "an order that is on its way is not settled",
        (
            Change(
                "orders/status.py",
                "SETTLED = frozenset({Status.SHIPPED, Status.DELIVERED, Status.CANCELLED})",
                "SETTLED = frozenset({Status.DELIVERED, Status.CANCELLED})",
            ),
        ),
    ),
    Bug(
        "orders decides a cancellation alone",
        (
            Change(
                "orders/services/cancelling.py",
                "    if isinstance(event, ShipmentStopRefused):\n        return OrderCancellationRejected(",
                "    if isinstance(event, str):\n        return OrderCancellationRejected(",
            ),
        ),
    ),
    Bug(
        "inventory forgets a cancellation that comes before the order",
        (
            Change(
                "inventory/services/reserving.py",
                "    _move([r for r in reservations if r.state in (State.NEW, State.HELD)], State.RELEASED)\n",
                "    _move([r for r in reservations if r.state == State.HELD], State.RELEASED)\n",
            ),
        ),
        tests=("tests/domain/test_inventory.py", "tests/races/test_stock.py", MACHINE),
    ),
    Bug(
        "a cancellation during the capture is forgotten",
        (
            Change(
                "payments/services/capturing.py",
                "    if payment.state == State.CAPTURING and not payment.cancelled:\n",
                "    if payment.state == State.CAPTURING:\n",
            ),
        ),
    ),
    Bug(
        "a part goes back of a payment that nobody has locked",
        (
            Change(
                "payments/services/giving_back.py",
                "payment = _open(Payment.objects.select_for_update(no_key=True).filter(pk=payment_id).first())",
                "payment = _open(Payment.objects.filter(pk=payment_id).first())",
            ),
        ),
        ("tests/races/test_parts.py",),
    ),
    Bug(
        "a part that is on its way back still counts as left, and the database does not look at the sum",
        (
            Change(
                "payments/models.py",
                "amount=due.amount - self.given_back - self.giving_back",
                "amount=due.amount - self.given_back",
            ),
            Change(
                "payments/migrations/0004_refunds_of_parts.py",
                "django.db.models.expressions.CombinedExpression(models.F('given_back'), '+', models.F('giving_back'))",
                "0",
            ),
        ),
        ("tests/races/test_parts.py",),  # elsewhere a test looks at the constraint alone
    ),
    Bug(
        "a cancellation gives all back, whatever has gone back in parts",
        (
            Change(
                "payments/services/refunding.py",
                "    assert payment.left is not None",
                "    if payment.due:\n        return payment.due\n    assert payment.left is not None",
            ),
        ),
        ("tests/domain/test_partial_refunds.py::TestACancellationAfterwards", "tests/payments_stripe/test_parts.py"),
    ),
    Bug(
        "a refund whose answer was lost is looked for among the newest only, and made again",
        (Change("payments/stripe/provider.py", "in newest.auto_paging_iter():", "in newest.data:"),),
        ("tests/payments_stripe/test_parts.py",),
    ),
)
