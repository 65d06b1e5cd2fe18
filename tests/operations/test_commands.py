"""The commands for who has no browser at hand: the same operations, with clear words and clear errors."""

from __future__ import annotations

from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from outbox.models import FailureGroup, Operation, Reaction
from outbox.operations.progress import advance
from tests.operations.asking import parked, state
from tests.operations.conftest import Only
from tests.outbox.rings import again

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def echo_alone(only: Only) -> None:
    only("toy.echo")


def command(*words: Any) -> str:
    output = StringIO()
    call_command(*map(str, words), stdout=output)
    return output.getvalue()


class TestRedeliver:
    @pytest.mark.parametrize("by", ["delivery", "order", "reaction", "group", "operation"])
    def test_finds_what_is_meant(self, by: str) -> None:
        (delivery,) = parked("raise@echo")
        named = {
            "delivery": delivery.pk,
            "order": delivery.order_id,
            "reaction": "toy.echo",
            "group": FailureGroup.objects.get().pk,
        }
        if by == "operation":
            command("redeliver", "--delivery", delivery.pk)
            again()
            advance()
            named["operation"] = Operation.objects.get().pk
        said = command("redeliver", f"--{by}", named[by], "--reason", "mended")
        assert f"redeliver delivery {delivery.pk} by command:" in said
        assert "under way; 1 on its way" in said
        assert state(delivery) == "waiting"

    def test_tries_the_first_of_several_alone(self) -> None:
        parked("raise@echo", "raise@echo")
        assert "1 planned, 1 on its way" in command("redeliver", "--reaction", "toy.echo", "--rate", 5)
        operation = Operation.objects.get()
        assert (operation.canary, operation.rate) == (True, 5)

    def test_only_says_what_would_happen_when_that_is_asked(self) -> None:
        (delivery,) = parked("raise@echo")
        said = command("redeliver", "--order", delivery.order_id, "--dry-run")
        assert said == "1 deliveries of 1 orders:\n       1 to be delivered\n"
        assert state(delivery) == "parked"

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            (["--reaction", "toy.nothing"], "No reaction is called toy.nothing."),
            (["--reaction", "toy.echo"], "there is nothing to do"),
            (["--group", "4711"], "There is no failure group 4711."),
            (["--order", str(uuid4())], "there is nothing to do"),
            (["--delivery", "4711"], "None of these deliveries exists"),
            (["--delivery", "4711", "--rate", "0"], "from 1 to 100"),
            (["--order", "nonsense"], "invalid UUID value"),
            ([], "required"),
        ],
    )
    def test_says_what_is_wrong(self, words: list[str], error: str) -> None:
        with pytest.raises(CommandError, match=error):
            command("redeliver", *words)
        assert not Operation.objects.exists()


class TestSkip:
    def test_skips_with_a_reason(self) -> None:
        (delivery,) = parked("raise@echo")
        assert "over; 1 skipped" in command("skip", "--delivery", delivery.pk, "--reason", "by phone")
        assert state(delivery) == "skipped"

    def test_needs_the_reason(self) -> None:
        (delivery,) = parked("raise@echo")
        with pytest.raises(CommandError, match="--reason"):
            command("skip", "--delivery", delivery.pk)
        with pytest.raises(CommandError, match="needs a reason"):
            command("skip", "--delivery", delivery.pk, "--reason", " ")
        assert state(delivery) == "parked"


def test_pause_and_resume() -> None:
    assert "paused; 0 dispatches were under way" in command("pause", "toy.echo", "--reason", "damage")
    assert Reaction.objects.get(pk="toy.echo").paused
    with pytest.raises(CommandError, match="paused already"):
        command("pause", "toy.echo", "--reason", "damage")
    assert "resumed" in command("resume", "toy.echo")
    with pytest.raises(CommandError, match="not paused"):
        command("resume", "toy.echo")
    with pytest.raises(CommandError, match="No reaction is called"):
        command("pause", "toy.nothing", "--reason", "damage")


class TestOperations:
    def test_tells_what_came_of_them(self) -> None:
        (delivery,) = parked("raise@echo")
        command("redeliver", "--delivery", delivery.pk)
        again()
        advance()
        assert "over; 1 failed again" in command("operations")
        told = command("operations", Operation.objects.get().pk)
        assert f"delivery {delivery.pk} of toy.echo: failed again. AskedTo" in told

    def test_stops_one(self) -> None:
        parked("raise@echo", "raise@echo")
        command("redeliver", "--reaction", "toy.echo")
        operation = Operation.objects.get().pk
        assert "1 on its way, 1 not begun: stopped" in command("operations", operation, "--stop")
        with pytest.raises(CommandError, match="over already"):
            command("operations", operation, "--stop")

    def test_says_what_is_wrong(self) -> None:
        with pytest.raises(CommandError, match="no operation 4711"):
            command("operations", 4711)
        with pytest.raises(CommandError, match="which operation"):
            command("operations", "--stop")
