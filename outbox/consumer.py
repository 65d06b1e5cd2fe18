"""The worker's consumer: takes our own messages and no others, and survives those.

Celery 5.7 as it comes dies of a message whose body is JSON but not `[args, kwargs, embed]`, with every worker that
is started after it; it acknowledges, and so loses, what it cannot decode; and it obeys callbacks, time limits and
expiry dates that anybody with access to the broker can write into a message.
"""

from __future__ import annotations

import json
import re
from typing import Any

from celery.utils.log import get_logger
from celery.worker import consumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from kombu import Message

from outbox.delivery.rows import release
from outbox.models import Dispatch, Reaction, RejectedMessage
from outbox.reactions import reactions

KEEP = 1_000
log = get_logger(__name__)
REACTION_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
TASK_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
# Whatever would make Celery do something else than run the task, now.
FORBIDDEN_HEADERS = ("eta", "expires", "shadow", "group", "chord", "stamps", "stamped_headers")


class NotOurs(ValueError):
    """The message is not one that our relay writes; the text says why."""


class Consumer(consumer.Consumer):
    """Reads dispatch messages. Everything else is recorded in the database first and then rejected."""

    class Blueprint(consumer.Consumer.Blueprint):
        # We use no ETA; delayed delivery would declare 28 queues that nobody needs.
        default_steps = [step for step in consumer.Consumer.Blueprint.default_steps if "DelayedDelivery" not in step]

    def __init__(self, *args: Any, worker_options: dict[str, Any] | None = None, **kwargs: Any) -> None:
        # There is no setting for these, and they only add ways to fail. Celery's own heartbeat is one of its events.
        silent = not getattr(settings, "CELERY_WORKER_SEND_TASK_EVENTS", False)
        ours = {"without_gossip": True, "without_mingle": True, "without_heartbeat": silent}
        options = {**(worker_options or {}), **ours}
        super().__init__(*args, worker_options=options, **kwargs)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Any:
        receive = super().create_task_handler(*args, **kwargs)

        def receive_ours(message: Message) -> None:
            try:
                reaction, dispatch = dispatch_named_by(message)
            except NotOurs as error:
                self.refuse(message, str(error))
                return
            if reaction in reactions():
                receive(message)
            else:
                self.leave(message, reaction, dispatch)

        return receive_ours

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        self.refuse(message, f"cannot be decoded: {exc}")

    def leave(self, message: Message, reaction: str, dispatch: int) -> None:
        """Leaves the dispatch to a newer worker; without the database the end of its lease does the same, later."""
        try:
            hand_back(reaction, dispatch)
        except NotOurs as error:
            self.refuse(message, str(error))
            return
        except DatabaseError as error:
            log.error("Could not hand back dispatch %s of %s: %s", dispatch, reaction, error)
        message.ack_log_error(log, self.connection_errors)

    def refuse(self, message: Message, reason: str) -> None:
        """Records the message, then rejects it; on a broker without a rejected queue the record is all that stays.

        What cannot be recorded, because the database is away, goes back to its queue.
        """
        try:
            record_rejected(message, reason)
        except DatabaseError as error:
            log.error("Could not record a message that is not ours: %s", error)
            message.reject_log_error(log, self.connection_errors, requeue=True)
        else:
            log.error("Rejected a message that is not ours: %s", reason)
            message.reject_log_error(log, self.connection_errors)


def dispatch_named_by(message: Message) -> tuple[str, int]:
    """Returns the reaction and the dispatch that the message names.

    Raises:
        NotOurs: it is not a message as the relay writes them.
    """
    headers: dict[str, Any] = message.headers if isinstance(message.headers, dict) else {}
    reaction = headers.get("task")
    if not isinstance(reaction, str) or not REACTION_ID.fullmatch(reaction):
        raise NotOurs("it names no reaction")
    if not isinstance(headers.get("id"), str) or not TASK_ID.fullmatch(headers["id"]):
        raise NotOurs("it has no id, or an odd one")
    forbidden = [name for name in FORBIDDEN_HEADERS if headers.get(name) not in (None, {}, [])]
    if forbidden or headers.get("timelimit") not in (None, [None, None], (None, None)):
        raise NotOurs(f"it carries instructions: {forbidden or 'timelimit'}")
    if message.content_type != "application/json":
        raise NotOurs(f"its content type is {message.content_type!r}")
    return reaction, _dispatch_in(_body(message))


def _body(message: Message) -> Any:
    try:
        return message.payload
    except Exception as error:
        raise NotOurs(f"its body cannot be decoded: {type(error).__name__}") from error


def _dispatch_in(body: Any) -> int:
    match body:
        case [[int(dispatch)], dict(kwargs), dict(embed)] if not kwargs and not any(embed.values()):
            if not isinstance(dispatch, bool) and 0 < dispatch < 2**63:
                return dispatch
    raise NotOurs("its body is not one dispatch and nothing else")


def hand_back(reaction: str, dispatch: int) -> None:
    """A newer release's reaction: its deliveries wait, without an attempt, for a worker that knows it.

    Raises:
        NotOurs: no release has registered such a reaction.
    """
    try:
        with transaction.atomic():
            if not Reaction.objects.filter(pk=reaction).exists():
                raise NotOurs(f"no release has a reaction called {reaction}")
            if Dispatch.objects.filter(pk=dispatch, reaction_id=reaction, started=0).exists():
                release(dispatch)
    finally:
        connection.close()  # the pool's processes must not inherit a connection of the parent


def record_rejected(message: Message, reason: str) -> None:
    """Writes the message down and keeps the newest 1,000 of its kind."""
    try:
        record = RejectedMessage.objects.create(
            queue=_printable((message.delivery_info or {}).get("routing_key") or "")[:200],
            reason=_printable(reason)[:2_000],
            headers=_printable(_as_json(message.headers))[:4_000],
            body=_printable(message.body)[:4_000],
        )
        RejectedMessage.objects.filter(pk__lte=record.pk - KEEP).delete()
    finally:
        connection.close()


def _as_json(headers: Any) -> str:
    try:
        return json.dumps(headers, default=repr)
    except (RecursionError, TypeError, ValueError) as error:
        return f"they cannot be shown: {type(error).__name__}"


def _printable(text: Any) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return decoded.encode("utf-8", "replace").decode().replace("\0", "\N{SYMBOL FOR NULL}")
