"""The record from which the next start finds what a killed one has left behind."""

import json
import signal
import sys
from pathlib import Path

import pytest

from config.supervisor import Program, Supervisor, end_leftovers


@pytest.mark.parametrize("record", ["", '{"12', "\0\0\0\0"])
def test_a_record_that_is_not_whole_counts_as_none(tmp_path: Path, record: str) -> None:
    (tmp_path / "children.json").write_text(record)
    assert end_leftovers(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_record_is_never_half_written(tmp_path: Path) -> None:
    forever = Program("forever", [sys.executable, "-c", "import signal; signal.pause()"], stop_signal=signal.SIGKILL)
    supervisor = Supervisor(tmp_path, lambda line: None)
    try:
        supervisor.start(forever)
        with (tmp_path / "children.json").open() as before:
            supervisor.start(forever)
            assert len(json.load(before)) == 1  # whoever has opened it reads the whole of it
        assert len(json.loads((tmp_path / "children.json").read_text())) == 2
    finally:
        supervisor.stop()
