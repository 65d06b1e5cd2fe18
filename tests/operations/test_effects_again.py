"""Effects that are delivered again: what has called the outside world is not done twice unless somebody says so."""

from __future__ import annotations

import pytest

from outbox.models import Delivery
from tests.operations.asking import ask, outcomes, state, verified
from tests.operations.conftest import Only
from tests.outbox.rings import again, calls, delivery_of, dispatched, work

pytestmark = pytest.mark.django_db


def ring_by(reaction: str, *notes: str) -> list[Delivery]:
    orders, message = dispatched(*(notes or ("",)))
    work(message)
    return [delivery_of(order, reaction) for order in orders]


class TestAnEffectThatIsDone:
    def test_and_has_called_the_outside_is_left_alone_whatever_is_asked_for(self, only: Only) -> None:
        only("toy.ring_far_end")
        (delivery,) = ring_by("toy.ring_far_end")
        assert outcomes(ask("redeliver", delivery, done_too=True)) == ["already_done"]
        again()
        assert calls(delivery.order_id) == 1

    def test_and_had_nothing_to_call_for_is_asked_again(self, only: Only) -> None:
        only("toy.ring_far_end")
        (delivery,) = ring_by("toy.ring_far_end", "no call")
        assert outcomes(ask("redeliver", delivery, done_too=True)) == ["released"]


class TestTheFirstHalfOfAJoin:
    def test_is_left_alone_for_it_would_make_the_call_of_the_other_half(self, only: Only) -> None:
        only("toy.ring_far_end")
        (delivery,) = ring_by("toy.ring_far_end", "no call")
        Delivery.objects.filter(pk=delivery.pk).update(state="done", outcome="waits for toy.Sung")
        assert outcomes(ask("redeliver", delivery, done_too=True)) == ["already_done"]


class TestWhatMayHaveBeenDone:
    @pytest.fixture
    def in_doubt(self, only: Only) -> Delivery:
        only("toy.send_postcard")
        orders, message = dispatched("raise@after call")
        work(message)
        again()
        delivery = delivery_of(orders[0], "toy.send_postcard")
        assert (delivery.state, delivery.called_at is None) == ("parked", False)
        return delivery

    def test_is_left_alone(self, in_doubt: Delivery) -> None:
        assert outcomes(ask("redeliver", in_doubt)) == ["in_doubt"]
        assert state(in_doubt) == "parked"

    def test_is_done_once_more_when_somebody_says_so(self, in_doubt: Delivery) -> None:
        operation = ask("redeliver", in_doubt, in_doubt_too=True)
        again()
        assert calls(in_doubt.order_id, "SendPostcard") == 2
        assert outcomes(operation) == ["released"]

    def test_of_an_effect_that_can_be_asked_is_looked_up_and_never_forgotten(self, only: Only) -> None:
        only("toy.ring_far_end")
        orders, message = dispatched("raise@after call")
        work(message)
        delivery = delivery_of(orders[0], "toy.ring_far_end")
        operation = ask("redeliver", delivery, in_doubt_too=True)
        again()
        assert (verified(operation), calls(delivery.order_id)) == (["succeeded"], 1)
