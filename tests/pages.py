"""The documentation's pages: their sections, tables, examples and links, for the tests of the docs."""

import re

from tests.running import ROOT

PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
}
# Written by `make matrix`, `make calibrate` and so on: they quote messages, whose words no rule binds.
GENERATED = {
    f"docs/reference/{name}.md"
    for name in ("commands", "plan", "evidence", "verdict", "faults", "dependencies")
}
WRITTEN = {name: text for name, text in PAGES.items() if name not in GENERATED}


def section(name, title):
    """The text below a heading of a page, up to the next heading of any level."""
    return PAGES[name].split(f"\n{title}\n", 1)[1].split("\n#", 1)[0]


def rows(text):
    """The rows of a table as lists of cells, without its header."""
    found = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found[1:]]


def coded(text):
    return re.findall(r"`([^`]+)`", text)


def blocks(text, language):
    """The code blocks of one language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def prose(text):
    """The text without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text):
    """The anchors that GitHub derives from the headings."""
    heads = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(text):
    """The targets of all links and images."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))
