"""The planted bugs are about the code as it is; whether they are caught is asked by `make plant`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.planted_bugs.bug import Bug, Change, Stale
from tests.planted_bugs.bugs import BUGS
from tests.planted_bugs.planting import ROOT


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_can_be_planted_and_its_tests_exist(bug: Bug, tmp_path: Path) -> None:
    for file in {change.file for change in bug.changes}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    bug.plant(tmp_path)
    for file in {change.file for change in bug.changes if change.file.endswith(".py")}:
        compile((tmp_path / file).read_text(), file, "exec")
    assert [test for test in bug.tests if not (ROOT / test.partition("::")[0]).exists()] == []


def test_a_bug_in_code_that_has_moved_on_is_stale(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("new\nnew\n")
    for text in ("old", "new"):
        with pytest.raises(Stale):
            Change("code.py", text, "").applied(tmp_path)


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS)
