"""What the documents say about settings and commands, against what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_environment_variable_is_documented_and_every_documented_one_is_read() -> None:
    sources = [*(ROOT / "config").rglob("*.py"), ROOT / "tests" / "embedded_database.py", ROOT / "Makefile"]
    code = "\n".join(path.read_text() for path in sources)
    read = set(re.findall(r'env\.\w+\(\s*[\'"]([A-Z_]+)[\'"]|environ\.get\("([A-Z_]+)"', code))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    names = {name for pair in read for name in pair if name}
    assert names <= documented
    everything = code + "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert {name for name in documented if not re.search(rf"\b{name}\b", everything)} == set()


def test_every_target_is_documented() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    operations = (ROOT / "docs" / "operations.md").read_text()
    assert {target for target in targets if f"| `make {target}`" not in operations} == set()
