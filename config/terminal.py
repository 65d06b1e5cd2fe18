"""The terminal of the person who started something; it may know few letters, or be closed by now."""

import sys
from contextlib import suppress
from io import TextIOWrapper


def accept_every_letter() -> None:
    """From now on a letter that the terminal's encoding lacks is shown as a question mark, and is no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(line: str) -> None:
    """Tells the person at the terminal, who may have closed it."""
    with suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
