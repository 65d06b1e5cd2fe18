"""Subscriptions as rows: the relay fans out by this table, so no process has to have the newest code to be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.models import Max

from outbox.conf import conf
from outbox.models import Event, Subscription
from outbox.models import Reaction as ReactionRow
from outbox.reactions import Reaction, reactions

# The `since` of a subscription that sleeps: no event comes after this position.
ASLEEP = 2**63 - 1
# What a release says of a reaction that is registered already, and of a subscription. Whether the one is paused and
# since when the other hears stays as it is.
OF_REACTIONS = (
    "app", "queue", "description", "source", "contract", "batch_size", "credit", "folds", "is_effect", "retired_at",
)  # fmt: skip
OF_SUBSCRIPTIONS = ("after_seconds", "after_field")


def register_after_migrating(app_config: AppConfig, using: str, plan: Any = None, **kwargs: Any) -> None:
    """Registers this release's subscriptions once the last app has been migrated."""
    from django.apps import apps

    last = [config for config in apps.get_app_configs() if config.models_module][-1]
    if app_config.label == last.label and _table_exists(using):
        register_subscriptions(using)


def register_subscriptions(using: str = "default") -> None:
    """Adds what this release knows and the table does not; takes nothing away, for an older release may still run.

    A new subscription hears the events from now on; the command `replay` gives it older ones.
    """
    known = reactions().values()
    with transaction.atomic(using=using):
        hold_fan_out(using)
        latest = _latest(using)
        ReactionRow.objects.using(using).bulk_create(
            [_row(reaction) for reaction in known],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=OF_REACTIONS,
        )
        Subscription.objects.using(using).bulk_create(
            [subscription for reaction in known for subscription in _subscriptions(reaction, latest)],
            update_conflicts=True,
            unique_fields=["reaction", "event_name"],
            update_fields=OF_SUBSCRIPTIONS,
        )


def wake(reaction: str) -> None:
    """Makes a reaction that sleeps hear the events from now on; one that is awake goes on. Needs a transaction."""
    hold_fan_out()
    Subscription.objects.filter(reaction_id=reaction, since=ASLEEP).update(since=_latest())


def let_sleep(reaction: str, *, unless: Callable[[], bool]) -> None:
    """Makes a reaction hear nothing until it is woken. Needs a transaction.

    `unless` is asked when nobody can wake the reaction any more; if it says yes, the reaction stays awake.
    """
    hold_fan_out()
    if not unless():
        Subscription.objects.filter(reaction_id=reaction).update(since=ASLEEP)


def hold_fan_out(using: str = "default") -> None:
    """Keeps events from being published and fanned out until the transaction ends, which has to be soon.

    Without it a fan-out that is under way would go by the subscriptions as they were.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("LOCK TABLE outbox_pendingevent IN SHARE ROW EXCLUSIVE MODE")


def _latest(using: str = "default") -> int:
    return Event.objects.using(using).aggregate(latest=Max("position"))["latest"] or 0


def _row(reaction: Reaction) -> ReactionRow:
    return ReactionRow(
        id=reaction.id,
        app=reaction.app,
        queue=reaction.queue,
        description=reaction.description,
        source=reaction.source,
        contract=reaction.contract.describe(),
        batch_size=reaction.size,
        credit=conf().credit,
        folds=reaction.folds,
        is_effect=reaction.effect is not None,
    )


def _subscriptions(reaction: Reaction, latest: int) -> Iterator[Subscription]:
    since = ASLEEP if reaction.asleep else latest
    for event in reaction.contract.reads:
        yield Subscription(reaction_id=reaction.id, event_name=event, since=since, **_delay(reaction))


def _delay(reaction: Reaction) -> dict[str, Any]:
    if isinstance(reaction.after, timedelta):
        return {"after_seconds": reaction.after.total_seconds()}
    return {"after_field": reaction.after}


def _table_exists(using: str) -> bool:
    return Subscription._meta.db_table in connections[using].introspection.table_names()
