"""Waking the relay: a hint, never the truth. The relay looks by itself every second."""

from django.db import connection, transaction

CHANNEL = "outbox"


def notify_relay() -> None:
    """Wakes the relay once the transaction has committed.

    The NOTIFY is a statement of its own: inside the publishing transaction it would take a lock of the whole
    database server at commit, and with many writers that lock costs more than half of the throughput.
    """
    transaction.on_commit(_notify, robust=True)


def _notify() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
