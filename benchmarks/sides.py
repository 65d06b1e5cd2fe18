"""The two sides: what runs, how an order is placed, and when the work began."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from celery import Celery
from django.contrib.auth.models import User

from benchmarks import tasks
from benchmarks.chain import READY
from benchmarks.chain import app as chain_app
from benchmarks.wares import METHOD, SHIP_TO, Lines
from config.celery import app as celery_app
from config.supervisor import Program
from config.warmup import queues
from orders.events import Address
from orders.services import place_order
from outbox.models import Heartbeat

# As many as Murmuration has: two in each of its workers, and the relay.
CHAIN_PROCESSES = 5

CELERY = [sys.executable, "-m", "celery"]
WORKER = ["worker", "--loglevel", "INFO"]


@dataclass(frozen=True)
class Side:
    """One side. `workers` are started first; once they are `ready`, `starter` is what sets the work going, if anything.

    `began` returns when work could begin, in seconds since 1970, or None as long as it cannot.
    """

    workers: list[Program]
    ready: Callable[[], bool]
    starter: Program | None
    began: Callable[[], float | None]
    place: Callable[[User, int, Lines], None]
    app: Celery


def murmuration() -> Side:
    """What `make run` starts, without the web."""
    quick, effects, _ = queues()  # nobody listens to webhooks here
    return Side(
        workers=[
            Program("worker", [*CELERY, "-A", "config", *WORKER, "-n", "worker@%h", "-Q", ",".join(quick)]),
            Program("effects", [*CELERY, "-A", "config", *WORKER, "-n", "effects@%h", "-Q", ",".join(effects)]),
        ],
        ready=lambda: Heartbeat.objects.filter(kind="worker").count() == 2,
        starter=Program("relay", [sys.executable, "manage.py", "relay"]),
        began=_relay_began,
        place=_place,
        app=celery_app,
    )


def plain_chain() -> Side:
    """One Celery worker."""
    concurrency = ["-c", str(CHAIN_PROCESSES)]
    return Side(
        workers=[Program("chain", [*CELERY, "-A", "benchmarks.chain", *WORKER, *concurrency, "-n", "chain@%h"])],
        ready=lambda: _worker_began() is not None,
        starter=None,
        began=_worker_began,
        place=tasks.place,
        app=chain_app,
    )


SIDES: dict[str, Callable[[], Side]] = {"murmuration": murmuration, "chain": plain_chain}


def _place(customer: User, number: int, lines: Lines) -> None:
    place_order(customer=customer, lines=lines, payment_method=METHOD, ship_to=msgspec.convert(SHIP_TO, Address))


def _relay_began() -> float | None:
    relay = Heartbeat.objects.filter(kind="relay").first()
    return relay.started_at.timestamp() if relay else None


def _worker_began() -> float | None:
    path = Path(os.environ[READY])
    return path.stat().st_mtime if path.exists() else None
