"""`manage.py explain ORDER`: where the order is, and why, at the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders import services
from orders.serializers import answer_as_json
from orders.services import Answer, Book
from outbox.expectations import Expectation, clock, either, roughly


class Command(BaseCommand):
    help = "Tells where an order is, and why: what has happened, what is still owed, by whom, and until when."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("order", help="its number or its id, or the beginning of either")
        parser.add_argument("--json", action="store_true", help="the same as one JSON document")

    def handle(self, *args: Any, order: str, **options: Any) -> None:
        try:
            answer = services.explain(services.find_order(order))
        except services.NoSuchOrder as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer_as_json(answer), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(told(answer)))


def told(answer: Answer) -> Iterator[str]:
    """Yields the answer line by line."""
    yield f"{answer.order.number} ({answer.order.pk}): {answer.status}"
    yield answer.sentence
    yield from (f"Also: {sentence}" for sentence in answer.also)
    yield from ("", "What has happened")
    start = answer.order.placed_at
    for event in answer.outlook.events:
        after = roughly(event.occurred_at - start)
        yield f"  {clock(event.occurred_at, answer.outlook.now)}  +{after:<12} {event.name} #{event.position}"
    if not answer.outlook.events:
        yield "  nothing"
    yield from ("", "What remains")
    yield from (_remaining(one) for one in answer.owed)
    if not answer.owed:
        yield "  nothing"
    if answer.books:
        yield from ("", "The books of the cancelled order")
        yield from (f"  {book.module:<10} {_closed(book, answer)}" for book in answer.books)


def _remaining(one: Expectation) -> str:
    by = f", by {clock(one.due_by, one.now)}" if one.due_by else ""
    late = f" (overdue by {roughly(one.overdue)})" if one.overdue else ""
    what = either(one.emits) if one.emits else "its note"
    return f"  {one.reaction}: {what}, for {one.event.name} #{one.event.position}{by}{late}; {one.reason}"


def _closed(book: Book, answer: Answer) -> str:
    now = answer.outlook.now
    if book.closed_by:
        return f"closed by {book.closed_by.name} at {clock(book.closed_by.occurred_at, now)}"
    return f"open since {clock(book.open_since, now)}" if book.open_since else "open"
