"""Labels in a drawing: there is no line break in SVG, and what does not fit is not seen."""

from __future__ import annotations

NARROW, WIDE = 6.4, 12.8  # the mean widths of a letter at the drawings' 12 units, and of what is as wide as it is high
EAST_ASIAN = 0x1100  # from here on most scripts are wide


def one_line(text: str) -> str:
    """Returns the text on one line, without the characters that would break it or turn its direction."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def width_of(text: str) -> float:
    """Returns how wide the text will be, roughly."""
    return sum(WIDE if ord(c) >= EAST_ASIAN and not 0x2000 <= ord(c) < 0x2E80 else NARROW for c in text)


def fitted(text: str, width: float) -> str:
    """Returns as much of the text as fits, with an ellipsis where it was cut; empty if that would say nothing."""
    line = one_line(text[:1000])
    if width_of(line) <= width:
        return line
    while line and width_of(line) + NARROW > width:
        line = line[: min(len(line) - 1, int(width / NARROW))]
    return f"{line.rstrip()}…" if len(line) > 2 else ""


def times(count: int) -> str:
    """Returns how often in words: `once`, `3 times`."""
    return "once" if count == 1 else f"{count} times"


def bare(name: str) -> str:
    """Returns the name of an event or a reaction without its app."""
    return name.partition(".")[2] or name
