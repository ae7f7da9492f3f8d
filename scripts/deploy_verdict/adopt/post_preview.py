"""`ci preview`: comments the preview of a pull request's plan on that pull request."""

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

# Stands in for a variable that only the deployment has: a pull request's run gets no secrets.
NOT_SET = "https://not-set.example.com"
NEEDS = "pull-requests: write"


def previewed(options: Namespace, tell: Callable[[str], None]) -> int:
    """Post the preview, or print it with --dry-run; return the exit code, 2 if the plan has mistakes."""
    environment = environment_for(options.plan)
    # The key is made of the path, which is known even if the plan cannot be read.
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
