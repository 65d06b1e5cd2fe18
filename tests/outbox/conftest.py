"""What the engine's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from outbox.models import Subscription
from tests.brokers import rabbitmq
from tests.toy.scenes import Scene, scenes

__all__ = ["rabbitmq"]

Only = Callable[..., None]
Stage = Callable[[str, Scene], str]


@pytest.fixture(autouse=True)
def _as_the_engine_is(settings: Settings) -> None:
    """The engine's own tests run by its own times."""
    settings.OUTBOX = {"strict": True}


@pytest.fixture
def only() -> Only:
    """Takes the subscriptions of all other reactions away, for this test."""

    def keep(*reactions: str) -> None:
        Subscription.objects.exclude(reaction_id__in=reactions).delete()

    return keep


@pytest.fixture
def echo_alone(only: Only) -> None:
    only("toy.echo")


@pytest.fixture
def far_end_alone(only: Only) -> None:
    only("toy.ring_far_end")


@pytest.fixture
def postcard_alone(only: Only) -> None:
    only("toy.send_postcard")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Stages a scene under a name; returns the note that asks for it."""

    def put(name: str, scene: Scene) -> str:
        scenes[name] = scene
        return name

    yield put
    scenes.clear()
