"""The gate of a run on GitHub: does this event open a window, on what, and how are its looks spread?

Asks GitHub for rivals and wait timers, and Railway whether the deployment is the service's; then the
window is opened, or an earlier run's goes on. Shell.
"""

import json
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deploy_verdict.actions.concurrent_runs import Rivals, rivals
from deploy_verdict.actions.earlier_verdicts import recollect
from deploy_verdict.actions.event import Asked, Inputs, Refused, asked_by, is_whole_commit, read_inputs
from deploy_verdict.actions.matrix_mode import matrix, spread, timers_of
from deploy_verdict.actions.run_record import RUN_FILE, known_run
from deploy_verdict.actions.service_match import Owned, owned
from deploy_verdict.base.clock import Stop, WallClock
from deploy_verdict.base.errors import EvidenceError, ProviderError, UsageError
from deploy_verdict.base.units import speed_of
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import RunFile, Subject
from deploy_verdict.plan import Plan, own_layout
from deploy_verdict.publish.job_summary import write_outputs
from deploy_verdict.railway.connection import linked
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.window.evidence_store import write_json
from deploy_verdict.window.open import open_session
from deploy_verdict.window.plan_copy import PLAN_FILE, keep_plan
from deploy_verdict.window.plan_file import environment_for, load_plan
from deploy_verdict.window.session import HISTORY_FILE, Session

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


def gate_from(options: Namespace, tell: Tell) -> Gate:
    """Read the inputs and the plan; raises UsageError and PlanError."""
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
        # It goes with the window, so that every later job judges by the same one.
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
    """The file of the run's workflow: of the caller's, where ours is called."""
    ref = environment.get("GITHUB_WORKFLOW_REF", "")
    return ref.partition("@")[0].rpartition("/")[2] or DEFAULT_WORKFLOW


def event_of(environment: Mapping[str, str]) -> tuple[str, Mapping[str, object]]:
    """The event's name and payload."""
    name, path = environment.get("GITHUB_EVENT_NAME", ""), environment.get("GITHUB_EVENT_PATH", "")
    try:
        payload = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH: {path} cannot be read as JSON") from error
    return name, payload if isinstance(payload, dict) else {}


def admitted(gate: Gate, runs: WorkflowRuns | None) -> Asked | Refused:
    """What is to be verified, or why not; older windows on the same environment are ended."""
    name, payload = event_of(gate.environment)
    asked = asked_by(name, payload, gate.inputs, gate.plan)
    if isinstance(asked, Refused):
        return asked
    found = _rivals(gate, runs)
    if gate.inputs.kind != "window":
        return _alone(found, gate.inputs.continue_run) or asked
    if found.same is not None:
        return Refused(reason=f"run {found.same.id} verifies it already: {found.same.html_url}")
    known = _owned(gate, asked)
    if asked.by_platform and known.not_ours:
        return Refused(reason=known.not_ours)
    if runs is not None:
        _end(gate, runs, found)
    commit = known.deployment.commit if known.deployment else None
    # Known from the start, so that the first comment stands where the last one will.
    return replace(asked, commit=asked.commit or (commit if is_whole_commit(commit) else None))


def _end(gate: Gate, runs: WorkflowRuns, found: Rivals) -> None:
    for run in found.older:
        gate.tell(f"ending run {run.id} ({run.display_title}): this deployment came after it")
        try:
            runs.cancel(run.id)
        except ProviderError as error:
            gate.tell(f"{error}; run {run.id} goes on")


def _alone(found: Rivals, continues: int | None) -> Refused | None:
    """A window goes on only where nothing else watches the environment; the run before it may be ending."""
    same = [found.same] if found.same else []
    others = [run for run in (*same, *found.older) if run.id != continues]
    if not others:
        return None
    return Refused(reason=f"run {others[0].id} watches the environment now: {others[0].html_url}")


def _rivals(gate: Gate, runs: WorkflowRuns | None) -> Rivals:
    if runs is None:
        return Rivals()
    try:
        return rivals(runs.run(gate.run), runs.newest(workflow_file(gate.environment)))
    except ProviderError as error:
        gate.tell(f"{error}; a window that is open already would go on beside this one")
        return Rivals()


def _owned(gate: Gate, asked: Asked) -> Owned:
    """What Railway says of the deployment that is meant."""
    stop = Stop()
    clock = WallClock(stop)
    redactor = Redactor.from_environment(gate.environment)
    link = linked(gate.plan, gate.environment, clock=clock, redactor=redactor)
    subject = Subject(target=gate.plan.service.base_url, commit=asked.commit, deployment=asked.deployment)
    return owned(link, subject, clock=clock, stop=stop, tell=gate.tell)


def opened(gate: Gate, asked: Asked) -> Session:
    """Open the window, or go on with the one of this run's earlier attempt; T0 is when it is live."""
    options = Namespace(**vars(gate.options))
    options.commit, options.deployment = asked.commit, asked.deployment
    options.environment = asked.label
    layout = own_layout(gate.plan)
    if gate.inputs.length is not None:
        every_s = min(layout.every_s, gate.inputs.length)
        layout = layout.model_copy(update={"length_s": gate.inputs.length, "every_s": every_s})
    return open_session(options, gate.tell, left_out=options.without, layout=layout)


def continued(gate: Gate) -> Session:
    """The window of an earlier run, extended or with one look more; raises EvidenceError without it."""
    from deploy_verdict.follow_up.extend_window import grown  # noqa: PLC0415  # only where a window goes on

    options = Namespace(**vars(gate.options))
    options.commit = options.deployment = options.environment = None
    if not (options.out / "window.json").is_file():
        raise EvidenceError(
            f"run {gate.inputs.continue_run} has left no window in {options.out} — its artifacts may have "
            "expired; start a new window instead"
        )
    grown(options.out, gate.plan, gate.inputs.kind)
    return open_session(options, gate.tell)


def run_file(gate: Gate, asked: Asked, session: Session, *, private: bool) -> RunFile:
    """What the later jobs must know of this run."""
    before = known_run(gate.options.out) if gate.inputs.kind != "window" else None
    if before is not None:
        update = {"run": gate.run, "kind": gate.inputs.kind, "continues": gate.inputs.continue_run}
        return before.model_copy(update={**update, "private": private})
    return RunFile(
        run=gate.run,
        kind=gate.inputs.kind,
        plan=gate.plan_name,
        label=asked.label or gate.inputs.label or session.file.subject.environment,
        commit=asked.commit or session.file.subject.commit,
        number=gate.inputs.number,
        dry_run=gate.inputs.dry_run,
        continues=gate.inputs.continue_run,
        ref=gate.inputs.plan_ref or gate.environment.get("GITHUB_SHA", ""),
        private=private,
    )


def _runs(gate: Gate) -> WorkflowRuns | None:
    """GitHub's side; without it a window opens all the same."""
    try:
        return WorkflowRuns(connection_from(gate.environment))
    except ProviderError as error:
        gate.tell(f"{error}; the window opens without looking for others")
        return None


def gated(gate: Gate) -> str:
    """The whole gate; returns in one line what was decided, and writes the job's outputs."""
    runs = _runs(gate)
    asked = admitted(gate, runs)
    if isinstance(asked, Refused):
        write_outputs(gate.environment, {"open": "false", "reason": asked.reason})
        return f"no window: {asked.reason}"
    session = opened(gate, asked) if gate.inputs.kind == "window" else continued(gate)
    timers, private = timers_of(runs, gate.tell)
    mode = gate.inputs.mode or gate.plan.window.mode
    jobs, choice = spread(session, mode, timers, private=private)
    if runs is not None:
        recollect(session, runs.statuses, gate.options.out / HISTORY_FILE)
    file = run_file(gate, asked, session, private=private)
    write_json(gate.options.out / RUN_FILE, file)
    write_outputs(gate.environment, {"open": "true", "matrix": matrix(jobs)})
    return f"window {session.file.window.id}: {len(jobs)} sittings, mode {choice.mode}"


def _speed(text: str) -> float:
    try:
        return speed_of(text)
    except ValueError as error:
        raise UsageError(f"DEPLOY_VERDICT_SPEED: {error}") from error
