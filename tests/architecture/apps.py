"""The apps as the disk has them, so that a new one is held to the rules without being named anywhere."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Not apps of the domain: the engine, the project, what every endpoint shares, and what measures the whole.
BELOW_AND_ABOVE = {"outbox", "config", "api", "benchmarks"}
APPS = sorted({path.parent.name for path in ROOT.glob("*/apps.py")} - BELOW_AND_ABOVE)
PACKAGES = sorted([*APPS, *BELOW_AND_ABOVE])


def sources(*packages: str) -> list[Path]:
    """Returns the Python files of the packages, without migrations."""
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in files if "migrations" not in path.parts)
