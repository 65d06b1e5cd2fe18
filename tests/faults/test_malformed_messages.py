"""Messages that are not ours, on the queue of a worker that has to survive them and to say so."""

from __future__ import annotations

import json
import pickle
from typing import Any

from kombu.utils.uuid import uuid

from outbox.models import Dispatch, RejectedMessage
from tests.brokers import Broker
from tests.faults.ringing import (
    QUEUES,
    assert_each_happened_once,
    assert_no_attempt_was_burnt,
    ring,
    wait_until_quiet,
)
from tests.processes import Processes, wait_until

EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
ATTACK: dict[str, Any] = {"task": "toy.echo", "args": [1], "kwargs": {}, "options": {}, "immutable": False}


class Bomb:
    """A pickle that would end the worker."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exit, (3,)


def headers(**more: Any) -> dict[str, Any]:
    """Returns the headers of a good message, with these instead of its own."""
    return {"lang": "py", "task": "toy.echo", "id": uuid(), "timelimit": [None, None], **more}


def body(*arguments: Any, kwargs: Any = None, **embed: Any) -> str:
    return json.dumps([list(arguments), kwargs or {}, {**EMBED, **embed}])


GOOD = body(1)
# Bodies that are no dispatch, under the headers of a good message. Half of these end a worker of Celery 5.7.
BODIES: dict[str, str | bytes] = {
    "nothing": "",
    "garbage": b"\x00\xff\xfe\x01garbage",
    "an object": "{}",
    "a list": "[]",
    "null": "null",
    "a number": "5",
    "a string": '"str"',
    "two numbers": "[1,2]",
    "three lists": "[[],[],[]]",
    "no argument": body(),
    "two arguments": body(1, 2),
    "an argument that is no number": body("1"),
    "true": body(True),
    "a fraction": body(1.5),
    "a number below 1": body(0),
    "a number that no column can hold": body(10**400),
    "keyword arguments": body(1, kwargs={"dispatch": 2}),
    "a callback": body(1, callbacks=[ATTACK]),
    "an errback": body(1, errbacks=[ATTACK]),
    "a chain": body(1, chain=[ATTACK]),
    "a chord": body(1, chord=ATTACK),
    "JSON 100,000 deep": "[" * 100_000 + "]" * 100_000,
}
# What is wrong with the rest of the message.
PROPERTIES: dict[str, dict[str, Any]] = {
    "no headers": {"headers": {}},
    "no id": {"headers": {"lang": "py", "task": "toy.echo"}},
    "a task that is a number": {"headers": headers(task=5)},
    "celery.map": {"headers": headers(task="celery.map")},
    "celery.chord_unlock": {"headers": headers(task="celery.chord_unlock")},
    "celery.backend_cleanup": {"headers": headers(task="celery.backend_cleanup")},
    "a reaction that nobody has": {"headers": headers(task="toy.unheard_of")},
    "a time limit": {"headers": headers(timelimit=[1, 1])},
    "an expiry date": {"headers": headers(expires="2001-01-01T00:00:00")},
    "an ETA": {"headers": headers(eta="2099-01-01T00:00:00")},
    "a group": {"headers": headers(group="g")},
    "yaml": {"headers": headers(), "content_type": "application/x-yaml"},
    "an unknown content type": {"headers": headers(), "content_type": "application/x-nobody-knows"},
    "bad compression": {"headers": headers(compression="application/x-gzip")},
    "an unknown compression": {"headers": headers(compression="application/x-nobody-knows")},
}
# Nothing to do: the dispatch does not exist. Whether the worker refuses the unknown encoding depends on the broker.
HARMLESS: dict[str, dict[str, Any]] = {
    "an unknown dispatch": {"body": body(2**62), "headers": headers()},
    "a billion retries": {"body": body(2**62), "headers": headers(retries=10**9)},
    "an unknown encoding": {"body": body(2**62), "headers": headers(), "content_encoding": "klingon"},
    "origin and parent of the wrong type": {"body": body(2**62), "headers": headers(origin=5, parent_id=[1])},
}


def test_the_worker_survives_each_of_them_and_writes_it_down(processes: Processes, broker: Broker) -> None:
    worker = processes.worker(*QUEUES)
    processes.wait_until_at_work()
    bad: dict[str, dict[str, Any]] = {name: {"body": text, "headers": headers()} for name, text in BODIES.items()}
    bad |= {name: {"body": GOOD, **properties} for name, properties in PROPERTIES.items()}
    bomb: dict[str, Any] = {"body": pickle.dumps(Bomb()), "content_type": "application/x-python-serialize"}
    bad["a pickle"] = {**bomb, "content_encoding": "binary", "headers": headers()}
    for count, (name, message) in enumerate(bad.items(), start=1):
        broker.publish(**message)
        wait_until(lambda count=count: RejectedMessage.objects.count() == count, f"{name} is written down", 20)  # type: ignore[misc]
        assert worker.lives()
    for message in HARMLESS.values():
        broker.publish(**message)
    assert_goes_on(processes)
    assert worker.lives()
    assert "CRITICAL" not in worker.output()
    assert "Traceback" not in worker.output()


def test_a_copy_of_a_good_message_does_nothing(processes: Processes, broker: Broker) -> None:
    processes.worker(*QUEUES)
    assert_goes_on(processes)
    for dispatch in Dispatch.objects.filter(reaction="toy.echo"):
        for _ in range(3):
            broker.publish(body(dispatch.pk), headers=headers())
    assert_goes_on(processes)


def assert_goes_on(processes: Processes) -> None:
    """A good delivery still goes through."""
    relay = processes.relay()
    orders = ring("")
    wait_until_quiet()
    assert_each_happened_once(orders)
    assert_no_attempt_was_burnt()
    relay.kill()
