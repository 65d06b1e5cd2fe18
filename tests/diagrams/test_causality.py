"""The tree of causes, as the markup nests it."""

from __future__ import annotations

from outbox.admin.history import History
from outbox.diagrams.causality import DEEPEST, causality_of
from tests.diagrams.stories import a_delivery, a_history, a_long_history, an_event, caused_by, told

PLACED = an_event(1)
RESERVED, SENT = (an_event(n, f"app.Event{n}", **caused_by(PLACED, "app.react")) for n in (2, 3))
CAPTURED = an_event(4, **caused_by(RESERVED, "payments.capture"))


def outline(history: History) -> str:
    """The positions as lists in brackets, as `causality.html` opens and closes them."""
    text = ""
    for node in causality_of(history):
        text += ("[" if node.opens else " ") + str(node.row.position) + "]" * len(node.closes)
    return f"{text}]"


class TestATree:
    def test_nests_each_event_below_its_cause(self) -> None:
        events = told(PLACED), told(RESERVED, cause=PLACED), told(SENT, cause=PLACED), told(CAPTURED, cause=RESERVED)
        assert outline(a_history(*events)) == "[1[2[4] 3]]"

    def test_has_a_root_for_each_request(self) -> None:
        assert outline(a_history(told(PLACED), told(an_event(5)))) == "[1 5]"

    def test_takes_an_event_whose_cause_is_elsewhere_for_a_root(self) -> None:
        assert outline(a_history(told(SENT, cause=PLACED))) == "[3]"

    def test_shows_what_a_reaction_emitted_beyond_the_history(self) -> None:
        assert outline(a_history(told(PLACED, a_delivery(emitted=[RESERVED])))) == "[1[2]]"

    def test_tells_what_is_still_to_come(self) -> None:
        (node,) = causality_of(a_history(told(PLACED, a_delivery(), a_delivery(state="parked"))))
        assert [delivery.row.state for delivery in node.unfinished] == ["parked"]

    def test_ends_although_events_name_each_other(self) -> None:
        first, second = an_event(1), an_event(2)
        assert outline(a_history(told(first, cause=second), told(second, cause=first))) == "[1[2]]"

    def test_of_a_long_chain_stays_shallow(self) -> None:
        nodes = causality_of(a_long_history(500))
        assert len(nodes) == 500
        assert sum(node.opens for node in nodes) == DEEPEST + 1
        assert outline(a_long_history(500)).count("]") == DEEPEST + 1
