"""The fault matrix: SIGKILL at each point at which a process may die, and then everything exactly once.

Each test first proves that its kill hit the point that it is about.
"""

from __future__ import annotations

from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from uuid import UUID

import psutil
import pytest
from django.db import connection
from django.db.models.query import QuerySet

from outbox.models import Dispatch, Reaction
from tests.brokers import Broker
from tests.faults.gate import gate
from tests.faults.ringing import (
    QUEUES,
    assert_each_happened_once,
    assert_no_attempt_was_burnt,
    deliveries,
    ring,
    states,
    wait_until_quiet,
)
from tests.processes import Process, Processes, wait_until
from tests.toy.models import Effect, FarEnd

# Who dies: one pool process, as the kernel's OOM killer would choose it, or the worker with all of its processes.
VICTIMS = {"pool process": "kill once", "worker": "kill all once"}


def test_the_worker_before_it_starts_a_dispatch(processes: Processes) -> None:
    relay, worker = start_both(processes)
    worker.signal(SIGSTOP)
    orders = ring("")
    wait_until(lambda: Dispatch.objects.count() == 5, "the relay has sent the dispatches")
    with gate("SELECT FROM outbox_dispatch FOR UPDATE") as start:
        worker.signal(SIGCONT)
        start.wait_for("started = started + 1")
        assert worker.kill() == -SIGKILL
        start.wait_until_free()
        assert not Dispatch.objects.filter(started__gt=0).exists()
        assert states() == {"dispatched": 5}
    processes.worker(*QUEUES)
    wait_until_quiet()
    assert_each_happened_once(orders)
    assert_no_attempt_was_burnt()
    assert relay.lives()


def test_the_worker_inside_the_transaction_of_a_reaction(processes: Processes) -> None:
    pause_all_but("toy.echo")
    _, worker = start_both(processes)
    with gate("LOCK TABLE toy_effect IN SHARE ROW EXCLUSIVE MODE") as write:
        orders = ring("")
        write.wait_for('INSERT INTO "toy_effect"')
        assert worker.kill() == -SIGKILL
        write.wait_until_free()
        assert Dispatch.objects.get(reaction="toy.echo").started == 1
        assert states("toy.echo") == {"dispatched": 1}
    processes.worker(*QUEUES)
    assert_recovered(orders)
    assert deliveries("toy.echo").get().attempts == 1
    assert carefully_begun("toy.echo") == 1


@pytest.mark.parametrize("victim", VICTIMS)
def test_inside_the_transaction_and_by_the_reaction_itself(processes: Processes, tmp_path: Path, victim: str) -> None:
    orders = die_in(processes, "toy.echo", f"{VICTIMS[victim]}@echo")
    assert_recovered(orders)
    assert (tmp_path / "echo").exists()
    assert deliveries("toy.echo").get().attempts == 1
    assert carefully_begun("toy.echo") == 1


@pytest.mark.parametrize("victim", VICTIMS)
def test_after_the_commit_and_before_the_acknowledgement(processes: Processes, tmp_path: Path, victim: str) -> None:
    orders = die_in(processes, "toy.echo", f"{VICTIMS[victim]}@echo committed")
    assert_recovered(orders)
    assert (tmp_path / "echo committed").exists()
    assert begun("toy.echo").count() == 1
    assert_no_attempt_was_burnt()


@pytest.mark.parametrize("victim", VICTIMS)
def test_between_the_call_of_an_effect_and_its_record(processes: Processes, tmp_path: Path, victim: str) -> None:
    """The far end is asked, and says that it has been done."""
    orders = die_in(processes, "toy.ring_far_end", f"{VICTIMS[victim]}@after call")
    assert FarEnd.objects.get().calls == 1
    assert_recovered(orders)
    assert (tmp_path / "after call").exists()
    assert carefully_begun("toy.ring_far_end") == 1


@pytest.mark.parametrize("victim", VICTIMS)
def test_between_a_call_that_nobody_can_ask_about_and_its_record(
    processes: Processes, tmp_path: Path, victim: str
) -> None:
    """It is not repeated; an operator decides."""
    orders = die_in(processes, "toy.send_postcard", f"{VICTIMS[victim]}@after call")
    assert (tmp_path / "after call").exists()
    delivery = deliveries("toy.send_postcard").get()
    assert delivery.state == "parked"
    assert "may have been done" in delivery.outcome
    assert FarEnd.objects.get().calls == 1
    assert not Effect.objects.exists()
    assert_recovered(orders, but=("SendPostcard",))


def test_a_pool_process_that_is_idle(processes: Processes, broker: Broker) -> None:
    """On pgmq it may have taken the lock with it for which the others wait: the worker ends, for another to begin."""
    _, worker = start_both(processes)
    orders = ring("")
    wait_until_quiet()
    if broker.url.startswith("pgmq"):
        # What has committed is done, but for the worker only once its pool process has said so.
        wait_until(lambda: messages_in_pgmq() == 0, "everything is acknowledged")
    idle, *_ = psutil.Process(worker.pid).children()
    idle.kill()
    if broker.url.startswith("pgmq"):
        assert worker.wait() == 1
        assert "was killed while it was idle" in worker.output()
        processes.worker(*QUEUES)
    orders += ring("")
    wait_until_quiet()
    assert_each_happened_once(orders)


def test_the_relay_between_its_claim_and_the_message(processes: Processes) -> None:
    relay = processes.start("dying-relay", "-m", "tests.faults.dying_relay")
    processes.worker(*QUEUES)
    orders = ring("")
    assert relay.wait() == -SIGKILL
    assert states() == {"dispatched": 5}
    assert not Dispatch.objects.filter(started__gt=0).exists()
    processes.relay()
    assert_recovered(orders)
    assert_no_attempt_was_burnt()


def test_a_delivery_that_always_kills_its_worker_is_parked_and_its_neighbours_go_on(processes: Processes) -> None:
    pause_all_but("toy.echo")
    healthy, (poison,) = ring(*[""] * 10), ring("kill@echo")
    healthy += ring(*[""] * 10)
    _, worker = start_both(processes)
    wait_until_quiet()
    parked = deliveries("toy.echo").get(order_id=poison)
    assert parked.state == "parked"
    assert "its worker died on it again and again (3 attempts)" in parked.outcome
    assert sorted(Effect.objects.values_list("order_id", flat=True)) == sorted(healthy)
    assert deliveries("toy.echo").filter(order_id__in=healthy, state="done").count() == 20
    assert worker.lives()


def begun(reaction: str) -> QuerySet[Dispatch]:
    """The dispatches that a worker has begun: how often one is handed on before, the worker's start decides."""
    return Dispatch.objects.filter(reaction=reaction, started__gt=0)


def carefully_begun(reaction: str) -> int:
    return begun(reaction).filter(careful=True).count()


def messages_in_pgmq() -> int:
    """How many messages wait, or are in a worker's hands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(queue_length) FROM pgmq.metrics_all()")
        return int(cursor.fetchone()[0])


def start_both(processes: Processes) -> tuple[Process, Process]:
    relay, worker = processes.relay(), processes.worker(*QUEUES)
    processes.wait_until_at_work()
    return relay, worker


def die_in(processes: Processes, reaction: str, note: str) -> list[UUID]:
    """Rings for this reaction alone, of which a worker dies as the note says; returns when the rest has gone on."""
    pause_all_but(reaction)
    _, worker = start_both(processes)
    orders = ring(note)
    if note.startswith("kill all"):
        assert worker.wait() == -SIGKILL
        processes.worker(*QUEUES)
    else:
        wait_until(lambda: "signal 9 (SIGKILL)" in worker.output(), "the worker has lost a pool process")
        assert worker.lives()
    wait_until_quiet()
    return orders


def pause_all_but(reaction: str) -> None:
    """Keeps the others from running, so that a death has one cause."""
    Reaction.objects.exclude(pk=reaction).update(paused=True)


def assert_recovered(orders: list[UUID], *, but: tuple[str, ...] = ()) -> None:
    """Lets the others run and sees that everything has happened once."""
    wait_until_quiet()
    Reaction.objects.update(paused=False)
    wait_until_quiet()
    assert_each_happened_once(orders, but=but)
