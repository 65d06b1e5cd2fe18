"""What others have got wrong in shops: stock, money, requests, pages."""

from __future__ import annotations

from tests.planted_bugs.bug import Bug, Change

BUGS = (
    Bug(
        "the stock is looked at and changed later, unlocked",
        (
            Change(
                "inventory/services/reserving.py",
                'Stock.objects.select_for_update(no_key=True).filter(sku__in=skus).order_by("sku")',
                'Stock.objects.filter(sku__in=skus).order_by("sku")',
            ),
            Change(
                "inventory/migrations/0001_initial.py",
                "models.Q(('reserved__gte', 0), ('reserved__lte', models.F('on_hand')))",
                "models.Q(('reserved__gte', 0))",
            ),
        ),
        ("tests/domain/test_inventory.py::TestAtTheSameTime", "tests/races/test_stock.py"),
    ),
    Bug(
        "stock is locked in the order in which it was ordered",
        (
            Change(
                "inventory/services/reserving.py",
                """    rows = Stock.objects.select_for_update(no_key=True).filter(sku__in=skus).order_by("sku")
    return Counter({stock.sku: stock.available for stock in rows})""",
                """    ordered = list(dict.fromkeys(line.sku for of_order in lines.values() for line in of_order))
    locked = [Stock.objects.select_for_update(no_key=True).filter(sku=sku).first() for sku in ordered]
    return Counter({stock.sku: stock.available for stock in locked if stock})""",
            ),
        ),
        ("tests/domain/test_inventory.py::TestAtTheSameTime", "tests/races/test_stock.py"),
    ),
    Bug(
        "the provider is asked under a new key each time",
        (
            Change(
                "payments/services/capturing.py",
                "key=payment.idempotency_key,",
                "key=f\"{payment.idempotency_key}:{__import__('uuid').uuid4()}\",",
            ),
        ),
    ),
    Bug(
        "an event is published after the commit of what it reports",
        (
            Change(
                "orders/services/placing.py",
                """        publish(
            OrderPlaced(""",
                """        transaction.on_commit(lambda: _later(
            OrderPlaced(""",
            ),
            Change(
                "orders/services/placing.py",
                "                sandbox=order.sandbox,\n            )\n        )\n",
                "                sandbox=order.sandbox,\n            )\n        ))\n",
            ),
            Change(
                "orders/services/placing.py",
                "def _insert(",
                "def _later(event: OrderPlaced) -> None:\n    with transaction.atomic():\n        publish(event)\n\n\n"
                "def _insert(",
            ),
        ),
    ),
    Bug(
        "an idempotency key counts for all users",
        (
            Change("api/idempotency.py", "ON CONFLICT (user_id, route, key) DO NOTHING", "ON CONFLICT DO NOTHING"),
            Change("api/migrations/0001_initial.py", "fields=('user', 'route', 'key')", "fields=('route', 'key')"),
            Change(
                "api/idempotency.py",
                "IdempotencyKey.objects.filter(**scope._asdict())",
                "IdempotencyKey.objects.filter(route=scope.route, key=scope.key)",
            ),
        ),
        ("tests/api/test_idempotency.py",),
    ),
    Bug(
        "captured money of a cancelled order is kept",
        (
            Change(
                "payments/services/closing.py",
                "        return start_refund(payment)\n",
                '        return Ignored(order_id, "it is captured")\n',
            ),
        ),
    ),
    Bug(
        "an outcome is shown as it was written, markup and all",
        (
            Change(
                "outbox/templates/outbox/long_text.html",
                "{% else %}{{ text|or_dash }}",
                "{% else %}{{ text|or_dash|safe }}",
            ),
        ),
        ("tests/admin",),
    ),
)
