"""What an endpoint may answer: whatever it likes, for all that it matters here."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.webhooks.conftest import Resolver, intent
from tests.webhooks.receiver import PATIENCE, Receiver, receiving
from webhooks.gateway import Sent, posting, send


class TestAnAnswer:
    def test_that_redirects_is_not_followed(self, receiver: Receiver, other_receiver: Receiver) -> None:
        receiver.status, receiver.headers = 307, {"location": other_receiver.url}
        sent = send(intent(receiver.url))
        assert (sent.taken, sent.status) == (False, 307)
        assert other_receiver.received == []

    @pytest.mark.parametrize(
        "said", [b"", b"\0" * 100, b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\n" * 9]
    )
    def test_that_is_no_http_is_trouble_of_the_endpoint(self, said: bytes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            sent = _sent_to(server, [said])
        assert (sent.taken, sent.status) == (False, None)
        assert sent.error

    def test_that_dribbles_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posting, "TIMEOUT", 0.5)
        with socket.create_server(("127.0.0.1", 0)) as server:
            sent = _sent_to(server, [b"HTTP/1.1 200 OK\r\n", *[b"x-a: b\r\n"] * 200], pause=0.05)
        assert (sent.taken, sent.status) == (False, None)
        assert sent.milliseconds < 4_000

    def test_that_never_ends_is_not_read(self) -> None:
        endless = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n" + b"x" * 100_000
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert _sent_to(server, [endless]).taken


def _sent_to(server: socket.socket, pieces: list[bytes], pause: float = 0) -> Sent:
    """Sends a webhook to a server that answers with these bytes, whatever it is asked."""
    enough = threading.Event()

    def answer() -> None:
        peer, _ = server.accept()
        with peer, suppress(OSError):
            peer.recv(65_536)
            for piece in pieces:
                peer.sendall(piece)
                enough.wait(pause)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    sent = send(intent(f"http://127.0.0.1:{server.getsockname()[1]}/"))
    enough.set()
    thread.join(PATIENCE)
    return sent


class TestOverTls:
    """The name is looked up by us, and proved by the certificate all the same."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """A certificate for hooks.example, and its key, in one file."""
        made = tmp_path / "certificate.pem"
        name = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name]
        subprocess.run([*command, "-keyout", made, "-out", tmp_path / "only.pem"], check=True, capture_output=True)
        made.write_text(made.read_text() + (tmp_path / "only.pem").read_text())
        return made

    @pytest.mark.parametrize(("host", "taken"), [("hooks.example", True), ("other.example", False)])
    def test_it_goes_to_whoever_has_the_certificate_of_the_name(
        self, certificate: Path, resolver: Resolver, monkeypatch: pytest.MonkeyPatch, host: str, taken: bool
    ) -> None:
        resolver(lambda name: ["127.0.0.1"])
        monkeypatch.setattr(posting, "_tls", lambda: ssl.create_default_context(cafile=str(certificate)))
        ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.load_cert_chain(certificate)
        with receiving(ours) as receiver:
            sent = send(intent(f"https://{host}:{receiver.port}/"))
            assert (sent.taken, len(receiver.received)) == (taken, int(taken))
            assert ("CERTIFICATE_VERIFY_FAILED" in sent.error) is not taken

    def test_it_does_not_go_to_whom_nobody_has_certified(self, certificate: Path, resolver: Resolver) -> None:
        resolver(lambda name: ["127.0.0.1"])
        ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.load_cert_chain(certificate)
        with receiving(ours) as receiver:
            assert "CERTIFICATE_VERIFY_FAILED" in send(intent(f"https://hooks.example:{receiver.port}/")).error
