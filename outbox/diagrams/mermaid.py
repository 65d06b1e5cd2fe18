"""The choreography as a flowchart in Mermaid, for documents that draw it themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from outbox.diagrams.choreography import USE_CASES, Choreography
from outbox.diagrams.labels import one_line


def flowchart_of(choreography: Choreography) -> str:
    """Returns the source of a flowchart: reactions in a box for each app, events between them."""
    return "\n".join(_lines(choreography)) + "\n"


def _lines(choreography: Choreography) -> Iterator[str]:
    yield "flowchart LR"
    events = {name: f"e{n}" for n, name in enumerate(choreography.in_flow_order())}
    parts = sorted(choreography.parts, key=lambda part: (part.app, part.id))
    numbered = [(f"r{n}", part) for n, part in enumerate(parts)]
    for app, group in groupby(numbered, key=lambda one: one[1].app):
        yield f"  subgraph {_quoted(app)}"
        yield from (f"    {node}[{_quoted(part.name if part.id else USE_CASES)}]" for node, part in group)
        yield "  end"
    yield from (f"  {node}([{_quoted(name)}])" for name, node in events.items())
    for node, part in numbered:
        yield from (f"  {events[name]} --> {node}" for name in part.hears)
        yield from (f"  {node} -.-> {events[name]}" for name in part.emits)


def _quoted(text: str) -> str:
    """The text as Mermaid takes it: what it could take for syntax is written as an entity."""
    return '"' + "".join(c if c.isalnum() or c in " ._-" else f"#{ord(c)};" for c in one_line(text)) + '"'
