"""Renders an issue with its comments as a page of the demo's GitHub: what a reader there would see."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from demo.github.calls import Row
from demo.github.hub import COLOR, Hub
from demo.github.markdown import html_of

# Too large for the repository; `make npm` downloads it.
MERMAID = Path(__file__).resolve().parents[2] / ".venv" / "npm" / "mermaid.min.js"
_CHART = '<pre lang="mermaid">'


def issue_page(hub: Hub, number: int, *, draws: bool = False) -> str:
    """Render the page; it loads nothing from elsewhere.

    With `draws`, Mermaid draws the charts as GitHub does, if it was downloaded; else their text is shown,
    and no script runs.
    """
    issue = hub.issues[number]
    labels = [_label(hub.label(name) or {"name": name, "color": COLOR}) for name in issue["labels"]]
    comments = [_said(comment) for comment in hub.comments[number]]
    first = _said(issue)
    has_chart = any(_CHART in said["body"] for said in (first, *comments))
    script = _drawing_script() if draws and has_chart else ""
    return _template().render(
        repository=hub.repository,
        issue=issue,
        labels=labels,
        first=first,
        comments=comments,
        script=Markup(script),  # noqa: S704  # Mermaid and a line of our own
        hash=b64encode(sha256(script.encode()).digest()).decode() if script else "",
    )


@cache
def _drawing_script() -> str:
    """Return Mermaid with the code that draws each chart; "" if it was not downloaded."""
    if not MERMAID.is_file():
        return ""
    library = MERMAID.read_text(encoding="utf-8").replace("</script", "<\\/script")
    return library + (Path(__file__).parent / "draw.js").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("page.html.j2")


def _said(row: Row) -> Row:
    """Return one box: who, when, and the body as harmless HTML."""
    # html_of has removed whatever could act.
    body = Markup(html_of(row["body"] or ""))  # noqa: S704
    at = str(row["created_at"])
    return {
        "id": row.get("id"),
        "author": row["author"].removesuffix("[bot]"),
        "bot": row["author"].endswith("[bot]"),
        "at": f"{at[:10]} {at[11:16]} UTC",
        "edited": "id" in row and row["updated_at"] != at,
        "body": body,
    }


def _label(row: Row) -> Row:
    """Return a label with dark text on a light colour, or light on dark; an invalid colour is grey."""
    color = row["color"] if re.fullmatch(r"[0-9a-fA-F]{6}", row["color"]) else COLOR
    red, green, blue = (int(color[place : place + 2], 16) for place in (0, 2, 4))
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
    return {"name": row["name"], "color": color, "ink": "1f2328" if light else "ffffff"}
