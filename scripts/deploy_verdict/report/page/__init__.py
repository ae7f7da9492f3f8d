"""report.html: the verdict and its evidence as one page that loads nothing. Pure: the loader is handed in.

Whatever the service, its logs or its platform said is escaped, and the page's own policy refuses every script
and style but its two own, by their hash.
"""

import re
from base64 import b64encode
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

import jinja2
from markupsafe import Markup, escape

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Verdict
from deploy_verdict.redaction.control_chars import visible
from deploy_verdict.report.brief import briefs
from deploy_verdict.report.context import report_context
from deploy_verdict.report.page.charts import charts
from deploy_verdict.report.page.findings import shown_findings
from deploy_verdict.report.page.issued_values import without_issued
from deploy_verdict.report.page.suite_runs import suite_runs
from deploy_verdict.report.page.timeline import timeline
from deploy_verdict.verdict.causes.cause_words import root_causes

__all__ = ["own_parts", "page_environment", "render_page"]

_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def render_page(
    bundle: Bundle,
    verdict: Verdict,
    loader: jinja2.BaseLoader,
    *,
    generated_at: datetime,
    tool_version: str,
) -> str:
    """The complete page; the same inputs always give the same text."""
    environment = page_environment(loader)
    context = report_context(bundle, verdict, generated_at=generated_at, tool_version=tool_version)
    causes = root_causes(bundle, context["found"].causes)
    failed = tuple(cause for cause in causes if cause.severity is not None) or causes
    page = environment.get_template("page/page.html.j2")
    rendered = page.render(
        context
        | {
            "causes": tuple(zip(failed, briefs(bundle, verdict), strict=True)),
            "views": _views(context),
            "timeline": timeline(bundle, verdict, failed),
            "charts": charts(bundle, failed),
            "findings": shown_findings(bundle, verdict),
            "runs": suite_runs(bundle, verdict),
            **own_parts(environment, loader),
            "verdict": verdict,
        }
    )
    return without_issued(rendered, bundle)


def own_parts(environment: jinja2.Environment, loader: jinja2.BaseLoader) -> dict[str, Any]:
    """The style and the script of every page, and what its policy names them by."""
    own = {name: loader.get_source(environment, f"page/page.{name}")[0] for name in ("css", "js")}
    return {
        # Ours, and nobody else's: the template holds no text of the evidence in them.
        "own": {name: Markup(text) for name, text in own.items()},  # noqa: S704
        "hashes": {name: _hash(text) for name, text in own.items()},
    }


def _views(context: dict[str, Any]) -> dict[str, list[Any]]:
    """What the stages show, by the key of their section."""
    views: dict[str, list[Any]] = {}
    for item in context["stage_sections"]:
        views.setdefault(item.section.key, []).append(item.view)
    return views


@cache
def page_environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Jinja as the pages need it: whatever is printed is escaped.

    One for each loader, as it keeps the templates that it has compiled.
    """
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters["prose"] = _prose
    return environment


def _visible(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Markup:
    """What stands in backticks becomes code."""
    parts = _CODE.split(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _hash(text: str) -> str:
    """As a Content-Security-Policy names what may run."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
