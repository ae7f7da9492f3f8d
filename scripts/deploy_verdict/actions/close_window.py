"""The end of a window that ran in several jobs: its last samples, and why it ended early."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy_verdict.actions.concurrent_runs import superseding
from deploy_verdict.actions.gate import workflow_file
from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.follow_up.extend_window import give_up_tail
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.stages.registry import at_end
from deploy_verdict.window.collect import collect
from deploy_verdict.window.evidence_store import write_json
from deploy_verdict.window.session import WINDOW_FILE, Session


def close(session: Session, logs: Path | None) -> Iterator[str]:
    """Collect the samples of the window's end; yields what was written or decided."""
    ended = why_cancelled(session.environment)
    given_up = give_up_tail(session.out, session.plan, ended)
    if given_up is not None:
        yield given_up
        return
    if ended is not None:
        write_json(session.out / WINDOW_FILE, session.file.model_copy(update={"ended": ended}))
        yield f"the window ended early: {ended}"
    requested = set(session.plan.stages) - set(session.file.left_out)
    for stage in at_end():
        if stage.name in requested:
            yield str(collect(session, stage.name, session.plan.window.length, logs))


def why_cancelled(environment: Mapping[str, str]) -> str | None:
    """Why the run's jobs were cancelled; None where they were not."""
    if "cancelled" not in results_of(environment):
        return None
    run = environment.get("GITHUB_RUN_ID", "")
    if not run.isdigit():
        return "the run was cancelled"
    try:
        runs = WorkflowRuns(connection_from(environment))
        by = superseding(runs, runs.run(int(run)), workflow_file(environment))
    except (ProviderError, UsageError):
        return "the run was cancelled; by whom is not known, as GitHub could not be asked"
    return by or "the run was cancelled by hand"


def results_of(environment: Mapping[str, str]) -> set[str]:
    """The results of the jobs before this one, from RESULTS (the `needs` context as JSON)."""
    try:
        needs = json.loads(environment.get("RESULTS") or "{}")
    except json.JSONDecodeError as error:
        raise UsageError(f"RESULTS is not JSON ({error.msg}) — it is toJSON(needs)") from error
    rows = needs.values() if isinstance(needs, dict) else ()
    return {str(row.get("result")) for row in rows if isinstance(row, dict)}
