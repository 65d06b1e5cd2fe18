"""What a worker takes from a queue: the relay's messages and no others."""

from __future__ import annotations

import base64
import json
import pickle
from typing import Any

import pytest
from celery import current_app
from kombu import Message

from outbox.consumer import KEEP, NotOurs, dispatch_named_by, hand_back, record_rejected
from outbox.models import Delivery, Dispatch, RejectedMessage
from tests.outbox.rings import dispatched, states

EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
DEEP = b"[" * 100_000 + b"]" * 100_000


HEADERS_OF_OURS = {"task": "toy.echo", "id": "0b5a6b2e-5a3f-4f0e-8a32-0123456789ab"}


def message(body: Any = ([7], {}, EMBED), **properties: Any) -> Message:
    """A message as it comes from a broker; unless told otherwise, one that the relay could have written."""
    defaults = {
        "body": body if isinstance(body, bytes) else json.dumps(body).encode(),
        "headers": HEADERS_OF_OURS,
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_info": {"exchange": "", "routing_key": "toy"},
    }
    return Message(**{**defaults, **properties})


ADDED_ON_THE_WAY: dict[str, dict[str, Any]] = {
    "RabbitMQ, of a rejection": {
        "x-death": [{"count": 1, "reason": "rejected", "queue": "toy", "exchange": "", "routing-keys": ["toy"]}],
        "x-first-death-queue": "toy",
        "x-first-death-reason": "rejected",
        "x-first-death-exchange": "",
    },
    "RabbitMQ, of a delivery": {"x-delivery-count": 2, "x-acquired-count": 3},
    "tracing": {"traceparent": f"00-{'0a' * 16}-{'0b' * 8}-01", "tracestate": "a=b", "baggage": "c=d"},
    "Sentry": {"sentry-trace": "0a-0b-1", "sentry-monitor-start-timestamp-s": "1.0"},
}


class TestTheRelaysOwnMessages:
    def test_name_a_reaction_and_a_dispatch(self) -> None:
        assert dispatch_named_by(message()) == ("toy.echo", 7)

    def test_are_taken_as_celery_writes_them(self) -> None:
        """What `send_task` puts on the wire, without a wire."""
        written = current_app.amqp.as_task_v2("some-id", "toy.echo", args=(42,), ignore_result=True)
        assert dispatch_named_by(message(written.body, headers=written.headers)) == ("toy.echo", 42)

    def test_may_have_been_delivered_before(self) -> None:
        redelivered = message(headers={**HEADERS_OF_OURS, "x-delivery-count": 3, "retries": 10**9})
        assert dispatch_named_by(redelivered) == ("toy.echo", 7)

    @pytest.mark.parametrize("added", ADDED_ON_THE_WAY.values(), ids=ADDED_ON_THE_WAY.keys())
    def test_may_carry_what_brokers_and_tracing_add_on_the_way(self, added: dict[str, Any]) -> None:
        written = current_app.amqp.as_task_v2("some-id", "toy.echo", args=(42,), ignore_result=True)
        assert dispatch_named_by(message(written.body, headers={**written.headers, **added})) == ("toy.echo", 42)


BODIES: dict[str, Any] = {
    "garbage": b"\xff\x00\xfe garbage",
    "nothing": b"",
    "an object": {"a": 1},
    "an empty object": {},
    "an empty list": [],
    "null": None,
    "a number": 5,
    "a string": "str",
    "two numbers": [1, 2],
    "no arguments": [[], {}, EMBED],
    "an empty triple": [[], [], []],
    "two arguments": [[1, 2], {}, EMBED],
    "a named argument": [[1], {"dispatch": 2}, EMBED],
    "text for a dispatch": [["7"], {}, EMBED],
    "true for a dispatch": [[True], {}, EMBED],
    "a fraction": [[7.5], {}, EMBED],
    "no dispatch at all": [[None], {}, EMBED],
    "zero": [[0], {}, EMBED],
    "below zero": [[-1], {}, EMBED],
    "more than the column holds": [[2**63], {}, EMBED],
    "a list in the list": [[[7]], {}, EMBED],
    "no embed": [[7], {}],
    "null for the embed": [[7], {}, None],
    "one thing more": [[7], {}, EMBED, 1],
    "a callback": [[7], {}, {**EMBED, "callbacks": [{"task": "celery.backend_cleanup", "args": []}]}],
    "an errback": [[7], {}, {**EMBED, "errbacks": [{"task": "toy.echo"}]}],
    "a chain": [[7], {}, {**EMBED, "chain": [{"task": "toy.echo"}]}],
    "a chord": [[7], {}, {**EMBED, "chord": {"task": "toy.echo"}}],
    "a hundred thousand lists": DEEP,
}

HEADERS: dict[str, dict[Any, Any]] = {
    "no task": {"task": None},
    "a number for a task": {"task": 5},
    "a list for a task": {"task": ["toy.echo"]},
    "no app": {"task": "echo"},
    "a module path": {"task": "tests.toy.reactions.echo"},
    "upper case": {"task": "toy.Echo"},
    "a line feed": {"task": "toy.echo\n"},
    "no id": {"id": None},
    "a number for an id": {"id": 5},
    "an id with a NUL": {"id": "a\0b"},
    "an id without end": {"id": "x" * 10_000},
    "an eta": {"eta": "2030-01-01T00:00:00"},
    "a number for an eta": {"eta": 0},
    "an empty eta": {"eta": ""},
    "an expiry": {"expires": "2020-01-01T00:00:00"},
    "zero for an expiry": {"expires": 0},
    "a time limit": {"timelimit": [1, 1]},
    "no list for a time limit": {"timelimit": "soon"},
    "another name": {"shadow": "toy.innocent"},
    "a group": {"group": "g"},
    "a chord": {"chord": {"task": "toy.echo"}},
    "stamps": {"stamps": {"x": 1}},
    "callbacks": {"callbacks": [{"task": "toy.echo", "args": []}]},
    "errbacks": {"errbacks": [{"task": "toy.echo", "args": []}]},
    "a chain": {"chain": [{"task": "toy.echo", "args": []}]},
    "somebody to answer to": {"reply_to": "elsewhere"},
    "a result that is kept": {"ignore_result": False},
    "a result that may be kept": {"ignore_result": None},
    "a nested replacement": {"replaced_task_nesting": 1},
    "what nobody has heard of": {"from_tomorrow": 1},
    "what is no text": {7: 1},
}

KINDS: dict[str, dict[str, Any]] = {
    "pickle": {
        "content_type": "application/x-python-serialize",
        "content_encoding": "binary",
        "body": base64.b64encode(pickle.dumps("boom")),
    },
    "yaml": {"content_type": "application/x-yaml"},
    "text": {"content_type": "text/plain"},
    "no kind": {"content_type": None},
    "no headers": {"headers": {}},
}


class TestWhatIsNotOurs:
    @pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
    def test_because_of_its_body(self, body: Any) -> None:
        with pytest.raises(NotOurs, match="body"):
            dispatch_named_by(message(body))

    @pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
    def test_because_of_its_headers(self, headers: dict[str, Any]) -> None:
        with pytest.raises(NotOurs):
            dispatch_named_by(message(headers={**HEADERS_OF_OURS, **headers}))

    @pytest.mark.parametrize("properties", KINDS.values(), ids=KINDS.keys())
    def test_because_of_its_kind(self, properties: dict[str, Any]) -> None:
        with pytest.raises(NotOurs):
            dispatch_named_by(message(**properties))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("echo_alone")
class TestAMessageOfANewerRelease:
    def test_is_handed_back_without_an_attempt(self) -> None:
        _, sent = dispatched("", "")
        hand_back(sent.reaction, sent.dispatch)
        assert set(Delivery.objects.values_list("state", "attempts")) == {("waiting", 0)}
        assert Dispatch.objects.get().closed_at is not None

    @pytest.mark.parametrize("change", [{"started": 1}, {"reaction_id": "toy.count"}], ids=["started", "forged"])
    def test_hands_nothing_back_that_is_somebody_elses(self, change: dict[str, Any]) -> None:
        _, sent = dispatched("")
        Dispatch.objects.update(**change)
        hand_back("toy.echo", sent.dispatch)
        assert states(Delivery.objects.all()) == ["dispatched"]


@pytest.mark.django_db(transaction=True)
class TestTheRecordOfARejectedMessage:
    def test_holds_where_it_came_from_what_it_was_and_why(self) -> None:
        record_rejected(message({"a": 1}, headers={"x": "y"}), "its body is odd")
        record = RejectedMessage.objects.get()
        assert (record.queue, record.reason, record.body) == ("toy", "its body is odd", '{"a": 1}')
        assert json.loads(record.headers)["x"] == "y"

    @pytest.mark.parametrize(
        "properties",
        [
            {"body": b"a\0b\xff" + b"x" * 1_000_000},
            {"body": "a\0b\ud800"},
            {"headers": {"k\0": "\0\ud800", "bytes": b"\0"}},
            {"headers": None, "delivery_info": None},
            {"delivery_info": {"routing_key": "a\0b\ud800" + "x" * 1_000}},
        ],
        ids=["bytes", "text", "headers", "nothing", "routing key"],
    )
    def test_can_be_written_whatever_the_message_holds(self, properties: dict[str, Any]) -> None:
        odd = message(**{"body": b"", **properties})
        odd.body = properties.get("body", odd.body)
        record_rejected(odd, "odd\0\ud800")
        assert RejectedMessage.objects.get().reason == "odd\N{SYMBOL FOR NULL}?"

    def test_headers_nested_without_end_do_not_keep_it_from_being_written(self) -> None:
        nested: dict[str, Any] = {}
        for _ in range(100_000):
            nested = {"x": nested}
        record_rejected(message(headers={"nested": nested}), "odd")
        assert RejectedMessage.objects.count() == 1

    def test_of_the_newest_thousand_is_kept(self) -> None:
        RejectedMessage.objects.bulk_create(RejectedMessage(reason=f"old {n}") for n in range(KEEP + 5))
        record_rejected(message(), "newest")
        assert RejectedMessage.objects.count() == KEEP
        assert not RejectedMessage.objects.filter(reason="old 5").exists()
        assert RejectedMessage.objects.filter(reason="old 6").exists()
        assert RejectedMessage.objects.latest("id").reason == "newest"
