"""An HTTP proxy before localstripe: it records, answers a repeated key as Stripe does, and loses what it is told to.

localstripe ignores idempotency keys, and refuses a parameter that it does not know; see payments/README.md.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

UNKNOWN_TO_LOCALSTRIPE = "allowed_payment_method_types"
HELD_FOR = 60.0

# The kinds of requests, as `Asked` writes them.
CREATE = "POST /v1/payment_intents"
CONFIRM = "POST /v1/payment_intents/…/confirm"
CANCEL = "POST /v1/payment_intents/…/cancel"
LOOK = "GET /v1/payment_intents/…"
REFUND = "POST /v1/refunds"
LOOK_FOR_REFUNDS = "GET /v1/refunds"


@dataclass(frozen=True)
class Asked:
    """A request, by what matters of it."""

    method: str
    path: str
    key: str
    form: dict[str, str]
    authorization: str

    def __str__(self) -> str:
        return f"{self.method} {re.sub(r'(pi|re)_[A-Za-z0-9]+', '…', self.path.partition('?')[0])}"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @classmethod
    def of(cls, status: int, **error: str) -> Answer:
        """An error as Stripe words it."""
        return cls(status, json.dumps({"error": error}).encode())


@dataclass
class Plan:
    """What is to become of the next request of its kind.

    `instead` is answered without asking localstripe, or (`after`) after it has done what was asked. An answer that is
    `lost` is cut off. `held` waits for `released`, before localstripe is asked or (`after`) after it; what is lost
    while it is held before does not reach it.
    """

    kind: str
    instead: Answer | None = None
    lost: bool = False
    held: bool = False
    after: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Recorder:
    """Listens on a free port of loopback; `url` is what the provider takes for Stripe."""

    def __init__(self, company: int) -> None:
        self._company = company
        self.asked: list[Asked] = []
        self.remembers_keys = True
        self._plans: list[Plan] = []
        self._answers: dict[str, Answer] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        for plan in self._plans:
            plan.released.set()
        self._server.shutdown()
        self._server.server_close()

    def plan(self, kind: str, **what: Any) -> Plan:
        """Plans what becomes of the next request such as `POST /v1/refunds`, an id being written as `…`."""
        self._plans.append(plan := Plan(kind, **what))
        return plan

    def forget_keys(self) -> None:
        """What Stripe does after a day."""
        self._answers.clear()

    def kinds(self) -> list[str]:
        return [str(asked) for asked in self.asked]

    def times(self, kind: str) -> int:
        return self.kinds().count(kind)

    def answer(self, asked: Asked) -> Answer | None:
        """Returns what to answer; None: nothing at all."""
        self.asked.append(asked)
        plan = next((plan for plan in self._plans if plan.kind == str(asked)), Plan(""))
        if plan.kind:
            self._plans.remove(plan)
        if plan.held and not plan.after:
            _hold(plan)
            if plan.lost:
                return None
        done = self._by_key(asked) if plan.after or not plan.instead else plan.instead
        answer = plan.instead or done
        if plan.held and plan.after:
            _hold(plan)
        return None if plan.lost else answer

    def _by_key(self, asked: Asked) -> Answer:
        if asked.key in self._answers:
            return self._answers[asked.key]
        answer = self._ask(asked)
        if asked.key and self.remembers_keys:
            self._answers[asked.key] = answer
        return answer

    def _ask(self, asked: Asked) -> Answer:
        form = {name: value for name, value in asked.form.items() if not name.startswith(UNKNOWN_TO_LOCALSTRIPE)}
        connection = HTTPConnection("127.0.0.1", self._company, timeout=30)
        headers = {"Authorization": asked.authorization, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(asked.method, asked.path, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.read())
        connection.close()
        return answer


def _hold(plan: Plan) -> None:
    plan.reached.set()
    plan.released.wait(HELD_FOR)


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            answer = recorder.answer(
                Asked(
                    method=self.command,
                    path=self.path,
                    key=self.headers.get("Idempotency-Key", "") if self.command == "POST" else "",
                    form=dict(parse_qsl(body, keep_blank_values=True)),
                    authorization=self.headers.get("Authorization", ""),
                )
            )
            with suppress(ConnectionError):  # whoever asked may have been killed meanwhile
                self._say(answer) if answer else self._hang_up()

        def _say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def _hang_up(self) -> None:
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Says nothing: the test knows what was asked."""

        do_GET: Callable[..., None] = _serve  # noqa: N815 (as http.server calls it)
        do_POST: Callable[..., None] = _serve  # noqa: N815

    return Handler
