"""Writes the comment on a pull request: what the window after its deployment will check and cannot see. Pure.

It says nothing about an outcome: it is written before the merge, and edited in place with each push.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from deploy_verdict.adopt.blind_spots import BlindSpot, blind_spots
from deploy_verdict.base.errors import PlanError
from deploy_verdict.base.units import shown_duration
from deploy_verdict.markup.markdown import fenced, inline
from deploy_verdict.markup.tables import Code, Table, table
from deploy_verdict.plan import Plan
from deploy_verdict.plan.checks.preview import Preview, preview, preview_lines
from deploy_verdict.stages.registry import named

MOST_MISTAKES = 20


def preview_key(plan: PurePath) -> str:
    """Return the key of this comment, one for each plan of a repository."""
    return f"preview-{plan.as_posix()}"


def preview_comment(plan: Plan, path: str) -> str:
    """Write the comment's text."""
    counts, spots = preview(plan), blind_spots(plan)
    parts = [f"### After the deployment: what deploy-verdict will check on {inline(_service(plan))}", ""]
    parts += [_first(counts, spots), ""]
    if spots:
        parts += ["**What it cannot see**, and the line to add to the plan:", "", _spots(spots), ""]
    parts += ["<details><summary>What it will do</summary>", "", *_will_do(plan, counts), "</details>", ""]
    parts += [
        f"From `{inline(path)}` of this pull request; `deploy-verdict doctor` asks each line of it live."
    ]
    return "\n".join(parts) + "\n"


def mistakes_comment(error: PlanError, path: str) -> str:
    """Write the comment for a plan that cannot be read, with which no window would open."""
    count = len(error.problems)
    head = (
        f"### The plan `{inline(path)}` has {count} mistake{'s' if count > 1 else ''}: no window would open"
    )
    rows = tuple((Code(f"{p.line}:{p.column}"), p.message) for p in error.problems[:MOST_MISTAKES])
    return f"{head}\n\n{table(Table(('place', 'what to mend'), rows))}\n"


def _service(plan: Plan) -> str:
    return plan.service.name or plan.name


def _first(counts: Preview, spots: Sequence[BlindSpot]) -> str:
    """Summarize the preview: how long it watches, what it writes, how many blind spots it has."""
    writes = f"{counts.writes} writes" if counts.writes else "no writes"
    blind = f"{len(spots)} blind spots" if spots else "no blind spot that the plan shows"
    sent = f"at most {counts.total_requests} requests, {writes}"
    return f"{shown_duration(counts.wall_s)} of watching, {sent}; {blind}."


def _spots(spots: Sequence[BlindSpot]) -> str:
    return table(Table(("what", "write"), tuple((spot.what, Code(spot.write)) for spot in spots)))


def _will_do(plan: Plan, counts: Preview) -> Iterator[str]:
    titles = ", ".join(named(stage).title for stage in counts.stages)
    yield f"Checks {inline(titles)}."
    yield ""
    yield fenced("\n".join(preview_lines(plan, counts)), "text")
    yield ""
