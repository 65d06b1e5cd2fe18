"""`make` mends an environment whose making was cut off."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_UV = os.pathsep.join(place for place in os.get_exec_path() if not (Path(place) / "uv").exists())

pytestmark = pytest.mark.skipif(shutil.which("make", path=WITHOUT_UV) is None, reason="make lies beside uv")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A project that needs nothing, whose environment has no pip, as if its making had been killed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    return tmp_path


def install(clone: Path) -> None:
    command = ["make", f"PYTHON={sys.executable}", ".venv/installed"]
    subprocess.run(command, cwd=clone, env={**os.environ, "PATH": WITHOUT_UV}, capture_output=True, check=True)
    subprocess.run([clone / ".venv/bin/python", "-m", "pip", "--version"], capture_output=True, check=True)
    assert (clone / ".venv" / "installed").exists()


def test_an_environment_that_never_got_pip_gets_it(clone: Path) -> None:
    install(clone)


def test_an_environment_whose_python_has_gone_is_begun_anew(clone: Path) -> None:
    (clone / ".venv" / "installed").touch()
    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    install(clone)
