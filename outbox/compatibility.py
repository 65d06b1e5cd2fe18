"""Whether a reader can read what a publisher publishes, compared to any depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import inspect

from outbox.events import ENVELOPE, EnvelopeReader

Kind = Literal["missing", "type"]


@dataclass(frozen=True)
class Difference:
    """Where a reader differs: `path` is the field, dotted; `missing` is not published, `type` cannot be read."""

    kind: Kind
    path: str
    words: str


def differences(published: type[msgspec.Struct], reader: type[msgspec.Struct]) -> list[Difference]:
    """Returns everything that keeps `reader` from reading every event that `published` may become."""
    found = _compare(inspect.type_info(published), inspect.type_info(reader), "")
    added = ENVELOPE if issubclass(reader, EnvelopeReader) else frozenset()
    return [difference for difference in found if difference.path not in added]


def _compare(said: inspect.Type, heard: inspect.Type, path: str) -> Iterator[Difference]:
    """Compares what is said with what is heard at one place; that a field is personal makes no difference."""
    said, heard = _unmarked(said), _unmarked(heard)
    if isinstance(heard, inspect.AnyType):
        return
    if isinstance(said, inspect.UnionType) or isinstance(heard, inspect.UnionType):
        yield from _compare_unions(said, heard, path)
    elif isinstance(said, inspect.StructType) and isinstance(heard, inspect.StructType):
        yield from _compare_structs(said, heard, path)
    elif _is_array(said) and _is_array(heard):
        yield from _compare(_item(said), _item(heard), f"{path}[]")
    elif isinstance(said, inspect.DictType) and isinstance(heard, inspect.DictType):
        yield from _compare(said.value_type, heard.value_type, f"{path}{{}}")
    elif not _can_be_heard(said, heard):
        yield Difference("type", path, f"{_words(said)} is published, {_words(heard)} is read")


def _compare_structs(said: inspect.StructType, heard: inspect.StructType, path: str) -> Iterator[Difference]:
    published = {field.encode_name: field for field in said.fields}
    for field in heard.fields:
        where = f"{path}.{field.name}".lstrip(".")
        if field.encode_name not in published:
            yield Difference("missing", where, "not published")
        else:
            yield from _compare(published[field.encode_name].type, field.type, where)


def _compare_unions(said: inspect.Type, heard: inspect.Type, path: str) -> Iterator[Difference]:
    """Each thing that may be said has to fit at least one of those that are understood."""
    understood = _members(heard)
    for one in _members(said):
        if not any(not list(_compare(one, other, path)) for other in understood):
            if isinstance(one, inspect.NoneType):
                yield Difference("type", path, "may be null, which is not read")
            elif len(understood) == 1:
                yield from _compare(one, understood[0], path)
            else:
                yield Difference("type", path, f"{_words(one)} is published, {_words(heard)} is read")


def _unmarked(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _members(info: inspect.Type) -> tuple[inspect.Type, ...]:
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _is_array(info: inspect.Type) -> bool:
    return isinstance(info, inspect.ListType | inspect.VarTupleType)


def _item(info: inspect.Type) -> inspect.Type:
    return info.item_type if isinstance(info, inspect.ListType | inspect.VarTupleType) else info


def _can_be_heard(said: inspect.Type, heard: inspect.Type) -> bool:
    if isinstance(said, inspect.LiteralType):
        if isinstance(heard, inspect.LiteralType):
            return set(said.values) <= set(heard.values)
        kinds = {type(value) for value in said.values}
        return (kinds == {str} and isinstance(heard, inspect.StrType)) or (kinds == {int} and _is_number(heard))
    if isinstance(said, inspect.IntType):
        return _is_number(heard)
    # On the wire these are strings; a reader that only passes them on may read them as such.
    if isinstance(heard, inspect.StrType):
        return isinstance(said, inspect.StrType | inspect.UUIDType | inspect.DateTimeType | inspect.DateType)
    return type(said) is type(heard)


def _is_number(info: inspect.Type) -> bool:
    return isinstance(info, inspect.IntType | inspect.FloatType)


def _words(info: inspect.Type) -> str:
    if isinstance(info, inspect.StructType):
        return info.cls.__name__
    if isinstance(info, inspect.LiteralType):
        return f"one of {sorted(map(str, info.values))}"
    if isinstance(info, inspect.UnionType):
        return " or ".join(_words(member) for member in info.types)
    return type(info).__name__.removesuffix("Type").lower()
