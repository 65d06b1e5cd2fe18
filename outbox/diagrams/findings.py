"""What is noteworthy about a choreography: by its declaration, and by what was observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outbox.admin.marks import Tone
from outbox.diagrams.choreography import Choreography
from outbox.diagrams.labels import times
from outbox.diagrams.observed import Observed


@dataclass(frozen=True, kw_only=True)
class Finding:
    word: str
    glyph: str
    tone: Tone
    text: str


def findings_about(choreography: Choreography, observed: Observed | None = None) -> list[Finding]:
    """Returns what is noteworthy, what is wrong first."""
    found = [
        *_unpublished(choreography),
        *_open_books(choreography),
        *(_drift(choreography, observed) if observed else ()),
    ]
    return [*found, *_cycles(choreography), *_unheard(choreography)]


def _unpublished(choreography: Choreography) -> Iterator[Finding]:
    for name in sorted(choreography.heard - choreography.published):
        who = ", ".join(part.id for part in choreography.parts if name in part.hears)
        yield Finding(word="unpublished", glyph="✕", tone="bad", text=f"Nobody publishes {name}, which {who} hears.")


def _open_books(choreography: Choreography) -> Iterator[Finding]:
    for text in choreography.open_books():
        yield Finding(word="open book", glyph="✕", tone="bad", text=text)


def _drift(choreography: Choreography, observed: Observed) -> Iterator[Finding]:
    for part, name, count in undeclared(choreography, observed):
        who = part or f"a use case of {name.partition('.')[0]}"
        yield Finding(word="drift", glyph="!", tone="bad", text=f"{who} published {name}, undeclared: {times(count)}.")
    for reaction, handled in sorted(observed.reactions.items()):
        if handled.drifted:
            text = f"{reaction} answered outside its contract: {times(handled.drifted)}."
            yield Finding(word="drift", glyph="!", tone="bad", text=text)


def undeclared(choreography: Choreography, observed: Observed) -> list[tuple[str, str, int]]:
    """Returns what was emitted undeclared: by which reaction, empty for a use case; which event; how often."""
    declared = {(name, part.id) for part in choreography.parts for name in part.emits}
    # A use case may also publish what some reaction emits; it declares nothing.
    known = choreography.published
    return sorted(
        (part, name, count)
        for (name, part), count in observed.emitted.items()
        if (name, part) not in declared and (part or name not in known)
    )


def _cycles(choreography: Choreography) -> Iterator[Finding]:
    for cycle in choreography.cycles:
        text = f"{' → '.join([*cycle, cycle[0]])}: may come round; the state of the apps has to end it."
        yield Finding(word="cycle", glyph="↻", tone="busy", text=text)


def _unheard(choreography: Choreography) -> Iterator[Finding]:
    unheard = [name for name in choreography.in_flow_order() if name not in choreography.heard]
    if unheard:
        yield Finding(word="unheard", glyph="○", tone="quiet", text=f"Nobody hears {', '.join(unheard)}.")
