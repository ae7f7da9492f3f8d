"""An issue with its comments as a page of the demo's GitHub: what a reader there would see."""

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from demo.github.calls import Row
from demo.github.hub import COLOR, Hub
from demo.github.markdown import html_of


def issue_page(hub: Hub, number: int) -> str:
    """The page, complete in itself: no script, and nothing that is loaded from elsewhere."""
    issue = hub.issues[number]
    labels = [_label(hub.label(name) or {"name": name, "color": COLOR}) for name in issue["labels"]]
    comments = [_said(comment) for comment in hub.comments[number]]
    return _template().render(
        repository=hub.repository, issue=issue, labels=labels, first=_said(issue), comments=comments
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("page.html.j2")


def _said(row: Row) -> Row:
    """One box: who, when, and the body as HTML that has been made harmless."""
    # html_of has cut whatever could act.
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
    """Dark text on a light colour and the other way round; what is no colour is grey."""
    color = row["color"] if re.fullmatch(r"[0-9a-fA-F]{6}", row["color"]) else COLOR
    red, green, blue = (int(color[place : place + 2], 16) for place in (0, 2, 4))
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
    return {"name": row["name"], "color": color, "ink": "1f2328" if light else "ffffff"}
