"""`ci preview`: the plan of a pull request's branch, previewed in one comment there."""

import json
import re
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from deploy_verdict.adopt.preview_comment import mistakes_comment, preview_comment, preview_key
from deploy_verdict.base.errors import EXIT_USAGE, PlanError, UsageError
from deploy_verdict.github import Destination, GitHub, RefusedError, connection_from
from deploy_verdict.publish.job_summary import write_summary
from deploy_verdict.window.directory.plan_file import environment_for, load_plan

# What a variable reads that only the deployment has: secrets do not reach a pull request's run.
NOT_SET = "https://not-set.example.com"
NEEDS = "pull-requests: write"


def previewed(options: Namespace, tell: Callable[[str], None]) -> int:
    """Post, or with --dry-run print; returns the exit code, 2 where the plan has mistakes."""
    environment = environment_for(options.plan)
    # By the path, which stands even where the plan cannot be read.
    code, key = 0, preview_key(options.plan)
    try:
        plan = load_plan(options.plan, datetime.now(UTC), variables=stand_ins(options.plan, environment))
        text = preview_comment(plan, str(options.plan))
    except PlanError as error:
        text, code = mistakes_comment(error, str(options.plan)), EXIT_USAGE
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
        # A fork's run has a token that only reads.
        tell(f"{error}; the preview stands in the job's summary")
    return code


def stand_ins(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """A value for each variable without one: the preview needs none of them."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    names = re.findall(r"(?<!\$)\$\{([A-Za-z_]\w*)\}", text)
    return {name: NOT_SET for name in names if not environment.get(name) and name != "TODAY"}


def _number_of(environment: Mapping[str, str]) -> int:
    """The pull request of the event that started this run."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH: {path} cannot be read — give --number N") from error
    number = event.get("pull_request", {}).get("number") if isinstance(event, dict) else None
    if not isinstance(number, int):
        raise UsageError("ci preview: no pull request started this run — give --number N")
    return number
