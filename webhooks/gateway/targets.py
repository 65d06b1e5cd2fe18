"""Where a webhook may go: to public addresses, and nowhere into the network in which we stand."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?", re.ASCII)
# Names of this machine and of private networks (RFC 6761, RFC 6762, and what ICANN has reserved).
_PRIVATE_NAME = re.compile(r"(.*\.)?(localhost|local|internal|home\.arpa)\.?")
# IPv6 addresses that lead on to an IPv4 address, where such a way is open, or within a site: they may lead inside.
_TRANSITION = [
    IPv6Network(net)
    for net in (
        "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
        "2001::/32", "2002::/16", "5f00::/16", "fec0::/10",
    )
]  # fmt: skip


class UrlNotAllowed(ValueError):
    """Nothing may be sent there; the message says why."""


def require_allowed(url: str) -> SplitResult:
    """Returns the parts of the URL if a webhook may be sent there, as far as it can be seen without a look-up.

    Raises:
        UrlNotAllowed: it may not.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlNotAllowed("It is not a URL.") from None
    schemes = ("https", "http") if settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS else ("https",)
    if parts.scheme not in schemes:
        raise UrlNotAllowed(f"The scheme has to be {' or '.join(schemes)}.")
    if "@" in parts.netloc or parts.fragment or port == 0:
        raise UrlNotAllowed("It may hold no user, no password, no fragment, and not the port 0.")
    _require_allowed_host(host)
    return parts


def _require_allowed_host(host: str) -> None:
    address = _literal(host)
    if address is None and not _NAME.fullmatch(host):
        raise UrlNotAllowed("Its host is neither a name in ASCII nor an address.")
    if settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS:
        return
    if _PRIVATE_NAME.fullmatch(host) or (address and not is_public(address)):
        raise UrlNotAllowed("Its host is not public.")


def look_up(host: str, port: int, *, within: float) -> list[str]:
    """Returns the addresses of the host, to one of which to connect, after at most `within` seconds.

    Raises:
        UrlNotAllowed: one of them is not public.
        OSError: the name cannot be resolved, or not in time.
    """
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()
    Thread(target=lambda: answers.put(_resolved(host, port)), daemon=True, name="look-up").start()
    try:
        found = answers.get(timeout=within)
    except Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(found, OSError):
        raise found
    if not settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS and not all(is_public(ip_address(address)) for address in found):
        raise UrlNotAllowed("Its host is not public.")
    return found


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, and of one machine."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSITION):
            return False
    return address.is_global and not address.is_multicast


def _resolved(host: str, port: int) -> list[str] | OSError:
    """A resolver may take half a minute and cannot be interrupted, so it works in a thread that nobody waits for."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        return OSError("the name cannot be resolved")
    except OSError as error:
        return error
    return [str(address[0]) for *_, address in found]


def _literal(host: str) -> Address | None:
    """Returns the address that the host is, also in the old spellings: 127.1, 0177.0.0.1, 0x7f000001, 2130706433."""
    bare = host.removesuffix(".")
    try:
        return ip_address(bare)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(bare))
    except (OSError, UnicodeError):
        return None
