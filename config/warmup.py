"""Does it work? Everybody beats, and an order that a customer places over HTTP reaches `shipped`."""

import time
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection

from config.client import ApiError, Customer, order_body
from config.supervisor import Supervisor
from payments.gateway import SANDBOX_PROVIDER

PATIENCE = 60.0
CUSTOMER = ("demo", "demo")
FIRST_ORDER = {"TEA-GREEN": 1}
SUGGESTED_ORDER = {"MUG-BLUE": 2}
OF_STRANGERS = ["webhooks.effects"]


class NotWorkingError(Exception):
    """Something has not come up; the message says what."""


@dataclass(frozen=True)
class FirstOrder:
    """The order that went through everything: who placed it, its number, and the seconds that it took."""

    customer: Customer
    number: str
    seconds: float


def wait_until_it_works(supervisor: Supervisor, site: str) -> FirstOrder | None:
    """Returns when every process works, proved by an order if there is demo data to order from.

    Raises: NotWorkingError, or ChildDiedError when a process ends meanwhile.
    """
    since = _now()
    quick, effects, webhooks = queues()
    for name, works in {
        "web": lambda: _answers(site),
        "relay": lambda: _beats("relay", [], since),
        "worker": lambda: _beats("worker", quick, since),
        "effects worker": lambda: _beats("worker", effects, since),
        "webhooks worker": lambda: _beats("worker", webhooks, since),
    }.items():
        if not supervisor.wait_until(works, PATIENCE):
            raise NotWorkingError(f"The {name} has not come up within {PATIENCE:.0f} s: see {supervisor.folder}/log.")
    pretended = settings.DEBUG and settings.PAYMENT_PROVIDER == SANDBOX_PROVIDER  # a real one knows no test methods
    return _first_order(supervisor, site) if pretended else None


def _first_order(supervisor: Supervisor, site: str) -> FirstOrder | None:
    try:
        customer = Customer.log_in(site, *CUSTOMER)
        placed = customer.place(order_body(FIRST_ORDER))
        began = time.monotonic()
        shipped = supervisor.wait_until(lambda: customer.order(placed["id"])["status"] == "shipped", PATIENCE)
    except ApiError as error:  # somebody has changed the demo data, which is their right
        supervisor.say(f"No order was placed to try it out: {error}")
        return None
    if not shipped:
        supervisor.say(f"{placed['number']}, placed to try it out, is not shipped yet: is there a backlog?")
    return FirstOrder(customer, placed["number"], time.monotonic() - began)


def panel(site: str, first: FirstOrder | None) -> str:
    """Returns what the person at the terminal needs: where, who, how to place an order, how to stop."""
    lines = ["", f"  Murmuration   {site}/", f"  admin         {site}/admin/", f"  API           {site}/docs"]
    if first:
        lines[2] += "   (admin / admin)"
        lines[3] += "    (demo / demo)"
        lines += [f"  tried out     {first.number} was shipped {first.seconds:.1f} s after it was placed", ""]
        lines += ["  Place an order:", "", first.customer.curl(order_body(SUGGESTED_ORDER)), ""]
    return "\n".join([*lines, "  Ctrl-C stops everything and keeps the data.", ""])


def queues() -> tuple[list[str], list[str], list[str]]:
    """Returns the queues of the worker, of the effects worker and of the webhooks worker.

    Calls to the outside keep no stock waiting, and strangers' systems, which may be as slow as they like, no payment.
    """
    names: list[str] = settings.QUEUES
    effects = [name for name in names if "." in name and name not in OF_STRANGERS]
    return [name for name in names if "." not in name], effects, OF_STRANGERS


def _answers(site: str) -> bool:
    """Whether somebody answers at all: with DEBUG off the answer may well be a redirection to HTTPS."""
    web = HTTPConnection(urlsplit(site).netloc, timeout=5)
    try:
        web.request("HEAD", "/")
        return web.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        web.close()


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _beats(kind: str, queues: list[str], since: datetime) -> bool:
    """Whether processes of this kind have given a sign of life since then, for each of these queues."""
    heartbeat: Any = apps.get_model("outbox", "Heartbeat")
    try:
        beating = list(heartbeat.objects.filter(kind=kind, beat_at__gt=since))
    except DatabaseError:
        return False
    served = {queue for beat in beating for queue in beat.queues}
    return bool(beating) and served.issuperset(queues)
