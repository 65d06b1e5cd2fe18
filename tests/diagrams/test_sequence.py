"""The steps of a story and their layout."""

from __future__ import annotations

from itertools import pairwise

from outbox.diagrams.sequence import Sequenced, sequence_of
from outbox.diagrams.steps import LONGEST, rows_of, steps_of
from tests.diagrams.stories import (
    a_delivery,
    a_dispatch,
    a_history,
    a_long_history,
    an_event,
    at,
    caused_by,
    told,
)

PLACED = an_event(1)
SENT = an_event(3, "notifications.NotificationSent", when=at(seconds=1), **caused_by(PLACED, "notifications.send_mail"))
RESERVED = an_event(2, "inventory.StockReserved", when=at(milliseconds=30), **caused_by(PLACED, "inventory.reserve"))


def a_story() -> Sequenced:
    """An order is placed, stock is reserved, a mail is sent, and payments has nothing to do."""
    mail = a_dispatch(at(milliseconds=4), at(milliseconds=50), at(seconds=1))
    return sequence_of(
        a_history(
            told(
                PLACED,
                a_delivery("inventory.reserve", emitted=[RESERVED]),
                a_delivery("notifications.send_mail", dispatch=mail, called_at=at(milliseconds=60), emitted=[SENT]),
            ),
            told(RESERVED, a_delivery("payments.capture", state="ignored", outcome="cancelled"), cause=PLACED),
            told(SENT, cause=PLACED),
        )
    )


class TestASequence:
    def test_begins_with_the_request_and_ends_with_the_mail(self) -> None:
        picture = a_story()
        first, *_, last = rows_of(picture.steps)
        assert first[1:] == ("client", "orders", "POST /api/v1/orders")
        assert last[2:] == ("notifications.send_mail", "✓ send_mail → NotificationSent")
        assert picture.boxes[-1].outside == picture.lifelines[-1].x

    def test_has_a_lifeline_for_each_who_takes_part(self) -> None:
        names = [line.name for line in a_story().lifelines]
        assert names == ["client", "orders", "inventory", "notifications", "payments", "outside"]
        xs = [line.x for line in a_story().lifelines]
        assert xs == sorted(xs)

    def test_draws_an_event_as_one_arrow_to_all_who_hear_it(self) -> None:
        placed = a_story().arrows[1]
        assert placed.hearers == ["inventory", "notifications"]
        assert [end for _, end in placed.pieces] == sorted(placed.to)

    def test_draws_what_was_ignored_thin_and_with_its_reason(self) -> None:
        (thin,) = (box for box in a_story().boxes if box.is_thin)
        assert (thin.name.whole, thin.note.whole) == ("– capture", "ignored: cancelled")  # noqa: RUF001  # a dash

    def test_goes_down_the_page_in_the_order_of_time(self) -> None:
        picture = a_story()
        assert [y for y, _ in picture.times] == sorted(y for y, _ in picture.times)
        assert [step.at for step in picture.steps] == sorted(step.at for step in picture.steps)

    def test_tells_staff_and_the_system_from_clients(self) -> None:
        by_staff = told(an_event(1, actor="staff:mo"))
        by_code = told(an_event(2, cause_kind="system", actor=""))
        names = [line.name for line in sequence_of(a_history(by_staff, by_code)).lifelines]
        assert names == ["staff", "system", "orders"]

    def test_puts_what_still_waits_at_the_end(self) -> None:
        timer = a_delivery("payments.expire", state="waiting", due_at=at(days=2))
        *_, last = steps_of(a_history(told(PLACED, timer, a_delivery("shipping.ship"))))
        assert (last.delivery, last.at) == (timer, at(days=2))

    def test_loops_to_an_app_that_hears_itself(self) -> None:
        arrow = sequence_of(a_history(told(PLACED, a_delivery("orders.track")))).arrows[-1]
        assert arrow.loops
        assert arrow.pieces == []

    def test_keeps_boxes_of_one_lifeline_apart(self) -> None:
        deliveries = [a_delivery(f"orders.track_{n}") for n in range(4)]
        boxes = sequence_of(a_history(told(PLACED, *deliveries))).boxes
        assert all(a.y + a.height < b.y for a, b in pairwise(boxes))

    def test_folds_repeats_when_there_are_more_than_two_hundred_steps(self) -> None:
        picture = sequence_of(a_long_history(300))
        assert picture.is_folded
        assert len(picture.steps) < 20
        assert sum(len(step.repeats) + 1 for step in picture.steps if not step.delivery and not step.is_trigger) == 300
        assert any("more like it until #300" in arrow.label.whole for arrow in picture.arrows)

    def test_draws_up_to_two_hundred_steps_one_by_one(self) -> None:
        picture = sequence_of(a_long_history(60))
        assert not picture.is_folded
        assert 150 < len(picture.steps) <= LONGEST
