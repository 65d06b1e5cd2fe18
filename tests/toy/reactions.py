"""Reactions that do what the note of an event tells them: fail, be slow, die, answer badly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import msgspec
import psycopg
from django.db import connection, transaction

from outbox import Batch, Ignored, NotReadyYet, Several, Waiting, effect, reacts_to
from tests.toy.events import AlarmSet, Echoed, Heard, Rung, Undeclared
from tests.toy.models import Effect, Joined
from tests.toy.scenes import act_out


def note_effects(reaction: str, batch: Sequence[Rung | Echoed | AlarmSet]) -> None:
    Effect.objects.bulk_create(Effect(reaction=reaction, order_id=e.order_id, note=e.note) for e in batch)


@reacts_to("toy.Rung", within=timedelta(seconds=30))
def echo(rung: Batch[Rung]) -> Iterator[Echoed | Several[Echoed] | Ignored | NotReadyYet]:
    """Answers each ring with an echo, or as the note asks."""
    note_effects("echo", rung)
    for ring in rung:
        act_out("echo", ring.note, ring.order_id)
        transaction.on_commit(partial(act_out, "echo committed", ring.note, ring.order_id))
        yield from _echo_of(ring)


def _echo_of(ring: Rung) -> Iterator[Echoed | Several[Echoed] | Ignored | NotReadyYet]:
    match ring.note:
        case "ignore":
            yield Ignored(ring.order_id, "asked to")
        case "not ready" | "not ready for an hour":
            yield NotReadyYet(ring.order_id, "asked to", timedelta(hours=1) if "hour" in ring.note else None)
        case "several":
            yield Several(tuple(Echoed(order_id=ring.order_id, note=note) for note in ("first", "second")))
        case "silence":
            return
        case "twice":
            yield Echoed(order_id=ring.order_id, note="first")
            yield Echoed(order_id=ring.order_id, note="second")
        case "stranger":
            yield Echoed(order_id=UUID(int=0))
        case "undeclared":
            yield Undeclared(order_id=ring.order_id)  # type: ignore[misc]
        case _:
            yield Echoed(order_id=ring.order_id, note=ring.note)


@reacts_to("toy.Rung", "toy.Echoed")
def join(heard: Batch[Rung | Echoed]) -> Iterator[Heard | Waiting]:
    """Emits once both have been heard, whichever comes first."""
    Joined.objects.bulk_create((Joined(order_id=o) for o in heard.order_ids), ignore_conflicts=True)
    rows = {r.order_id: r for r in Joined.objects.select_for_update().filter(pk__in=heard.order_ids).order_by("pk")}
    for event in heard:
        row = rows[event.order_id]
        row.rung |= isinstance(event, Rung)
        row.echoed |= isinstance(event, Echoed)
        if row.rung and row.echoed:
            yield Heard(order_id=row.order_id, receipt="joined")
        else:
            yield Waiting(row.order_id, "toy.Rung" if row.echoed else "toy.Echoed")
    Joined.objects.bulk_update(rows.values(), ["rung", "echoed"])


@reacts_to("toy.Rung", "toy.Echoed", folds=True)
def count(heard: Batch[Rung | Echoed]) -> None:
    """Takes note of everything and emits nothing."""
    note_effects("count", heard)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    order_id: UUID
    key: str
    note: str
    conninfo: dict[str, str | int]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    order_id: UUID
    receipt: str
    note: str


def far_end() -> dict[str, str | int]:
    """How the outside world reaches its own ledger."""
    parameters = connection.get_connection_params()
    return {k: parameters[k] for k in ("host", "port", "user", "password", "dbname") if parameters.get(k)}


class Ringing:
    """What both effects of the toy share; not an effect itself."""

    def prepare(self, rung: Batch[Rung]) -> Iterator[Call | Ignored | NotReadyYet]:
        for ring in rung:
            act_out("prepare", ring.note, ring.order_id)
            match ring.note:
                case "no call":
                    yield Ignored(ring.order_id, "asked to")
                case "not ready":
                    yield NotReadyYet(ring.order_id, "asked to")
                case "silence":
                    continue
                case "stranger":
                    yield self.intent(ring, UUID(int=0))
                case "twice":
                    yield self.intent(ring, ring.order_id)
                    yield Ignored(ring.order_id, "and yet not")
                case _:
                    yield self.intent(ring, ring.order_id)

    def intent(self, ring: Rung, order_id: UUID) -> Call:
        return Call(order_id=order_id, key=f"{type(self).__name__}:{order_id}", note=ring.note, conninfo=far_end())

    def call(self, intent: Call) -> Receipt:
        act_out("before call", intent.note, intent.order_id)
        if intent.note == "database in call":
            Effect.objects.exists()
        with psycopg.connect(autocommit=True, **intent.conninfo) as outside:  # type: ignore[arg-type]
            outside.execute(
                "INSERT INTO toy_farend (key, calls) VALUES (%s, 1) ON CONFLICT (key) DO UPDATE SET calls = "
                "toy_farend.calls + 1",
                [intent.key],
            )
        act_out("after call", intent.note, intent.order_id)
        return Receipt(order_id=intent.order_id, receipt=intent.key, note=intent.note)

    def record(self, outcomes: Sequence[Receipt]) -> Iterator[Heard]:
        Effect.objects.bulk_create(Effect(reaction=type(self).__name__, order_id=o.order_id) for o in outcomes)
        for outcome in outcomes:
            act_out("record", outcome.note, outcome.order_id)
            yield Heard(order_id=outcome.order_id, receipt=outcome.receipt)


@effect("toy.Rung", timeout=2, width=4)
class RingFarEnd(Ringing):
    """Rings somebody outside who can be asked afterwards whether it rang."""

    def look_up(self, intent: Call) -> Receipt | None:
        act_out("look up", intent.note, intent.order_id)
        with psycopg.connect(autocommit=True, **intent.conninfo) as outside:  # type: ignore[arg-type]
            found = outside.execute("SELECT 1 FROM toy_farend WHERE key = %s", [intent.key]).fetchone()
        return Receipt(order_id=intent.order_id, receipt=intent.key, note=intent.note) if found else None


@effect("toy.Rung", timeout=2, width=4)
class SendPostcard(Ringing):
    """Nobody can say whether a postcard has arrived; it is never sent twice."""


@reacts_to("toy.Echoed", after=timedelta(hours=1))
def remember(echoed: Batch[Echoed]) -> None:
    """Comes an hour after the echo."""
    note_effects("remember", echoed)


@reacts_to("toy.AlarmSet", after="wake_at")
def wake(alarms: Batch[AlarmSet]) -> None:
    """Comes at the time that the event names."""
    note_effects("wake", alarms)
