"""A TCP proxy on loopback that a test can cut: the network between us and a broker."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread


class Proxy:
    """Forwards connections to `target`; `address` is where it listens, also after it was cut and restored."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self.address = ("127.0.0.1", 0)
        self.restore()

    def restore(self) -> None:
        """Listens (again)."""
        self._listener = socket.create_server(self.address)
        self.address = self._listener.getsockname()
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Breaks every connection, and refuses new ones."""
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
