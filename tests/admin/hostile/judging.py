"""What is wrong with an answer into which hostile texts have gone: something of them is no text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django.http import HttpResponseBase

from tests.admin.hostile.texts import SHORT, hostile

POINTING = {"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset"}
HARMLESS = {"", "http", "https"}
# What turns round, or hides the order of, the letters that follow: Unicode's explicit embeddings, overrides, isolates.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# What a form sends back is kept as it is.
FIELDS = re.compile(r'<textarea[^>]*>.*?</textarea>|value="[^"]*"', re.DOTALL)
SEQUENCE = r"sequenceDiagram|\s+(participant \w+|Note over \w+: [^<>]*|\w+[-<>)x]+\w+: [^<>]*)|"
FLOWCHART = r'flowchart \w+|\s+(subgraph "[^"<>]*"|end|\w+\(?\["[^"<>]*"\]\)?|\w+ [-.>]+ \w+)|'
MERMAID = re.compile(f"{SEQUENCE}|{FLOWCHART}")
# Files, and one script that Django makes: the words of its widgets.
SCRIPTS = ("/static/", "/admin/jsi18n/")


def faults_of(response: HttpResponseBase) -> list[str]:
    """Returns what is wrong with the answer, by what it says it is; an answer of another kind is a fault."""
    content = getattr(response, "content", b"").decode()
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    found = [] if "Content-Security-Policy" in response.headers else ["no content security policy"]
    return [*found, *(JUDGES[kind](content) if kind in JUDGES else [f"nobody judges {kind}"])]


class Page(HTMLParser):
    """A page as a browser takes it apart: its faults, what is read in it, its links and its forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.said: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._in_script = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.faults += _faults_of_tag(tag, given)
        self._in_script = tag in ("script", "style")
        self.links += [given[name] for name in ("href", "src", "data-url") if given.get(name)]
        self._note_form(tag, given)

    def _note_form(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif self.forms and tag in ("input", "select", "textarea", "button") and "name" in given:
            self.forms[-1].add(given)
        elif self.forms and tag == "option":
            self.forms[-1].options.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.faults.append(f"a script or style in the page: {data[:60]!r}")
        self.said.append(data)

    def handle_comment(self, data: str) -> None:
        if "evil" in data:
            self.faults.append(f"a text in a comment: {data[:60]!r}")

    @property
    def text(self) -> str:
        return "".join(self.said)


class Form:
    """A form: where it leads, and what is filled in already."""

    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: dict[str, list[str]] = {}
        self.free: set[str] = set()
        self.options: list[str] = []
        self.boxes: dict[str, list[str]] = {}

    def answers(self) -> list[dict[str, Any]]:
        """Ways to fill it in: with hostile words, or each action of a list for all its rows."""
        if "action" in self.fields:
            chosen = {"_selected_action": self.boxes.get("_selected_action", [])}
            return [{"action": action, **chosen} for action in self.options if action]
        return [dict.fromkeys(self.free, text) for text in (SHORT, hostile())]

    def add(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind not in ("submit", "checkbox", "radio") or "checked" in given:
            self.fields.setdefault(given["name"], []).append(given.get("value", ""))
        if kind == "checkbox":
            self.boxes.setdefault(given["name"], []).append(given.get("value", "on"))
        if kind in ("text", "textarea", "search", "url", "email"):
            self.free.add(given["name"])


def _faults_of_tag(tag: str, given: dict[str, str]) -> Iterator[str]:
    if tag == "evil" or "evil" in given:
        yield f"a text has become <{tag}>"
    if tag == "script" and not given.get("src", "").startswith(SCRIPTS):
        yield "a script that is no file of ours"
    for name, value in given.items():
        if name.startswith("on") or name in ("style", "srcdoc"):
            yield f"<{tag} {name}>"
        if name in POINTING and urlsplit(_as_a_browser_reads(value)).scheme not in HARMLESS:
            yield f"<{tag} {name}={value[:60]!r}>"


def _as_a_browser_reads(url: str) -> str:
    """Without what browsers leave out before they look for the scheme."""
    return "".join(letter for letter in url if unicodedata.category(letter) != "Cc").strip()


def _of_html(content: str) -> list[str]:
    page = Page(content)
    twice = [f"escaped twice: {found[:60]!r}" for found in re.findall(r"&(?:lt|amp|quot|#x27);?evil.*", page.text)]
    return page.faults + twice + _turned(content)


def _turned(content: str) -> list[str]:
    content = FIELDS.sub("", content)
    return [
        f"turns round what follows: {content[max(0, at.start() - 60) : at.end()]!r}" for at in TURNING.finditer(content)
    ][:1]


def _of_json(content: str) -> list[str]:
    try:
        json.loads(content)
    except ValueError as error:
        return [f"no JSON: {error}"]
    return []


def _of_svg(content: str) -> list[str]:
    found: list[str] = []
    for element in ElementTree.fromstring(content).iter():  # our own, and it fails on what it is not
        given: dict[str, Any] = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
        found += _faults_of_tag(element.tag.rpartition("}")[2], given | {"style": ""} if "style" in given else given)
    return found + _turned(content)


def _of_mermaid(content: str) -> list[str]:
    return [f"no line of a diagram: {line[:60]!r}" for line in content.splitlines() if not MERMAID.fullmatch(line)]


JUDGES: dict[str, Callable[[str], list[str]]] = {
    "text/html": _of_html,
    "application/json": _of_json,
    "image/svg+xml": _of_svg,
    "text/plain": _of_mermaid,
    "text/javascript": lambda content: ["a text in a script"] if "evil" in content else [],
}
