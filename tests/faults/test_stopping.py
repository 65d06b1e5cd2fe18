"""SIGTERM: work in hand is finished, and nothing is left behind."""

from __future__ import annotations

from outbox.models import Heartbeat
from tests.faults.gate import gate
from tests.faults.ringing import QUEUES, assert_each_happened_once, assert_no_attempt_was_burnt, ring, wait_until_quiet
from tests.processes import Processes


def test_a_worker_finishes_what_it_has_begun(processes: Processes) -> None:
    relay, worker = processes.relay(), processes.worker(*QUEUES)
    processes.wait_until_at_work()
    with gate("LOCK TABLE toy_effect IN SHARE ROW EXCLUSIVE MODE") as write:
        orders = ring("")
        write.wait_for('INSERT INTO "toy_effect"')
        worker.ask_to_stop()
    assert worker.wait(10) == 0
    assert "Traceback" not in worker.output()
    assert not Heartbeat.objects.filter(kind="worker").exists()
    processes.worker(*QUEUES)
    wait_until_quiet()
    assert_each_happened_once(orders)
    assert_no_attempt_was_burnt()
    relay.ask_to_stop()
    assert relay.wait(5) == 0
    assert "Traceback" not in relay.output()
    assert not Heartbeat.objects.filter(kind="relay").exists()
