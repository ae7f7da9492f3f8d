"""`ci preview`: comments the preview of a pull request's plan on that pull request.

The comment says what the window after its deployment will check and cannot see. It says nothing about an
outcome: it is written before the merge, and edited in place with each push.
"""

import json
import re
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from deploy_verdict.adopt.blind_spots import BlindSpot, blind_spots
from deploy_verdict.base.errors import EXIT_USAGE, PlanError, UsageError
from deploy_verdict.base.units import shown_duration
from deploy_verdict.github import Destination, GitHub, RefusedError, connection_from
from deploy_verdict.markup.markdown import fenced, inline
from deploy_verdict.markup.tables import Code, Table, table
from deploy_verdict.plan import Plan
from deploy_verdict.plan.checks.preview import Preview, preview, preview_lines
from deploy_verdict.publish.job_summary import write_summary
from deploy_verdict.stages.registry import named
from deploy_verdict.window.directory.plan_file import environment_for, load_plan

# Stands in for a variable that only the deployment has: a pull request's run gets no secrets.
NOT_SET = "https://not-set.example.com"
NEEDS = "pull-requests: write"


def previewed(options: Namespace, tell: Callable[[str], None]) -> int:
    """Post the preview, or print it with --dry-run; return the exit code, 2 if the plan has mistakes."""
    environment = environment_for(options.plan)
    # The key is made of the path, which is known even if the plan cannot be read.
    code, key = 0, _preview_key(options.plan)
    try:
        plan = load_plan(options.plan, datetime.now(UTC), variables=stand_ins(options.plan, environment))
        text = _preview_comment(plan, str(options.plan))
    except PlanError as error:
        text, code = _mistakes_comment(error, str(options.plan)), EXIT_USAGE
        tell(str(error))
    if options.dry_run:
        print(text)
        return code
    write_summary(environment, text, tell)
    number = options.number or _number_of(environment)
    connection = connection_from(environment, options.author, needs=NEEDS)
    place = Destination(number=number, kind="named")
    try:
        print(GitHub(connection, tell=tell).put_comment(place, key, text).url)
    except RefusedError as error:
        if error.status != 403:
            raise
        # The token of a fork's run only reads.
        tell(f"{error}; the preview stands in the job's summary")
    return code


def stand_ins(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return a stand-in for each variable without a value; the preview needs none of the values."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    names = re.findall(r"(?<!\$)\$\{([A-Za-z_]\w*)\}", text)
    return {name: NOT_SET for name in names if not environment.get(name) and name != "TODAY"}


def _number_of(environment: Mapping[str, str]) -> int:
    """Return the pull request of the event that started this run; raise UsageError."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH: {path} cannot be read — give --number N") from error
    number = event.get("pull_request", {}).get("number") if isinstance(event, dict) else None
    if not isinstance(number, int):
        raise UsageError("ci preview: no pull request started this run — give --number N")
    return number


MOST_MISTAKES = 20


def _preview_key(plan: PurePath) -> str:
    """Return the key of this comment, one for each plan of a repository."""
    return f"preview-{plan.as_posix()}"


def _preview_comment(plan: Plan, path: str) -> str:
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


def _mistakes_comment(error: PlanError, path: str) -> str:
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
