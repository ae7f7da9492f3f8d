"""The gate of a run on GitHub: decides whether an event opens a window, on what, and which jobs sample it.

It asks GitHub for concurrent runs and wait timers, and Railway whether the deployment is the service's; then
it opens the window, or continues an earlier run's.
"""

import json
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from deploy_verdict.actions.jobs.job_matrix import refusal
from deploy_verdict.actions.jobs.matrix_mode import choose_jobs, matrix_outputs, timers_of
from deploy_verdict.actions.repository.wait_for_ci import (
    RUNS_HOLD_BUILDS,
    start_from_default_branch,
    waits_for_ci,
)
from deploy_verdict.actions.start.concurrent_runs import ConcurrentRuns, concurrent_runs, first_with_window
from deploy_verdict.actions.start.earlier_verdicts import append_earlier_verdicts
from deploy_verdict.actions.start.event import (
    IgnoredEvent,
    Inputs,
    VerificationRequest,
    is_full_sha,
    read_inputs,
    request_of,
)
from deploy_verdict.actions.start.own_rollback import own_rollback, rollback_at_work
from deploy_verdict.actions.start.run_record import RUN_FILE, known_run
from deploy_verdict.actions.start.service_match import ServiceMatch, match_service
from deploy_verdict.base.clock import Clock, Stop, WallClock
from deploy_verdict.base.errors import EvidenceError, ProviderError, UsageError
from deploy_verdict.base.units import speed_of
from deploy_verdict.follow_up.promised_sample import Promise
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRun, WorkflowRuns
from deploy_verdict.model import RunFile, Subject
from deploy_verdict.plan import Plan, own_layout
from deploy_verdict.publish.job_summary import write_outputs, write_variable
from deploy_verdict.publish.service_marks import later_sample_context, service_of
from deploy_verdict.railway.connection import connect_to_service
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.plan_file import PLAN_FILE, environment_for, keep_plan, load_plan
from deploy_verdict.window.directory.session import HISTORY_FILE, Session, note_ended, remark
from deploy_verdict.window.open import open_session

# The job of a later sample may run for an hour.
LONGEST_SLEEP_S = 2400.0
DEFAULT_WORKFLOW = "post-deploy.yml"
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What the gate works with."""

    options: Namespace
    environment: Mapping[str, str]
    inputs: Inputs
    plan_name: str
    plan: Plan
    run: int
    tell: Tell
    clock: Clock = field(default_factory=WallClock)


def gate_from(options: Namespace, tell: Tell) -> Gate:
    """Read the inputs and the plan; raise UsageError and PlanError."""
    environment = environment_for(options.service)
    inputs = read_inputs(environment.get("INPUTS", ""))
    name = inputs.plan or str(options.plan)
    path = options.service / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise UsageError(f"plan {name!r}: write its path inside the repository, such as plans/zeues.yml")
    kept = options.out / PLAN_FILE
    opens = inputs.kind == "window"
    options.plan, options.target = kept, inputs.target or options.target
    if environment.get("DEPLOY_VERDICT_SPEED"):
        options.speed = _speed(environment["DEPLOY_VERDICT_SPEED"])
    plan = load_plan(path if opens else kept, WallClock().now(), options.target)
    if opens:
        # The copy goes with the window, so that every later job judges by the same plan.
        keep_plan(plan, path, options.out)
    run = environment.get("GITHUB_RUN_ID", "")
    if not run.isdigit():
        raise UsageError("GITHUB_RUN_ID is not set — the gate runs as a job of GitHub Actions")
    return Gate(
        options=options,
        environment=environment,
        inputs=inputs,
        plan_name=name,
        plan=plan,
        run=int(run),
        tell=tell,
    )


def workflow_file(environment: Mapping[str, str]) -> str:
    """Return the file of the run's workflow; the caller's, if ours is called from another."""
    ref = environment.get("GITHUB_WORKFLOW_REF", "")
    return ref.partition("@")[0].rpartition("/")[2] or DEFAULT_WORKFLOW


def event_of(environment: Mapping[str, str]) -> tuple[str, Mapping[str, object]]:
    """Return the event's name and payload."""
    name, path = environment.get("GITHUB_EVENT_NAME", ""), environment.get("GITHUB_EVENT_PATH", "")
    try:
        payload = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH: {path} cannot be read as JSON") from error
    return name, payload if isinstance(payload, dict) else {}


def admit(gate: Gate, runs: WorkflowRuns | None) -> VerificationRequest | IgnoredEvent:
    """Return what to verify, or why nothing; cancel older windows on the same environment."""
    name, payload = event_of(gate.environment)
    request = request_of(name, payload, gate.inputs, gate.plan)
    if isinstance(request, IgnoredEvent):
        return request
    if gate.inputs.kind != "window":
        return _busy(gate, runs, _other_runs(gate, runs)) or request
    # Railway first: another service's event must neither cancel a run of ours nor wait for one.
    match = _service_match(gate, request)
    if request.by_platform and match.not_ours:
        return IgnoredEvent(reason=match.not_ours)
    if request.by_platform and (own := _own_rollback(gate, runs, request, match)):
        return IgnoredEvent(reason=own)
    found = _other_runs(gate, runs)
    same = _with_window(gate, runs, found.same)
    if same is not None:
        return IgnoredEvent(reason=f"run {same.id} verifies it already: {same.html_url}")
    if runs is not None and not request.failed:
        # A failed deployment replaces nothing, so the older window still has its subject.
        _cancel_older(gate, runs, found)
    commit = match.deployment.commit if match.deployment else None
    # The commit is set from the start, so that the first comment goes where the last one will.
    return replace(request, commit=request.commit or (commit if is_full_sha(commit) else None))


def _own_rollback(
    gate: Gate, runs: WorkflowRuns | None, request: VerificationRequest, match: ServiceMatch
) -> str | None:
    """Return why the event is our own rollback's; None if it is not, or if that is unknown."""
    commit = request.commit or (match.deployment.commit if match.deployment else None)
    if runs is None:
        return None
    try:
        if commit is None or not is_full_sha(commit):
            unfinished = runs.unfinished(workflow_file(gate.environment))
            return rollback_at_work(unfinished, runs.run(gate.run).display_title)
        marks = runs.statuses(commit)
    except ProviderError as error:
        gate.tell(f"could not see whether this is our own rollback: {error}")
        return None
    service = service_of(gate.plan.service.name, gate.plan.name)
    return own_rollback(marks, service, match.deployment, gate.clock.now())


def _with_window(
    gate: Gate, runs: WorkflowRuns | None, candidates: Iterable[WorkflowRun]
) -> WorkflowRun | None:
    """Return the first of these runs that has a window; wait for one that is still deciding."""
    if runs is None:
        return None
    try:
        return first_with_window(runs, candidates, clock=gate.clock, tell=gate.tell)
    except ProviderError as error:
        gate.tell(f"could not see whether another run has a window; one may run in parallel: {error}")
        return None


def _cancel_older(gate: Gate, runs: WorkflowRuns, found: ConcurrentRuns) -> None:
    for run in found.older:
        gate.tell(f"cancelling run {run.id} ({run.display_title}): this deployment came after it")
        try:
            runs.cancel(run.id)
        except ProviderError as error:
            gate.tell(f"{error}; run {run.id} continues")


def _busy(gate: Gate, runs: WorkflowRuns | None, found: ConcurrentRuns) -> IgnoredEvent | None:
    """Return why not to continue a window: a run other than its own watches the environment."""
    others = [run for run in (*found.same, *found.older) if run.id != gate.inputs.continue_run]
    other = _with_window(gate, runs, others)
    if other is None:
        return None
    return IgnoredEvent(reason=f"run {other.id} watches the environment now: {other.html_url}")


def _other_runs(gate: Gate, runs: WorkflowRuns | None) -> ConcurrentRuns:
    if runs is None:
        return ConcurrentRuns()
    try:
        return concurrent_runs(runs.run(gate.run), runs.unfinished(workflow_file(gate.environment)))
    except ProviderError as error:
        gate.tell(f"could not check for other runs; an open window may run in parallel: {error}")
        return ConcurrentRuns()


def _service_match(gate: Gate, request: VerificationRequest) -> ServiceMatch:
    """Return what Railway knows of the requested deployment."""
    stop = Stop()
    clock = WallClock(stop)
    redactor = Redactor.from_environment(gate.environment)
    railway = connect_to_service(gate.plan, gate.environment, clock=clock, redactor=redactor)
    subject = Subject(target=gate.plan.service.base_url, commit=request.commit, deployment=request.deployment)
    return match_service(railway, subject, clock=clock, stop=stop, tell=gate.tell)


def open_window_for(gate: Gate, request: VerificationRequest) -> Session:
    """Open the window, or continue that of this run's earlier attempt; T0 is when the deployment is live."""
    options = Namespace(**vars(gate.options))
    options.commit, options.deployment = request.commit, request.deployment
    options.environment = request.label
    if request.failed:
        # A failed deployment never goes live, so there is no window: only the platform's word is reported.
        left_out = [stage for stage in gate.plan.stages if stage != "deployment"]
        return open_session(options, gate.tell, left_out=left_out)
    layout = own_layout(gate.plan)
    if gate.inputs.length is not None:
        every_s = min(layout.every_s, gate.inputs.length)
        layout = layout.model_copy(update={"length_s": gate.inputs.length, "every_s": every_s})
    return open_session(options, gate.tell, left_out=options.without, layout=layout)


def continue_window(gate: Gate) -> Session:
    """Continue an earlier run's window, longer or with one more sample; raise EvidenceError without it."""
    from deploy_verdict.follow_up.extend_window import grown  # noqa: PLC0415  # only for a window that continues

    options = Namespace(**vars(gate.options))
    options.commit = options.deployment = options.environment = None
    if not (options.out / "window.json").is_file():
        raise EvidenceError(
            f"run {gate.inputs.continue_run} left no window in {options.out} — its artifacts may have "
            "expired; start a new window instead"
        )
    grown(options.out, gate.plan, gate.inputs.kind)
    return open_session(options, gate.tell)


def run_file(gate: Gate, request: VerificationRequest, session: Session, *, private: bool) -> RunFile:
    """Return what the later jobs must know of this run."""
    before = known_run(gate.options.out) if gate.inputs.kind != "window" else None
    if before is not None:
        update = {"run": gate.run, "kind": gate.inputs.kind, "continues": gate.inputs.continue_run}
        return before.model_copy(update={**update, "private": private})
    return RunFile(
        run=gate.run,
        kind=gate.inputs.kind,
        plan=gate.plan_name,
        label=request.label or gate.inputs.label or session.file.subject.environment,
        commit=request.commit or session.file.subject.commit,
        number=gate.inputs.number,
        dry_run=gate.inputs.dry_run,
        continues=gate.inputs.continue_run,
        ref=gate.inputs.plan_ref or gate.environment.get("GITHUB_SHA", ""),
        private=private,
    )


def _runs(gate: Gate) -> WorkflowRuns | None:
    """Connect to the runs on GitHub; None if they cannot be read, and the window opens anyway."""
    try:
        return WorkflowRuns(connection_from(gate.environment))
    except ProviderError as error:
        gate.tell(f"{error}; opening the window without a check for other runs")
        return None


def gated(gate: Gate) -> str:
    """Run the gate: write the job's outputs, and return the decision in one line."""
    runs = _runs(gate)
    request = admit(gate, runs)
    if isinstance(request, IgnoredEvent):
        return _closed(gate, request.reason)
    is_held_up = gate.inputs.kind == "window" and waits_for_ci(gate.plan, gate.environment) is True
    elsewhere = _started_elsewhere(gate, runs, request) if is_held_up else None
    if elsewhere is not None:
        return _closed(gate, elsewhere)
    session = open_window_for(gate, request) if gate.inputs.kind == "window" else continue_window(gate)
    postponed = _postponed(gate, session, runs) if gate.inputs.kind == "tail" else None
    if postponed is not None:
        return _closed(gate, postponed)
    timers, private = timers_of(runs, gate.tell)
    mode = "timer" if request.failed else gate.inputs.mode or gate.plan.window.mode
    jobs, choice = choose_jobs(session, mode, timers, private=private)
    if request.failed:
        jobs = tuple(job for job in jobs if 0.0 in job.offsets_s)
        note_ended(session.out, "the platform says that the deployment failed")
    if is_held_up:
        remark(session.out, RUNS_HOLD_BUILDS)
    reason = refusal(jobs)
    if reason is not None and gate.inputs.kind != "tail":
        raise UsageError(reason)
    if runs is not None:
        append_earlier_verdicts(session, runs.statuses, gate.options.out / HISTORY_FILE)
    file = run_file(gate, request, session, private=private)
    write_json(gate.options.out / RUN_FILE, file)
    write_outputs(gate.environment, {"open": "true", **matrix_outputs(jobs)})
    return f"window {session.file.window.id}: {len(jobs)} sample jobs, mode {choice.mode}"


def _started_elsewhere(gate: Gate, runs: WorkflowRuns | None, request: VerificationRequest) -> str | None:
    """Leave the window to a run on the default branch, if this run would hold back its commit's builds."""
    event = gate.environment.get("GITHUB_EVENT_NAME")
    if event != "deployment_status" or request.failed or request.commit is None or runs is None:
        return None
    try:
        return start_from_default_branch(
            runs,
            workflow_file(gate.environment),
            commit=request.commit,
            label=request.label,
            inputs={"plan": gate.inputs.plan} if gate.inputs.plan else {},
        )
    except ProviderError as error:
        gate.tell(f"{error}; the window's run stays on the deployed commit")
        return None


def _closed(gate: Gate, reason: str) -> str:
    """Write outputs that start no later job or step; return the decision in one line."""
    write_outputs(gate.environment, {"open": "false", "reason": reason})
    write_variable(gate.environment, "OPEN", "false")
    return f"no window: {reason}"


def _postponed(gate: Gate, session: Session, runs: WorkflowRuns | None) -> str | None:
    """Leave a later sample to the clock if the wait timer did not hold its job back until then.

    An administrator may have removed the timer; the sleeping job would be killed, and the sample lost.
    """
    offset_s = session.plan.window.length
    wait_s = (offset_s - session.pace.offset_s()) / session.file.window.speed
    commit, run = session.file.subject.commit, gate.inputs.continue_run
    if wait_s <= LONGEST_SLEEP_S or runs is None or commit is None or run is None:
        return None
    promise = Promise(
        due_at=session.file.window.t0 + timedelta(seconds=offset_s / session.file.window.speed),
        run=run,
        artifact=gate.inputs.continue_artifact or "report-a1",
        plan_ref=gate.inputs.plan_ref or "",
    )
    runs.set_status(
        commit,
        later_sample_context(service_of(gate.plan.service.name, gate.plan.name)),
        "pending",
        promise.line(),
    )
    return f"the wait timer did not hold until then, so the sample is left to the clock: {promise.line()}"


def _speed(text: str) -> float:
    try:
        return speed_of(text)
    except ValueError as error:
        raise UsageError(f"DEPLOY_VERDICT_SPEED: {error}") from error
