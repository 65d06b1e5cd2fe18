"""What `manage.py check` says about events, readers, reactions and settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, connections

from outbox.compatibility import differences
from outbox.conf import conf
from outbox.delivery.calling import GRACE
from outbox.diagrams.choreography import coded_choreography
from outbox.events import Event, app_of, duplicate_events, event_name, published_events
from outbox.reactions import Reaction, duplicate_reactions, reactions

IN_FLIGHT = """
SELECT DISTINCT 'reaction', d.reaction_id FROM outbox_delivery d JOIN outbox_reaction r ON r.id = d.reaction_id
WHERE d.state IN ('waiting', 'dispatched', 'parked') AND r.retired_at IS NULL
UNION SELECT DISTINCT 'event', e.name FROM outbox_pendingevent p JOIN outbox_event e ON e.position = p.event_id
UNION SELECT DISTINCT 'event', e.name FROM outbox_delivery d
    JOIN outbox_event e ON e.position = d.event_id JOIN outbox_reaction r ON r.id = d.reaction_id
    WHERE d.state IN ('waiting', 'dispatched', 'parked') AND r.retired_at IS NULL
"""


def register() -> None:
    """Registers the checks with Django."""
    checks.register(check_events, "outbox")
    checks.register(check_reactions, "outbox")
    checks.register(check_books, "outbox")
    checks.register(check_settings, "outbox")
    checks.register(check_in_flight, checks.Tags.database)


def check_events(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Events are frozen, keyword-only, can be written as JSON, and have one class each."""
    found: list[CheckMessage] = [
        Error(f"Two classes publish {name}.", id="outbox.E009") for name in sorted(set(duplicate_events()))
    ]
    for name, cls in sorted(published_events().items()):
        found += _check_struct(name, cls)
        try:
            msgspec.json.schema(cls)
        except TypeError as error:
            found.append(Error(f"{name} cannot be written as JSON: {error}", id="outbox.E005"))
    return found


def check_reactions(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Every reader can read what its publisher publishes; every reaction keeps the rules of its kind."""
    found: list[CheckMessage] = [
        Error(f"Two reactions are called {name}.", id="outbox.E004") for name in sorted(set(duplicate_reactions()))
    ]
    for reaction in reactions().values():
        for name, reader in reaction.contract.reads.items():
            found += _check_reading(reaction, name, reader)
        found += _check_rules(reaction)
    return found


def check_books(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Every app that has to close a book can."""
    return [Error(sentence, id="outbox.E021") for sentence in coded_choreography(reactions().values()).open_books()]


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """No setting breaks a guarantee."""
    found: list[CheckMessage] = []
    required = {"CELERY_TASK_ACKS_LATE": True, "CELERY_TASK_REJECT_ON_WORKER_LOST": True}
    for name, value in required.items():
        if getattr(settings, name, None) is not value:
            found.append(Error(f"{name} has to be {value}, or a killed worker loses messages.", id="outbox.E014"))
    if getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        found.append(Error("CELERY_TASK_ALWAYS_EAGER runs reactions inside the publisher.", id="outbox.E014"))
    if any(database.get("ATOMIC_REQUESTS") for database in settings.DATABASES.values()):
        found.append(Error("ATOMIC_REQUESTS hides where transactions begin and end.", id="outbox.E014"))
    longest = sum(min(conf().longest_backoff, conf().backoff * 2**n) for n in range(1, conf().effect_max_attempts + 1))
    if timedelta(seconds=longest) >= conf().provider_memory:
        words = f"Retries go on for up to {longest:.0f} s, longer than providers remember an idempotency key."
        found.append(Error(words, id="outbox.E013"))
    return found


def check_in_flight(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuses a build that does not know what is in flight: nobody would ever work on it."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        for kind, name in _in_flight(alias):
            known = reactions() if kind == "reaction" else published_events()
            if name not in known:
                hint = "Deploy a build that has it, or retire it: manage.py retire REACTION."
                found.append(Error(f"The {kind} {name} is in flight and not in this build.", hint, id="outbox.E020"))
    return found


def _in_flight(alias: str) -> list[tuple[str, str]]:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(IN_FLIGHT)
            return list(cursor.fetchall())
    except DatabaseError:
        return []  # not migrated yet, or not there: other checks say so


def _check_struct(name: str, cls: type[msgspec.Struct]) -> Iterator[CheckMessage]:
    if not cls.__struct_config__.frozen:
        yield Error(f"{name} ({cls.__module__}) is not frozen.", "Declare it frozen=True.", id="outbox.E006")
    positional = [field for field in cls.__struct_fields__ if field in getattr(cls, "__match_args__", ())]
    if positional:
        yield Error(f"{name} ({cls.__module__}) is not keyword-only.", "Declare it kw_only=True.", id="outbox.E006")


def _check_reading(reaction: Reaction, name: str, reader: type[msgspec.Struct]) -> Iterator[CheckMessage]:
    publisher = published_events().get(name)
    if publisher is None:
        yield _unknown(reaction, name)
        return
    if not issubclass(reader, Event):
        yield from _check_struct(f"{reaction.app}'s reader of {name}", reader)
    for difference in differences(publisher, reader):
        number = "E002" if difference.kind == "missing" else "E003"
        words = f"{reaction.id} reads {name}.{difference.path}: {difference.words}."
        yield Error(
            words, f"See {reader.__module__}.{reader.__name__} and {publisher.__module__}.", id=f"outbox.{number}"
        )


def _unknown(reaction: Reaction, name: str) -> CheckMessage:
    app = name.partition(".")[0]
    if apps.is_installed(app) or any(config.label == app for config in apps.get_app_configs()):
        return Error(f"{reaction.id} listens to {name}, which {app} does not publish.", id="outbox.E001")
    return Warning(f"{reaction.id} listens to {name}, whose publisher is not installed.", id="outbox.W001")


def _check_rules(reaction: Reaction) -> Iterator[CheckMessage]:
    contract = reaction.contract
    for cls in contract.emits:
        if app_of(cls.__module__) != reaction.app:
            yield Error(f"{reaction.id} emits {event_name(cls)}, which is another app's.", id="outbox.E007")
    if reaction.folds and contract.answers:
        yield Error(f"{reaction.id} folds, so it can answer nothing; it declares answers.", id="outbox.E008")
    queues = [queue.name for queue in getattr(settings, "CELERY_TASK_QUEUES", [])]
    if reaction.queue not in queues:
        yield Error(
            f"{reaction.id} runs on the queue {reaction.queue}, which CELERY_TASK_QUEUES lacks.", id="outbox.E011"
        )
    if isinstance(reaction.after, str):
        yield from _check_delay(reaction, reaction.after)
    soft = getattr(settings, "CELERY_TASK_SOFT_TIME_LIMIT", None) or float("inf")
    longest = conf().patience + reaction.timeout + GRACE
    if reaction.effect and longest >= soft:
        words = f"{reaction.id}: its last call may end after {longest:.0f} s"
        yield Error(f"{words}, and the soft time limit is {soft:.0f} s.", id="outbox.E010")


def _check_delay(reaction: Reaction, field: str) -> Iterator[CheckMessage]:
    for name in reaction.contract.reads:
        publisher = published_events().get(name)
        if publisher is None:
            continue
        kinds = {f.name: type(f.type) for f in msgspec.inspect.type_info(publisher).fields}  # type: ignore[attr-defined]
        if kinds.get(field) is not msgspec.inspect.DateTimeType:
            yield Error(f"{reaction.id} waits for {name}.{field}, which is no datetime.", id="outbox.E012")
