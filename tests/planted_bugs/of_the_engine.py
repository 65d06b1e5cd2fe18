"""What others have got wrong in outboxes, relays and workers."""

from __future__ import annotations

from tests.planted_bugs.bug import Bug, Change

BUGS = (
    Bug(
        "a message is acknowledged before its work is done",
        (Change("config/celery_settings.py", "CELERY_TASK_ACKS_LATE = True", "CELERY_TASK_ACKS_LATE = False"),),
        ("tests/outbox/test_checks.py", "tests/platform/test_settings.py"),
    ),
    Bug(
        "a message that the broker cannot route counts as sent",
        (Change("outbox/relay/sending.py", '"mandatory": True, ', ""),),
        ("tests/outbox/test_sending.py",),
    ),
    Bug(
        "the relay goes by the last position that it has seen",
        (
            Change(
                "outbox/relay/fan_out.py",
                "SELECT event_id FROM outbox_pendingevent ORDER BY",
                "SELECT event_id FROM outbox_pendingevent\n"
                "    WHERE event_id > (SELECT coalesce(max(event_id), 0) FROM outbox_delivery) ORDER BY",
            ),
        ),
        ("tests/outbox/test_fan_out.py::TestSeveralRelays",),
    ),
    Bug(
        "a worker looks whether a delivery is open, and does not lock it",
        (
            Change("outbox/delivery/rows.py", "AND started = 0 AND closed_at IS NULL", "AND closed_at IS NULL"),
            Change("outbox/delivery/rows.py", "ORDER BY e.position FOR UPDATE OF d SKIP LOCKED", "ORDER BY e.position"),
            Change(
                "outbox/delivery/rows.py",
                """FROM given g WHERE d.id = g."row" AND d.dispatch_id = %(dispatch)s AND d.state = 'dispatched'""",
                """FROM given g WHERE d.id = g."row" AND d.dispatch_id = %(dispatch)s""",
            ),
        ),
        ("tests/outbox/test_delivering.py",),
    ),
    Bug(
        "a failure is swallowed",
        (
            Change(
                "outbox/delivery/failures.py",
                "            record_failure(run, ids[0], error)\n",
                '            rows.finish(run.dispatch, [Outcome(ids[0], "done")])\n',
            ),
        ),
        ("tests/outbox/test_failing.py",),
    ),
    Bug(
        "what nobody answers for is not handed on, and the broker is purged",
        (
            Change(
                "outbox/relay/leases.py",
                "    messages = []\n",
                "    messages: list[Message] = []\n    return messages\n",
            ),
        ),
    ),
    Bug(
        "the outcome of a delivery is written after the transaction of its work",
        (
            Change(
                "outbox/delivery/deliver.py",
                "        rows.finish(run.dispatch, outcomes + unknown(reaction, held))\n",
                "    rows.finish(run.dispatch, outcomes + unknown(reaction, held))\n",
            ),
        ),
        ("tests/outbox/test_delivering.py", "tests/outbox/test_leases.py", "tests/every_order"),
    ),
    Bug(
        "an effect calls again without looking up",
        (Change("outbox/delivery/calling.py", "    if called_before:\n", "    if called_before and not effect:\n"),),
        ("tests/outbox/test_effects_in_doubt.py",),
    ),
    Bug(
        "a contract that is muted hides those of others",
        (
            Change(
                "outbox/silence.py",
                "    return [one for one in told if one.reaction not in muted or",
                "    return [one for one in told if not muted or",
            ),
        ),
        ("tests/admin/test_muted_contracts.py",),
    ),
    Bug(
        "a message that comes twice is sent twice outside of the sandbox as well",
        (Change("outbox/relay/disturbing.py", 'getattr(settings, "SANDBOX", False)', "settings.configured"),),
        ("tests/lab",),
    ),
    Bug(
        "what is being recorded at the moment is handed on",
        (
            Change(
                "outbox/delivery/effects.py",
                "            rows.renew(run.dispatch)\n            return _write_down(",
                "            return _write_down(",
            ),
        ),
        ("tests/outbox/test_leases.py",),
    ),
    Bug(
        "a mail whose sending is in doubt is sent again",
        (Change("outbox/delivery/effects.py", "    return row.called and not", "    return False and not"),),
    ),
)
