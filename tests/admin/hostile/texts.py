"""Texts that somebody could send who means no good, as short and as long as a field takes."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

# Wherever an escape is missing a tag <evil> or an attribute evil begins. The override would turn round what follows.
START = "\"'><evil evil=1>"
TAIL = (
    "\u202e</script><script>evil()</script></svg></style></title>--> javascript:evil() {{ evil }} \\u003cevil>\nline 2 "
)
LONGEST = 4_000


def hostile(longest: int | None = None) -> str:
    """Returns a text of several lines and exactly so many characters, 4,000 unless told otherwise."""
    length = min(longest or LONGEST, LONGEST)
    return (START + TAIL + "x" * LONGEST)[:length]


SHORT = hostile(200)
# What events and reactions are called comes from the code, stands in addresses, and has one line.
NAME = hostile(100).replace("\n", " ")


def payload_of(event: type[msgspec.Struct]) -> dict[str, Any]:
    """Returns a payload that this event could have: its types are kept, and every text in it is hostile."""
    found: dict[str, Any] = _of_type(inspect.type_info(event))
    return found


def _of_type(info: inspect.Type) -> Any:
    match info:
        case inspect.Metadata():
            return _of_type(info.type)
        case inspect.StructType(fields=fields):
            return {field.encode_name: _of_type(field.type) for field in fields}
        case inspect.UnionType(types=members):
            return _of_type(next(member for member in members if not isinstance(member, inspect.NoneType)))
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return [_of_type(item)]
        case inspect.DictType(value_type=item):
            return {SHORT: _of_type(item)}
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=members):
            return next(iter(members)).value
    return PLAIN.get(type(info), SHORT)


PLAIN: dict[type[inspect.Type], Any] = {
    inspect.IntType: 1,
    inspect.FloatType: 1.0,
    inspect.BoolType: True,
    inspect.DateTimeType: "2025-11-22T14:02:11Z",
    inspect.UUIDType: "00000000-0000-0000-0000-000000000001",
}
