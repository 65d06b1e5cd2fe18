"""Somebody else's system: a real HTTP server on loopback that answers as it is told, and remembers what it got."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier

PATIENCE = 30.0


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: str

    def verified_by(self, secret: str) -> Any:
        """Returns what it says, if it was signed with this secret.

        Raises: WebhookVerificationError.
        """
        return Verifier(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers` are the statuses of the next requests; when they are used up, `status` is that of every other."""

    status: int = 204
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    port: int = 0
    hangs: threading.Event | None = None
    called: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"

    def take(self, request: Received) -> int | None:
        """Returns the status to answer with; a receiver that hangs waits, and then says nothing."""
        self.received.append(request)
        self.called.set()
        if self.hangs is not None:
            self.hangs.wait(PATIENCE)
            return None
        return self.answers.pop(0) if self.answers else self.status


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Runs a receiver on a port of its own; with `tls` it speaks HTTPS."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(length := int(self.headers["content-length"]))
            if len(body) < length:
                return  # whoever sent it was killed before it was whole
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Received(self.path, headers, body.decode()))
            if status is None:
                return
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            if receiver.hangs is not None:
                receiver.hangs.set()
            server.shutdown()
            thread.join(PATIENCE)
