"""Ends a window that ran in several jobs: takes its last samples, and records why it ended early."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.actions.during.alarm import alarm_at, place_of
from deploy_verdict.actions.start.concurrent_runs import superseding
from deploy_verdict.actions.start.gate import workflow_file
from deploy_verdict.actions.start.run_record import known_run
from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.follow_up.extend_window import give_up_tail
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import SentNotification
from deploy_verdict.stages.registry import at_end
from deploy_verdict.verdict.alarm import why_ended
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.session import Session, note_ended, remark
from deploy_verdict.window.judge_directory import SENT_FILE, read_bundle
from deploy_verdict.window.sampling.collect import collect


def close(session: Session, logs: Path | None) -> Iterator[str]:
    """Take the samples of the window's end; yield what was written or decided."""
    ended = why_ended_here(session) or why_cancelled(session.environment)
    given_up = give_up_tail(session.out, session.plan, ended)
    if given_up is not None:
        yield given_up
        return
    if ended is not None:
        note_ended(session.out, ended)
        yield f"the window ended early: {ended}"
    requested = set(session.plan.stages) - set(session.file.left_out)
    for stage in at_end():
        if stage.name in requested:
            yield str(collect(session, stage.name, session.plan.window.length, logs))
    yield from _after_alarm(session)


def why_ended_here(session: Session) -> str | None:
    """Return why nothing was left to watch, by the evidence; None if the window went to its end."""
    if session.file.ended is not None:
        return session.file.ended
    bundle = read_bundle(session.plan, session.out, session.file, session.file.left_out)
    verdict = judge(bundle, judged_at=session.pace.clock.now(), tool_version=__version__)
    return why_ended(bundle, verdict)


def _after_alarm(session: Session) -> Iterator[str]:
    """Take over what the alarm did, so that the same bad news does not notify people again."""
    file = known_run(session.out)
    if file is None or file.dry_run:
        return
    bundle = read_bundle(session.plan, session.out, session.file, session.file.left_out)
    try:
        github = GitHub(connection_from(session.environment), tell=session.tell)
        state = alarm_at(github, bundle, place_of(github, bundle, file.number, session.out))
    except (ProviderError, UsageError) as error:
        yield f"whether there was an alarm is not known: {error}"
        return
    if state is None:
        return
    if state.notified:
        sent = SentNotification(
            window=session.file.window.id, outcome=state.outcome, judged_at=session.pace.clock.now()
        )
        write_json(session.out / SENT_FILE, sent)
    if state.rollback:
        remark(session.out, f"Rollback: {state.rollback}.")
    yield f"an alarm was raised before; rollback: {state.rollback or 'not offered'}"


def why_cancelled(environment: Mapping[str, str]) -> str | None:
    """Return why the run's jobs were cancelled; None if they were not."""
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
    """Return the results of the earlier jobs, from RESULTS (the `needs` context as JSON)."""
    try:
        needs = json.loads(environment.get("RESULTS") or "{}")
    except json.JSONDecodeError as error:
        raise UsageError(f"RESULTS is not JSON ({error.msg}) — it is toJSON(needs)") from error
    rows = needs.values() if isinstance(needs, dict) else ()
    return {str(row.get("result")) for row in rows if isinstance(row, dict)}
