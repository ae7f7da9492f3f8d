"""The report: a plan's evidence and its verdict as Markdown. Pure: the templates' loader is handed in."""

from datetime import datetime
from functools import cache
from typing import Any

import jinja2

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.markdown import Safe, cell, code, fenced, indented, inline
from deploy_verdict.markup.tables import table
from deploy_verdict.model import Verdict
from deploy_verdict.report.context import report_context
from deploy_verdict.report.progress import Progress, progress, progress_context
from deploy_verdict.report.sections import Fold, folded, linked, sections

__all__ = [
    "PAGE_NAME",
    "REPORT_NAME",
    "Fold",
    "Progress",
    "folded",
    "progress",
    "render_comment",
    "render_lost",
    "render_progress",
    "render_report",
    "report_sections",
    "template_environment",
]

REPORT_NAME = "POST-DEPLOYMENT-MONITORING-REPORT.md"
PAGE_NAME = "report.html"


@cache
def template_environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Jinja as the report's templates need it: what no filter has made Markdown goes through `inline`.

    One for each loader, as it keeps the templates that it has compiled.
    """
    environment = jinja2.Environment(
        loader=loader,
        autoescape=False,  # noqa: S701  # Markdown, not HTML; `finalize` is what escapes
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalized,
    )
    environment.filters.update(
        cell=cell, code=code, fenced=fenced, indented=indented, inline=inline, table=table
    )
    return environment


def _finalized(value: object) -> object:
    return inline(value) if isinstance(value, str) and not isinstance(value, Safe) else value


def render_report(
    bundle: Bundle,
    verdict: Verdict,
    environment: jinja2.Environment,
    *,
    generated_at: datetime,
    tool_version: str,
    directory: str | None = None,
) -> str:
    """The complete report; the same inputs always give the same text."""
    context = report_context(
        bundle, verdict, generated_at=generated_at, tool_version=tool_version, directory=directory
    )
    return _rendered(environment, "report.md.j2", context)


def render_comment(
    bundle: Bundle,
    verdict: Verdict,
    environment: jinja2.Environment,
    *,
    generated_at: datetime,
    tool_version: str,
    report_url: str | None = None,
    directory: str | None = None,
) -> str:
    """The short form for an issue or pull request; `report_url` makes the report's names links."""
    context = report_context(
        bundle, verdict, generated_at=generated_at, tool_version=tool_version, directory=directory
    )
    names = {"page": linked(PAGE_NAME, report_url), "report": linked(REPORT_NAME, report_url)}
    return _rendered(environment, "comment.md.j2", context | names)


def report_sections(
    bundle: Bundle,
    verdict: Verdict,
    environment: jinja2.Environment,
    *,
    generated_at: datetime,
    tool_version: str,
) -> tuple[Fold, ...]:
    """The report's parts, for a place that folds them."""
    context = report_context(bundle, verdict, generated_at=generated_at, tool_version=tool_version)
    return tuple(sections(environment, context))


def render_progress(shown: Progress, environment: jinja2.Environment) -> str:
    """The comment while the window is open."""
    return _rendered(environment, "progress.md.j2", progress_context(shown, None))


def render_lost(shown: Progress, environment: jinja2.Environment, reason: str) -> str:
    """The comment where the verifier itself was lost, for this reason."""
    return _rendered(environment, "lost.md.j2", progress_context(shown, reason))


def _rendered(environment: jinja2.Environment, name: str, context: dict[str, Any]) -> str:
    text = environment.get_template(name).render(context)
    return text.rstrip("\n") + "\n"
