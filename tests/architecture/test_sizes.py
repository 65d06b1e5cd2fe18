"""Files and functions that can be read at one go."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.apps import PACKAGES, ROOT, sources

LONGEST_FILE = 250
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 8

FILES = sources(*PACKAGES, "tests")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """The functions of a file with their lengths in lines, signature and docstring included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_there_is_something_to_measure() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_not_too_long_and_no_function_in_it(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    assert [named for named in functions(path) if named[1] > LONGEST_FUNCTION] == []


def test_most_functions_are_short() -> None:
    lengths = [length for path in sources(*PACKAGES) for _, length in functions(path)]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION
