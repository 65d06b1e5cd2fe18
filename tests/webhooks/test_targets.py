"""Where a webhook may go: nowhere inside, however the address is written, and to no other than was looked at."""

from __future__ import annotations

import socket
import time
from ipaddress import ip_address

import pytest
from pytest_django import Settings

from tests.webhooks.conftest import Resolver, intent
from tests.webhooks.receiver import Receiver
from webhooks.gateway import UrlNotAllowed, posting, require_allowed, send
from webhooks.gateway.targets import is_public, look_up

INSIDE = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1:8443/",
    "https://169.254.169.254/latest/meta-data/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[ff02::1]/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://hooks.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://nas.home.arpa/",
]
NO_TARGET = [
    "",
    "hooks",
    "//example.com/",
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https://",
    "https:///path",
    "https://user@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1#@example.com/",
    "https://example.com/#fragment",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://example.com:port/",
    "https://[::1/",
    "https://[gggg::]/",
    "https://exa mple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://exämple.com/",
    "https://①②⑦.⓪.⓪.①/",
    "https://-/../" + "a" * 300 + ".com/",
    "https://" + "a" * 64 + ".com/",
    "https://exam%70le.com/",
    "https://example..com/",
]


@pytest.fixture
def outside_only(settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS = False


@pytest.mark.usefixtures("outside_only")
class TestAUrl:
    @pytest.mark.parametrize("url", INSIDE + NO_TARGET)
    def test_that_leads_inside_or_nowhere_is_refused(self, url: str) -> None:
        with pytest.raises(UrlNotAllowed):
            require_allowed(url)
        sent = send(intent(url))
        assert (sent.taken, sent.status) == (False, None)
        assert sent.error.startswith("UrlNotAllowed")

    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com",
            "https://hooks.example.com:8443/a/b?c=d",
            "https://xn--exmple-cua.com/",
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        ],
    )
    def test_that_leads_outside_is_allowed(self, url: str) -> None:
        require_allowed(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses_are_told_from_others(address: str) -> None:
    assert is_public(ip_address(address))


class TestAName:
    @pytest.mark.usefixtures("outside_only")
    @pytest.mark.parametrize("inside", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
    def test_that_resolves_to_the_inside_is_refused(self, resolver: Resolver, inside: str) -> None:
        resolver(lambda host: ["8.8.8.8", inside])
        with pytest.raises(UrlNotAllowed, match="not public"):
            look_up("rebinding.example", 443, within=5)
        assert send(intent("https://rebinding.example/")).error == "UrlNotAllowed: Its host is not public."

    @pytest.mark.usefixtures("outside_only")
    def test_of_this_machine_resolves_to_the_inside(self) -> None:
        with pytest.raises(UrlNotAllowed):
            look_up("localhost", 443, within=5)

    def test_is_looked_up_once_and_connected_to_where_that_led(self, resolver: Resolver, receiver: Receiver) -> None:
        asked = resolver(lambda host: ["127.0.0.1"])
        assert send(intent(f"http://hooks.example:{receiver.port}/")).taken
        assert asked == ["hooks.example"]
        assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"

    def test_with_several_addresses_is_tried_at_each(self, resolver: Resolver, receiver: Receiver) -> None:
        resolver(lambda host: ["127.0.0.2", "127.0.0.1"])
        assert send(intent(f"http://hooks.example:{receiver.port}/")).taken

    def test_that_does_not_resolve_is_trouble_of_the_endpoint(self, resolver: Resolver) -> None:
        def unknown(host: str) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        resolver(unknown)
        assert "Name or service not known" in send(intent("http://hooks.example/")).error

    def test_that_resolves_slowly_holds_nobody_up(self, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(posting, "TIMEOUT", 0.2)
        answer = socket.socketpair()

        def slow(host: str) -> list[str]:
            answer[0].recv(1)
            return ["127.0.0.1"]

        resolver(slow)
        began = time.monotonic()
        assert "not resolved in time" in send(intent("http://hooks.example/")).error
        assert time.monotonic() - began < 5
        answer[1].send(b"x")
        for end in answer:
            end.close()
