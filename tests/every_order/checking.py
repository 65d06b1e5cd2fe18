"""`manage.py verify` many thousand times: its invariants, planned once by the database and asked after every step.

The invariants are those of `config.invariants`, none is written a second time. Only the ledgers are not copied: they
lie in the same database here, so views under the copies' names show them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from config.invariants import INVARIANTS, Invariant, examine
from config.invariants.history import sets_of_names
from config.invariants.ledgers import CHARGES, LABELS, REFUNDS
from outbox.models import Delivery
from tests.every_order.companies import outside

LEDGERS = {
    "ledger_charge (key, amount, currency, reference, declined, payment)": CHARGES,
    "ledger_refund (key, amount, currency, reference, refused, charge, payment)": REFUNDS,
    "ledger_label (key, tracking_number, refused)": LABELS,
}
PARKED = "no delivery is parked"
IN_DOUBT = "may have been done"

# Those whose parameters depend on what is in the database are asked by themselves.
FIXED = [invariant for invariant in INVARIANTS if invariant.parameters is not sets_of_names]
CHANGING = [invariant for invariant in INVARIANTS if invariant.parameters is sets_of_names]


def get_ready() -> None:
    """Has the database plan everything, for this connection."""
    with connection.cursor() as cursor:
        for view, select in LEDGERS.items():
            cursor.execute(f"CREATE TEMP VIEW {view} AS {composed(select, ['infinity'])}")
        cursor.execute(f"PREPARE always AS {_all(FIXED, at_rest=False)}")
        cursor.execute(f"PREPARE at_rest AS {_all(FIXED, at_rest=True)}")


def composed(sql: str, parameters: Mapping[str, Any] | Sequence[Any]) -> str:
    """Returns the statement with its parameters in it."""
    with connection.cursor() as cursor:
        statement: str = cursor.cursor.mogrify(sql, parameters)
    return statement


def clear_up() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL; DROP VIEW ledger_charge, ledger_refund, ledger_label")


def _all(invariants: Iterable[Invariant], *, at_rest: bool) -> str:
    asked = (
        f"SELECT {composed('%s', [invariant.promise])}, id::text FROM ("
        f"{composed(invariant.sql, invariant.parameters())}) AS found (id)"
        for invariant in invariants
        if invariant.at_rest <= at_rest
    )
    return " UNION ALL ".join(asked)


def assert_sound(*, at_rest: bool = False, may_be_in_doubt: bool = False) -> None:
    """Every invariant holds; `at_rest` also those that have to when nothing is under way any more.

    A mail that may be in doubt waits for an operator; it is the only thing that may.
    """
    with connection.cursor() as cursor:
        cursor.execute("EXECUTE at_rest" if at_rest else "EXECUTE always")
        broken = cursor.fetchall()
    if at_rest:
        broken += [(invariant.promise, id) for invariant in CHANGING for id in examine(invariant).ids]
    if broken and may_be_in_doubt:
        in_doubt = {str(id) for id in _mails_in_doubt()}
        broken = [(promise, id) for promise, id in broken if promise != PARKED or id not in in_doubt]
    assert not broken, f"does not hold: {broken[0][0]} ({', '.join(sorted(id for _, id in broken))})"
    assert len(outside.mails) == len(set(outside.mails)), "does not hold: no mail is sent twice"


def _mails_in_doubt() -> Iterable[int]:
    parked = Delivery.objects.filter(state="parked", reaction="notifications.send_mail")
    return parked.filter(outcome__startswith=IN_DOUBT).values_list("pk", flat=True)
