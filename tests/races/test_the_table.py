"""docs/races.md tells the truth: every race has its row, and every test that it names exists."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).resolve().parent.parent
TABLE = TESTS.parent / "docs" / "races.md"
RACES = [f"R{number}" for number in range(1, 35)]
NAME = re.compile(r"`([\w/]+\.py(?:::\w+)+)`")


class Row(NamedTuple):
    race: str
    parts: list[str]
    tests: list[str]

    @property
    def later(self) -> bool:
        return self.parts[-1].startswith("**later**: ")


def rows() -> list[Row]:
    lines = re.findall(r"^\| (R\d+) \| (.+) \|$", TABLE.read_text(), re.MULTILINE)
    return [Row(race, rest.split(" | "), NAME.findall(rest)) for race, rest in lines]


def declared_in(path: Path) -> Iterator[str]:
    """The tests of a file as the table names them, such as `outbox/test_x.py::TestThat::test_this`."""
    module = ast.parse(path.read_text())
    classes = [node for node in module.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    scopes: list[ast.Module | ast.ClassDef] = [module, *classes]
    for scope in scopes:
        prefix = f"::{scope.name}" if isinstance(scope, ast.ClassDef) else ""
        for node in scope.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{path.relative_to(TESTS).as_posix()}{prefix}::{node.name}"


def test_every_race_has_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    table = rows()
    assert [row.race for row in table] == RACES
    assert {len(row.parts) for row in table} == {4}
    covered = [row for row in table if row.tests]
    assert [row.race for row in table if row.later] == [row.race for row in table if not row.tests]
    named = sum(len(row.tests) for row in covered)
    with capsys.disabled():
        sys.stdout.write(f"\nraces covered: {len(covered)} of {len(table)}, by {named} tests\n")


def test_every_test_that_is_named_exists() -> None:
    named = {name for row in rows() for name in row.tests}
    there = {name for file in {name.partition("::")[0] for name in named} for name in declared_in(TESTS / file)}
    assert named - there == set()


def test_every_test_of_a_race_is_named_in_its_row() -> None:
    named = {(row.race, name) for row in rows() for name in row.tests}
    for name in (name for path in (TESTS / "races").glob("test_*.py") for name in declared_in(path)):
        if number := re.search(r"::test_r(\d\d)_", name):
            assert (f"R{int(number[1])}", name) in named
