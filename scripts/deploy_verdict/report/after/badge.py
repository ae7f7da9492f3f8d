"""The badge: the verdict and the E2E success rate, as a picture and for shields.io's endpoint. Pure."""

import jinja2

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Verdict, VerdictOutcome
from deploy_verdict.report.after.deployments import newest_of_each, suite_rate
from deploy_verdict.report.page import page_environment

# By the names that shields.io knows, the colours that its pictures have.
FILLS = {"brightgreen": "#2da44e", "yellow": "#bf8700", "red": "#cf222e", "lightgrey": "#6e7781"}


def badge(bundle: Bundle, verdict: Verdict) -> dict[str, str | int]:
    """The verdict and the E2E success rate as shields.io's endpoint wants them."""
    rows = newest_of_each(bundle, verdict)
    colors = {
        VerdictOutcome.STABLE: "brightgreen",
        VerdictOutcome.ATTENTION: "yellow",
        VerdictOutcome.CRITICAL: "red",
        VerdictOutcome.INCONCLUSIVE: "lightgrey",
    }
    is_bare = verdict.is_rehearsal and verdict.outcome is VerdictOutcome.STABLE
    words = f"{'rehearsal, ' if is_bare else ''}{verdict.outcome.shown.lower()}"
    rate = suite_rate(row.e2e for row in rows).partition(" (")[0]
    suite = f" · E2E {rate} of {counted(len(rows), 'deployment')}" if rate != "not known" else ""
    return {
        "schemaVersion": 1,
        "label": "deployment",
        "message": words + suite,
        "color": "lightgrey" if is_bare else colors[verdict.outcome],
    }


def render_badge(shown: dict[str, str | int], loader: jinja2.BaseLoader) -> str:
    """The badge as an SVG picture."""
    fill = FILLS[str(shown["color"])]
    return page_environment(loader).get_template("badge.svg.j2").render(**shown, fill=fill)
