"""The documents tell the truth: links lead somewhere, and what can be run, set or reported is written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.db import connection, transaction

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("[a-z]*/README.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
CODE = [path for app in ("outbox", "api", "config") for path in sorted((ROOT / app).rglob("*.py"))]
# `make bench` has an app and settings of its own; nobody types its command.
COMMANDS = [
    path
    for path in ROOT.glob("*/management/commands/*.py")
    if path.stem != "__init__" and path.relative_to(ROOT).parts[0] != "benchmarks"
]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
ENVIRONMENT = re.compile(
    r"""\benv(?:\.\w+)?\(\s*"([A-Z][A-Z0-9_]+)"          # env.str("NAME"
    |\bos\.environ(?:\.get\(|\[)\s*"([A-Z][A-Z0-9_]+)"   # os.environ.get("NAME"
    |\bos\.getenv\(\s*"([A-Z][A-Z0-9_]+)"
    |"([A-Z][A-Z0-9_]+)"\ (?:not\ )?in\ (?:env\.ENVIRON|os\.environ)""",
    re.VERBOSE,
)


def prose(document: Path) -> str:
    """Returns the document without its blocks of code."""
    return FENCE.sub("", document.read_text())


def blocks(document: Path, language: str) -> list[str]:
    """Returns the document's blocks of code in this language."""
    return [block for tag, block in FENCE.findall(document.read_text()) if tag == language]


def anchors(document: Path) -> set[str]:
    """Returns the anchors that GitHub gives to the document's headings."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(document)))
    return {heading.strip().replace(" ", "-") for heading in words}


def broken_links(document: Path) -> Iterator[str]:
    """Yields the relative links of the document that lead nowhere."""
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def everything_written() -> str:
    return "\n".join(document.read_text() for document in DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_relative_link_resolves(document: Path) -> None:
    assert list(broken_links(document)) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading: with `code`\n")
    document = tmp_path / "document.md"
    document.write_text("[a](there.md#a-heading-with-code) [b](gone.md) [c](there.md#gone) [d](https://example.com/x)")
    assert list(broken_links(document)) == ["gone.md", "there.md#gone"]


def test_the_readme_fits_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 60


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`", prose(document)) + "\n".join(blocks(document, "sh")).splitlines()
    named = {target for line in code for target in re.findall(r"(?:^|[;&] *)make ([a-z]+)", line)}
    assert named <= targets


def test_the_readme_names_the_two_commands() -> None:
    code = "".join(blocks(ROOT / "README.md", "sh"))
    assert "make run" in code
    assert "make test" in code


def test_every_management_command_named_exists() -> None:
    named = set(re.findall(r"\bmanage\.py ([a-z_]+)", everything_written()))
    assert named <= get_commands().keys()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda path: str(path.stem))
def test_every_management_command_is_documented(command: Path) -> None:
    assert re.search(rf"manage\.py {command.stem}\b", everything_written())


def test_the_check_ids_in_the_code_are_those_of_the_readme() -> None:
    raised = {id for path in CODE for id in re.findall(r"""["'](?:outbox\.)?([EW]0\d\d)["']""", path.read_text())}
    table = re.findall(r"^\| `outbox\.([EW]\d{3})` \|", (ROOT / "outbox" / "README.md").read_text(), re.MULTILINE)
    assert raised == set(table)
    assert len(raised) > 10  # else the pattern no longer finds them


def test_every_environment_variable_of_the_configuration_is_documented() -> None:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "config").rglob("*.py")))
    read = {name for names in ENVIRONMENT.findall(code) for name in names if name}
    assert "DATABASE_URL" in read
    assert read <= set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs" / "settings.md").read_text()))


def test_the_workers_of_the_readme_serve_every_queue() -> None:
    served = re.findall(r" -Q ([\w.,]+)", "".join(blocks(ROOT / "README.md", "sh")))
    assert {queue for queues in served for queue in queues.split(",")} == {
        queue for queue in settings.QUEUES if queue.partition(".")[0] != "toy"
    }


@pytest.mark.parametrize("decision", DECISIONS, ids=name_of)
def test_every_decision_has_all_its_parts(decision: Path) -> None:
    headings = HEADING.findall(prose(decision))
    assert headings[0].startswith(f"{decision.name[:4]} ")
    assert headings[1:] == ["Context", "Options", "Decision", "Consequences", "Revisit when"]


def test_the_decisions_are_numbered_and_listed() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    listed = LINK.findall((ROOT / "docs" / "decisions" / "README.md").read_text())
    assert listed == [path.name for path in DECISIONS]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["architecture.md", "runbook.md"])
def test_the_sql_of_the_documents_runs(name: str) -> None:
    statements = [one for block in blocks(ROOT / "docs" / name, "sql") for one in block.split(";") if one.strip()]
    assert statements
    for statement in statements:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
