"""The report in parts, each rendered from its own template, for places that take no whole report. Pure."""

from collections.abc import Iterator
from typing import Any

import jinja2

from deploy_verdict.report.sections import Section

# As the report has them: key, what the fold is called, template. Pools come one by one.
_PARTS = (
    ("deployment", "Railway deployment", "deployment"),
    ("way_back", "The way back", "way_back"),
    ("health", "Health checks", "health"),
    ("e2e", "E2E test results", "e2e"),
    ("pools", "Pools", "pool"),
    ("logs", "Backend error logs", "logs"),
    ("traffic", "Real traffic", "traffic"),
    ("resources", "Resources", "resources"),
    ("performance", "API performance", "performance"),
    ("issues", "Issues detected", "issues"),
    ("baseline", "Comparison with crisis baseline", "baseline"),
    ("criteria", "Success criteria verification", "criteria"),
    ("recommendations", "Recommendations", "recommendations"),
    ("conclusion", "Conclusion", "conclusion"),
    ("evidence", "Evidence", "evidence"),
)
_ONLY_WHERE_ASKED = ("way_back", "traffic", "resources")


def sections(environment: jinja2.Environment, context: dict[str, Any]) -> Iterator[Section]:
    """In the order of the report; what the plan does not ask for has no section."""
    for key, title, template in _PARTS:
        if key in _ONLY_WHERE_ASKED and context[key] is None:
            continue
        if key == "pools":
            for pool in context["pools"]:
                text = _rendered(environment, template, {**context, "pool": pool})
                yield Section(key=key, title=f"{pool.title} connection pool", text=text)
        else:
            yield Section(key=key, title=title, text=_rendered(environment, template, context))


def _rendered(environment: jinja2.Environment, template: str, context: dict[str, Any]) -> str:
    """Without its own heading, which the fold's name repeats."""
    text = environment.get_template(f"report/{template}.md.j2").render(context)
    first, _, rest = text.partition("\n")
    return (rest if first.startswith("#") else text).strip("\n")
