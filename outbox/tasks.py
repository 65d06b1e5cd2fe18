"""One Celery task for each reaction, under the reaction's id, for people who look at Celery."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from outbox import heartbeats  # noqa: F401 (its signals make the worker beat)
from outbox.delivery.deliver import deliver
from outbox.reactions import Reaction, reactions


def register(reaction: Reaction) -> None:
    """Registers the reaction's task. Its message names a dispatch, and nothing else."""

    @shared_task(bind=True, name=reaction.id, typing=False)
    def run(task: Task[..., None], dispatch: int, **added_by_later_releases: Any) -> None:
        deliver(reaction, dispatch, worker=task.request.hostname or "", task_id=task.request.id or "")


for known in reactions().values():
    register(known)
