"""Subscriptions as rows: the relay fans out by this table, so no process has to have the newest code to be right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.models import Max

from outbox.conf import conf
from outbox.models import Event, Subscription
from outbox.models import Reaction as ReactionRow
from outbox.reactions import Reaction, reactions


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
    with transaction.atomic(using=using):
        hold_fan_out(using)
        latest = Event.objects.using(using).aggregate(latest=Max("position"))["latest"] or 0
        for reaction in reactions().values():
            ReactionRow.objects.using(using).update_or_create(id=reaction.id, defaults=_as_row(reaction))
            for event in reaction.contract.reads:
                Subscription.objects.using(using).update_or_create(
                    reaction_id=reaction.id,
                    event_name=event,
                    defaults=_delay(reaction),
                    create_defaults={"since": latest, **_delay(reaction)},
                )


def hold_fan_out(using: str = "default") -> None:
    """Keeps events from being published and fanned out until the transaction ends, which has to be soon.

    Without it a fan-out that is under way would go by the subscriptions as they were.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("LOCK TABLE outbox_pendingevent IN SHARE ROW EXCLUSIVE MODE")


def _as_row(reaction: Reaction) -> dict[str, Any]:
    return {
        "app": reaction.app,
        "queue": reaction.queue,
        "description": reaction.description,
        "source": reaction.source,
        "contract": reaction.contract.describe(),
        "batch_size": reaction.size,
        "credit": conf().credit,
        "folds": reaction.folds,
        "is_effect": reaction.effect is not None,
        "retired_at": None,
    }


def _delay(reaction: Reaction) -> dict[str, Any]:
    if isinstance(reaction.after, timedelta):
        return {"after_seconds": reaction.after.total_seconds(), "after_field": ""}
    return {"after_seconds": 0, "after_field": reaction.after}


def _table_exists(using: str) -> bool:
    return Subscription._meta.db_table in connections[using].introspection.table_names()
