"""`python -m benchmarks`: Murmuration against a plain Celery chain, in turn, on the same server and the same broker."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import NAMES, Round, report
from benchmarks.result import RATE, WARM_UP
from benchmarks.runs import ROOT, RunFailed, Runs
from benchmarks.server import Server, embedded_server
from config.embedded import EmbeddedPostgresError


def main() -> int:
    """Returns the exit status: 0 if every run was valid."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    options = _options()
    try:
        with _folder() as folder, _server(options.database, folder) as server:
            with Runs.prepared(server, folder, options.broker) as runs:
                rounds = [_round(runs, number, options) for number in range(1, options.rounds + 1)]
            say(report(rounds, server.version(), options.broker))
    except (RunFailed, EmbeddedPostgresError) as reason:
        sys.stderr.write(f"benchmark: {reason}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("benchmark: stopped\n")
        return 130
    return 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _round(runs: Runs, number: int, options: argparse.Namespace) -> Round:
    round_ = Round({}, {})
    for side, name in NAMES.items():
        drained = round_.drained[side] = runs.drain(side, options.orders)
        say(f"round {number}: {name:<12} {drained.rate:7.1f} orders/s ({drained.seconds:.2f} s)")
    if options.seconds:
        for side, name in NAMES.items():
            steady = round_.steady[side] = runs.steady(side, WARM_UP + RATE * options.seconds)
            say(f"round {number}: {name:<12} {len(steady.latencies)} orders at {RATE}/s")
    return round_


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--orders", type=_positive, default=1000, help="orders of a backlog (%(default)s)")
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each side runs (%(default)s)")
    parser.add_argument("--seconds", type=int, default=10, help=f"placing {RATE} orders/s; 0: not at all (%(default)s)")
    parser.add_argument("--broker", default="", metavar="URL", help="amqp://... or redis://..., not used by others")
    parser.add_argument("--database", default="", metavar="URL", help="a server to use instead of the embedded one")
    return parser.parse_args()


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("has to be 1 or more")
    return number


@contextmanager
def _folder() -> Iterator[Path]:
    """In the project's folder and not in a temporary one, which may be kept in memory, where a commit costs nothing."""
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=ROOT / "var"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(url: str, folder: Path) -> Iterator[Server]:
    if url:
        yield Server(url)
    else:
        with embedded_server(folder) as server:
            yield server


if __name__ == "__main__":
    sys.exit(main())
