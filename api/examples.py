"""Examples of whole bodies, by the structs that they are of; the OpenAPI document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_examples: dict[str, tuple[type[msgspec.Struct], Mapping[str, Any]]] = {}


def exemplify(kind: type[msgspec.Struct], example: Mapping[str, Any]) -> None:
    """Shows this example of a whole body wherever the OpenAPI document says that an answer is of this kind."""
    _examples[kind.__name__] = kind, example


def known_examples() -> Mapping[str, Mapping[str, Any]]:
    """Returns the examples of whole bodies, by the names of their structs.

    Raises:
        msgspec.ValidationError: one is not of its kind. (Not when it is declared: the checks have to run before that.)
    """
    for kind, example in _examples.values():
        msgspec.convert(example, kind)
    return {name: example for name, (_, example) in _examples.items()}
