"""Relaying as the real relay does it, in one process: what it would send is kept, and delivered at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from config.celery import app
from outbox.delivery import deliver as delivering
from outbox.models import Delivery
from outbox.reactions import reactions
from outbox.relay.claim import Message
from outbox.relay.run import Relay
from outbox.relay.sending import Sender
from outbox.testing import let_pass, make_due

ROUNDS = 60


class Relayed:
    """A relay whose broker is this process: each message is delivered as often as it is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Message] = []
        self._moved = True
        monkeypatch.setattr(Sender, "connect", lambda sender: None)
        monkeypatch.setattr(Sender, "send", lambda sender, messages: self._deliver(messages))
        self.relay = Relay(app)
        monkeypatch.setattr(self.relay._listener, "wait", lambda seconds: self._say_quiet())

    def step(self) -> bool:
        """Lets the relay make one step; returns whether there was anything to do."""
        self._moved = True
        self.relay._step()
        return self._moved

    def _say_quiet(self) -> None:
        self._moved = False

    def _deliver(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.sent.append(message)
            delivering.deliver(reactions()[message.reaction], message.dispatch, worker="test")

    def until_quiet(self) -> None:
        """Raises: AssertionError when that never ends."""
        for _ in range(ROUNDS):
            if not self.step():
                return
        raise AssertionError("still moving")

    def to_the_end(self) -> None:
        """Lets everything happen, timers and retries included. Raises: AssertionError when that never ends."""
        self.until_quiet()
        let_pass(timedelta(seconds=5))  # what is a moment late comes before the timers, which follow all at once
        for _ in range(ROUNDS):
            self.until_quiet()
            if not Delivery.objects.filter(state="waiting").exists():
                return
            make_due()
        raise AssertionError("some deliveries never find what they wait for")
