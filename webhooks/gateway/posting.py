"""Posting a webhook: signed, to the address that was looked up and found public, and within its time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import httpcore
import msgspec
from standardwebhooks import Webhook as Signer

from webhooks.gateway.targets import UrlNotAllowed, look_up, require_allowed

# Seconds for the whole call, however slowly an endpoint dribbles.
TIMEOUT = 8.0
USER_AGENT = "Murmuration-Webhooks/1"
GONE = 410
TROUBLE = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, UrlNotAllowed, OSError)


class SendIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to send this. `message_id` is the same however often it is sent."""

    order_id: UUID
    webhook_id: UUID
    endpoint_id: UUID
    round: int
    message_id: str
    url: str
    body: str
    secrets: tuple[str, ...]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the status that the endpoint answered, or why it has not answered."""

    order_id: UUID
    webhook_id: UUID
    endpoint_id: UUID
    round: int
    status: int | None
    error: str
    milliseconds: int

    @property
    def taken(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint says that it is there no more."""
        return self.status == GONE

    @property
    def words(self) -> str:
        """What happened, for people."""
        return f"the endpoint answered {self.status}" if self.status else self.error


def send(intent: SendIntent) -> Sent:
    """Posts the webhook. Whatever an endpoint does is an outcome: nothing that it can do is raised."""
    began = time.monotonic()
    status, error = None, ""
    try:
        status = _post(intent, deadline=began + TIMEOUT)
    except TROUBLE as trouble:
        error = _words(trouble)
    return Sent(
        order_id=intent.order_id,
        webhook_id=intent.webhook_id,
        endpoint_id=intent.endpoint_id,
        round=intent.round,
        status=status,
        error=error,
        milliseconds=round((time.monotonic() - began) * 1000),
    )


def signed_headers(intent: SendIntent, now: datetime) -> dict[str, str]:
    """Returns the headers of Standard Webhooks 1.0: one signature for each secret that is valid."""
    signatures = [Signer(secret).sign(intent.message_id, now, intent.body) for secret in intent.secrets]
    return {
        "webhook-id": intent.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
        "user-agent": USER_AGENT,
    }


def _post(intent: SendIntent, *, deadline: float) -> int:
    """Returns the status. No redirect is followed, no proxy is asked, and the body of the answer is not read."""
    parts = require_allowed(intent.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    url = httpcore.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)
    headers = [("host", parts.netloc), *signed_headers(intent, datetime.now(UTC)).items()]
    with (
        httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_Guarded(deadline)) as pool,
        pool.stream("POST", url, headers=headers, content=intent.body.encode()) as answer,
    ):
        return int(answer.status)


def _words(trouble: Exception) -> str:
    """Returns what went wrong, as far as PostgreSQL can hold it."""
    said = f"{type(trouble).__name__}: {trouble}".rstrip(": ").replace("\0", "")
    return said.encode("utf-8", "replace").decode()[:300]


@cache
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


class _Guarded(httpcore.NetworkBackend):
    """Connects to what was looked up and allowed a moment ago, so that no second look-up can say anything else.

    httpcore still sends the name of the host, and TLS still proves it.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        trouble: Exception = OSError("the name has no address")
        for address in look_up(host, port, within=_left(self._deadline)):
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, timeout=_left(self._deadline))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
            else:
                return _Hurried(stream, self._deadline)
        raise trouble


class _Hurried(httpcore.NetworkStream):
    """A connection on which every step has only what is left of the whole time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Hurried(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Returns the seconds that are left.

    Raises:
        TimeoutError: none.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"no answer within {TIMEOUT:.0f} s")
    return left
