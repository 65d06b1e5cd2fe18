"""What others have got wrong in pages: words that are taken for markup, and a question to the database for each row."""

from __future__ import annotations

from tests.planted_bugs.bug import Bug, Change

HOSTILE = ("tests/admin/test_hostile_content.py",)
STATEMENTS = ("tests/admin/test_statements.py",)

BUGS = (
    Bug(
        "what somebody noted about an order is taken for markup",
        (
            Change(
                "outbox/templates/outbox/operations_of_order.html",
                "{{ one.note.text }}",
                "{{ one.note.text|safe }}",
            ),
        ),
        HOSTILE,
    ),
    Bug(
        "the name of an app is written into a diagram as it is",
        (Change("outbox/admin/exporting.py", 'return re.sub(r"\\W", "_", app)', "return app"),),
        HOSTILE,
    ),
    Bug(
        "what turns round the text after it is obeyed",
        (Change("config/settings.py", '    "config.directions.VisibleDirections",\n', ""),),
        HOSTILE,
    ),
    Bug(
        "the list asks for each order what has happened to it",
        (
            Change("orders/admin/listing.py", "    names = names_of([order.pk for order in rows])\n", ""),
            Change(
                "orders/admin/listing.py", "names.get(order.pk, set())", "names_of([order.pk]).get(order.pk, set())"
            ),
        ),
        STATEMENTS,
    ),
    Bug(
        "the page of an order asks for each delivery how it was sent",
        (
            Change(
                "outbox/admin/history.py",
                'found.select_related("dispatch").prefetch_related(attempts)',
                "found.prefetch_related(attempts)",
            ),
        ),
        STATEMENTS,
    ),
)
