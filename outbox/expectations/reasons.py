"""Why an answer that is owed has not come yet, in a sentence that names who or what is in the way."""

from __future__ import annotations

from outbox.answers import NOT_READY
from outbox.conf import conf
from outbox.expectations.expectation import Reason
from outbox.expectations.wording import at_most, clock, last_sign, roughly
from outbox.expectations.world import World
from outbox.models import Delivery, DeliveryState, Dispatch, Reaction

Because = tuple[Reason, str]


def why_not_yet(delivery: Delivery, world: World) -> Because:
    """Returns why an open delivery has not been answered; its dispatch and its failed attempts have to be loaded."""
    reaction = world.reactions[delivery.reaction_id]
    if world.is_past:
        return _in_the_past(delivery, reaction, world)
    if delivery.state == DeliveryState.PARKED:
        return Reason.PARKED, _parked(delivery, world)
    if delivery.state == DeliveryState.ORPHANED:
        return Reason.ORPHANED, f"{reaction.pk} was retired before it had answered, so nobody will."
    if delivery.state == DeliveryState.DISPATCHED and delivery.dispatch:
        return _under_way(delivery.dispatch, reaction, world)
    if reaction.paused:
        return Reason.PAUSED, f"{reaction.pk} is paused; an operator has to let it go on."
    if delivery.due_at > world.now:
        return _put_off(delivery, reaction, world)
    return _relay_is_away(world) or _no_worker(reaction, world) or _about_to_go(reaction, world)


def not_relayed(reaction: Reaction, world: World) -> Because:
    """Returns why a reaction has not got an event that is not fanned out yet."""
    return _relay_is_away(world) or (Reason.ON_ITS_WAY, "The relay is about to hand the event on.")


def _in_the_past(delivery: Delivery, reaction: Reaction, world: World) -> Because:
    if delivery.due_at > world.now and not delivery.attempts:
        return _put_off(delivery, reaction, world)
    return Reason.NOT_KEPT, "It had not answered by then; why is not kept."


def _parked(delivery: Delivery, world: World) -> str:
    at = f" at {clock(delivery.done_at, world.now)}" if delivery.done_at else ""
    cause = f": {at_most(delivery.outcome, 200)}" if delivery.outcome else ""
    return f"Its delivery was parked{at}{cause.rstrip('.')}. An operator has to deliver it again or to skip it."


def _under_way(dispatch: Dispatch, reaction: Reaction, world: World) -> Because:
    if nobody := _no_worker(reaction, world):
        return nobody
    if not dispatch.started_at:
        sent = clock(dispatch.sent_at, world.now)
        return Reason.QUEUED, f"It has been in the queue {reaction.queue} since {sent}; no worker has taken it yet."
    again = " A worker may have died on it before, so it runs carefully." if dispatch.careful else ""
    ran = roughly(world.now - dispatch.started_at)
    if dispatch.lease_until < world.now:
        return (
            Reason.RUNNING,
            f"Its worker has not been heard of for a while; the relay will hand it to another.{again}",
        )
    return Reason.RUNNING, f"A worker has been at it for {ran}.{again}"


def _put_off(delivery: Delivery, reaction: Reaction, world: World) -> Because:
    wait = roughly(delivery.due_at - world.now)
    if delivery.outcome.startswith(NOT_READY):
        reason = at_most(delivery.outcome.removeprefix(NOT_READY), 200)
        return Reason.NOT_READY, f"It is not ready yet: {reason}; asked again in {wait}."
    if delivery.attempts:
        return Reason.RETRY, f"{_failed(delivery, reaction)}; next try in {wait}."
    return Reason.TIMER, f"{reaction.pk} waits for its time, {clock(delivery.due_at, world.now)}, in {wait}."


def _failed(delivery: Delivery, reaction: Reaction) -> str:
    most = conf().effect_max_attempts if reaction.is_effect else conf().max_attempts
    attempts = sorted(delivery.failed_attempts.all(), key=lambda attempt: attempt.number)
    error = f": {at_most(attempts[-1].exception, 80)}" if attempts else ""
    return f"Delivery attempt {delivery.attempts} of {most} failed{error}"


def _relay_is_away(world: World) -> Because | None:
    relays = world.living("relay")
    if not relays:
        return Reason.RELAY_DOWN, f"No relay is at work: {last_sign(world.last_sign('relay'), world.now)}."
    if all(relay.note for relay in relays):
        return Reason.RELAY_DOWN, f"The relay cannot go on: {at_most(relays[0].note, 200)}."
    return None


def _no_worker(reaction: Reaction, world: World) -> Because | None:
    if world.living("worker", reaction.queue):
        return None
    last = last_sign(world.last_sign("worker", reaction.queue), world.now)
    return Reason.WORKER_DOWN, f"No worker serves the queue {reaction.queue}: {last}."


def _about_to_go(reaction: Reaction, world: World) -> Because:
    if world.open_dispatches.get(reaction.pk, 0) >= reaction.credit:
        return Reason.QUEUED, "It is next when the dispatches of this reaction that are under way are done."
    return Reason.ON_ITS_WAY, "The relay is about to hand it to a worker."
