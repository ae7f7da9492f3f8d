"""Rules of GitHub that act, actionlint and zizmor do not check, as functions over all our workflows.

A rule takes `Files` and yields a sentence for each violation; its docstring names its source: a page of
docs.github.com, or a public report. tests/workflow/test_github_rules.py applies RULES to .github and
docs/adopt, and plants a violation of each.

A caller is checked together with the workflow that it calls, `OWNER/deploy-verdict/.github/workflows/X.yml@…`
or `./.github/workflows/X.yml`, for every trigger of the caller, because a called workflow sees the caller's
event.
"""

import itertools
import math
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import get_args

import yaml

from deploy_verdict.actions.jobs.job_matrix import sample_jobs
from deploy_verdict.actions.jobs.matrix_mode import matrix_outputs
from deploy_verdict.actions.jobs.wait_timers import environment_name, wait_timer_min
from deploy_verdict.base.units import duration_s
from deploy_verdict.model import RunFile
from deploy_verdict.plan import laid_out, own_layout, read_plan
from deploy_verdict.window.sampling.schedule import offsets_of
from tests.running import ROOT
from tests.workflow.expressions import condition, filled, references

OURS, ADOPTED = ".github/workflows", "docs/adopt"
CALL = re.compile(r"(?:OWNER/deploy-verdict|\.)/\.github/workflows/([\w-]+\.yml)(?:@\S+)?")
FROM_JSON = re.compile(r"fromJSON\((?:(?!\}\}).)*?\bneeds\.([\w-]+)\.outputs\.([\w-]+)")
OUTPUT = re.compile(r"\bneeds\.([\w-]+)\.outputs\.([\w-]+)")
MOST_JOBS, MOST_MIN = 256, 360
# For checkout, Python, packages, artifacts, and a slow API.
MARGIN_MIN = 5
# Runs of each kind start other jobs of the same workflow.
KINDS = get_args(RunFile.model_fields["kind"].annotation)
RIGHTS = {"none": 0, "read": 1, "write": 2}
# Those that docs/guide/github.md describes as one word; any other may have a line `{`.
ONE_LINE_SECRETS = {"GITHUB_TOKEN", "RAILWAY_TOKEN", "RAILWAY_API_TOKEN"}
# If one of these stops working, nobody is notified of bad news.
ALWAYS = {"deployment_status", "repository_dispatch", "workflow_run"}


@dataclass(frozen=True, eq=False)
class Workflow:
    """One workflow file; `folder` is the one it lies in, and says whose repository it runs in."""

    folder: str
    file: str
    text: str

    @cached_property
    def tree(self):
        """The parsed YAML, with the key `on`, which YAML 1.1 reads as true."""
        tree = yaml.safe_load(self.text)
        return {"on" if key is True else key: value for key, value in tree.items()}

    @property
    def triggers(self):
        on = self.tree["on"]
        if isinstance(on, str):
            return {on: {}}
        return (
            {name: {} for name in on}
            if isinstance(on, list)
            else {name: each or {} for name, each in on.items()}
        )

    @property
    def jobs(self):
        return self.tree["jobs"]

    @property
    def inputs(self):
        """The inputs that it declares, for a call or for a start by hand."""
        named = (
            self.triggers.get(event, {}).get("inputs") or {}
            for event in ("workflow_dispatch", "workflow_call")
        )
        return {name: value for each in named for name, value in each.items()}

    @property
    def call(self):
        """The inputs and the secrets that a caller may pass."""
        call = self.triggers.get("workflow_call", {})
        return call.get("inputs") or {}, call.get("secrets") or {}

    def __str__(self):
        return f"{self.folder}/{self.file}"


@dataclass(frozen=True, eq=False)
class Files:
    """The workflows of both repositories, and our composite actions by their folder's name."""

    workflows: tuple
    actions: dict

    @classmethod
    def of(cls, texts, actions=()):
        """Parse the files given as path → text."""
        found = (Workflow(*path.rsplit("/", 1), text) for path, text in texts.items())
        return cls(tuple(found), {name: yaml.safe_load(text) for name, text in dict(actions).items()})

    @classmethod
    def of_repository(cls, root=ROOT):
        texts = {f"{folder}/{path.name}": path.read_text() for folder in (OURS, ADOPTED)
                 for path in sorted((root / folder).glob("*.yml"))}  # fmt: skip
        actions = {
            path.parent.name: path.read_text() for path in (root / ".github" / "actions").glob("*/action.yml")
        }
        if (root / "action.yml").exists():
            actions["action.yml"] = (root / "action.yml").read_text()
        return cls.of(texts, actions)

    def called(self, job):
        """Our workflow that this job calls, or None."""
        found = CALL.fullmatch(job.get("uses", ""))
        return found and next(each for each in self.workflows if (each.folder, each.file) == (OURS, found[1]))

    def calls(self):
        """Yield every caller, the calling job's name, the job, and the called workflow."""
        for caller in self.workflows:
            for name, job in caller.jobs.items():
                if called := self.called(job):
                    yield caller, name, job, called

    def all_jobs(self):
        return ((each, name, job) for each in self.workflows for name, job in each.jobs.items())

    def steps(self, job):
        """Yield the steps of a job, with those of our composite actions."""
        for step in job.get("steps", ()):
            yield step
            if own := self.own_action(step):
                yield from own["runs"]["steps"]

    def own_action(self, step):
        """Our composite action that this step uses, or None; "action.yml" is the root's."""
        used = step.get("uses", "")
        if used.startswith("OWNER/deploy-verdict@") or used in ("./", "$/"):
            return self.actions["action.yml"]
        return self.actions[Path(used).name] if used.startswith(("./", "$/")) else None

    def runs(self, number):
        """Yield a run of every workflow for each trigger and inputs; `number` distinguishes two runs."""
        for workflow in self.workflows:
            for event, payload, inputs in _events(workflow, number):
                github = _github(workflow, event, payload, number)
                yield Run(self, workflow, event, {"github": github, "inputs": inputs})


@dataclass(frozen=True, eq=False)
class Run:
    """One run: the started workflow, and the workflows that its jobs call."""

    files: Files
    workflow: Workflow
    event: str
    context: dict

    def parts(self):
        """Yield the started workflow and each called one: calling job, workflow, context with its inputs."""
        yield None, self.workflow, self.context
        for name, job in self.workflow.jobs.items():
            if called := self.files.called(job):
                yield name, called, {**self.context, "inputs": self._given(job, called)}

    def _given(self, job, called):
        declared, _ = called.call
        given = {name: filled(value, self.context) for name, value in job.get("with", {}).items()}
        return {name: given.get(name, item.get("default")) for name, item in declared.items()}

    def groups(self):
        """Yield the chain of concurrency groups from the run to each job; none may occur twice in one."""
        started = _group(self.workflow, self.workflow.tree, self.context)
        for calling, workflow, context in self.parts():
            above = started if calling is None else [
                *started,
                *_group(self.workflow, self.workflow.jobs[calling], self.context, calling),
                *_group(workflow, workflow.tree, context),
            ]  # fmt: skip
            for name, job in workflow.jobs.items():
                if calling is not None or self.files.called(job) is None:
                    yield [*above, *_group(workflow, job, context, name)]

    def __str__(self):
        return f"{self.workflow} on {self.event}"


@dataclass(frozen=True)
class Group:
    """An evaluated concurrency group; `newest_only` if the file says that an older run may be cancelled."""

    where: str
    name: str
    newest_only: bool


def _group(workflow, owner, context, job=None):
    """The group of a workflow or job, as a list of none or one."""
    concurrency = owner.get("concurrency")
    if concurrency is None:
        return []
    if isinstance(concurrency, str):
        concurrency = {"group": concurrency}
    indented = "    " if job else ""
    said = re.search(rf"((?:^ *#.*\n)+)^{indented}concurrency:", workflow.text, re.MULTILINE)
    newest = (
        concurrency.get("queue") == "max"
        or concurrency.get("cancel-in-progress") is True
        or bool(said and "newest" in said[1])
    )
    where = f"{workflow} job {job}" if job else str(workflow)
    return [Group(where, str(filled(concurrency["group"], context)).casefold(), newest)]


def _events(workflow, number):
    """Yield each trigger with its payload and inputs; what GitHub makes unique depends on `number`."""
    for event in workflow.triggers:
        if event == "workflow_dispatch":
            declared = workflow.triggers[event].get("inputs") or {}
            given = {name: _given_by_hand(name, item, number) for name, item in declared.items()}
            by_default = {name: item.get("default", given[name]) for name, item in declared.items()}
            for kind in KINDS if "kind" in declared else ("",):
                named = {"kind": kind} if kind else {}
                for inputs in (by_default | named, given | named):
                    yield event, {"inputs": inputs}, inputs
        elif event != "workflow_call":
            yield event, _payload(event, number), {}


def _given_by_hand(name, item, number):
    """An input as a person fills it; a text differs per run, as repeating the same request loses nothing."""
    if item.get("type") == "boolean":
        return True
    return item["options"][-1] if "options" in item else f"{name} {number}"


def _payload(event, number):
    deployment = {"id": 7, "environment": "zeues / production", "sha": "a" * 40}
    return {
        "deployment_status": {
            "deployment": deployment,
            "deployment_status": {"id": number, "state": "success"},
        },
        "repository_dispatch": {"client_payload": {"environment_name": "production", "deployment": "d"}},
        "pull_request": {"pull_request": {"number": 40 + number}},
        "workflow_run": {"workflow_run": {"id": 900 + number, "conclusion": "success"}},
    }.get(event, {})


def _github(workflow, event, payload, number):
    return {"event_name": event, "event": payload, "workflow": workflow.tree["name"],
            "run_id": 1000 + number, "run_attempt": 1, "run_number": number, "repository": "owner/service",
            "sha": "a" * 40, "ref": "refs/heads/main", "ref_name": "main", "ref_type": "branch"}  # fmt: skip


def no_deadlock(files):
    """No two of a run's, its calling job's, its called workflow's and its job's groups are the same.

    GitHub cancels the run before its first job: "Canceling since a deadlock for concurrency group … was
    detected between 'top level workflow' and …" (rhysd/actionlint#538, github/vscode-github-actions#135,
    forcedotcom/apex-language-support#595: also without cancel-in-progress). Names ignore case:
    docs.github.com "Control the concurrency of workflows and jobs".
    """
    for run in files.runs(1):
        for chain in run.groups():
            for upper, lower in itertools.combinations(chain, 2):
                if upper.name == lower.name:
                    yield f"{run}: {upper.where} and {lower.where} are both in the group {upper.name!r}"


def no_run_replaced_unseen(files):
    """No two runs share a group, unless only the newest matters and the file says so.

    "Any existing pending job or workflow in the same concurrency group will be canceled": docs.github.com
    "Control the concurrency of workflows and jobs"; a request to change that is orgs/community#63136. A file
    says so with `cancel-in-progress: true`, `queue: max`, or the word newest in a comment above
    `concurrency:`.
    """
    for folder in (OURS, ADOPTED):
        first, second = (
            [run for run in files.runs(number) if run.workflow.folder == folder] for number in (1, 2)
        )
        for one, other in itertools.product(first, second):
            for group, later in itertools.product(_unique(one), _unique(other)):
                if group.name == later.name and not (group.newest_only and later.newest_only):
                    yield f"{one} and {other}: {group.where} and {later.where} share the group {group.name!r}"


def _unique(run):
    return dict.fromkeys(group for chain in run.groups() for group in chain)


def matrix_holds_jobs(files):
    """A matrix has 1 to 256 legs; a job whose matrix comes from an output guards it with its `if:`.

    "Matrix must define at least one vector" fails the run (newrelic/open-install-library#703,
    cloudposse/github-action-matrix-extended#6). "A matrix will generate a maximum of 256 jobs per workflow
    run": docs.github.com "Run variations of jobs in a workflow".
    """
    for workflow, name, job in files.all_jobs():
        matrix = job.get("strategy", {}).get("matrix")
        if matrix is None:
            continue
        where = f"{workflow} job {name}"
        from_gate = OUTPUT.findall(str(matrix))
        if from_gate and _starts_without_samples(job):
            yield f"{where}: its if: lets an empty matrix through"
        for window in windows() if from_gate else (NO_WINDOW,):
            if not 1 <= len(_legs(job, window)) <= MOST_JOBS:
                yield f"{where}, {window.name}: its matrix has {len(_legs(job, window))} legs"


def _starts_without_samples(job):
    """Whether the job starts if all its needs succeeded but the gate's matrix is empty."""
    needed = {name: {"result": "success", "outputs": {}} for name in _listed(job.get("needs"))}
    for name, output in OUTPUT.findall(str(job)):
        needed.setdefault(name, {"result": "success", "outputs": {}})["outputs"][output] = "true"
    for item in needed.values():
        item["outputs"] |= matrix_outputs(())
    return condition(str(job.get("if", "true")), {"needs": needed})


def _needs(job, window):
    """The needs of a job, each with the gate's outputs."""
    return {name: {"outputs": window.outputs} for name in _listed(job.get("needs"))}


def _listed(value):
    return [value] if isinstance(value, str) else value or []


def _legs(job, window):
    """The matrix context of each leg of a job; a job without a matrix has one leg."""
    matrix = job.get("strategy", {}).get("matrix")
    if matrix is None:
        return [{}]
    context = {"needs": _needs(job, window)}
    filled_in = filled(matrix, context) if isinstance(matrix, str) else matrix
    axes = {name: filled(values, context) for name, values in filled_in.items() if name != "include"}
    legs = [dict(zip(axes, leg, strict=True)) for leg in itertools.product(*axes.values())] if axes else []
    return [*legs, *filled(filled_in.get("include", []), context)]


def jobs_have_their_time(files):
    """Every job has a timeout: at least what it may sleep and wait, at most 360 minutes.

    "Each job in a workflow can run for up to 6 hours" on hosted runners: docs.github.com "Actions limits".
    The time counts from the job's start, after the environment's wait timer; and an administrator may start
    waiting jobs at once ("Reviewing deployments", bypassing protection rules), so a sample job may have to
    sleep until its sample.
    """
    for workflow, name, job in files.all_jobs():
        if "steps" not in job:
            continue
        where, timeout = f"{workflow} job {name}", job.get("timeout-minutes")
        if timeout is None:
            yield f"{where}: no timeout-minutes, so 360"
            continue
        for window, leg in _instances(job):
            minutes = filled(timeout, {"needs": _needs(job, window), "matrix": leg})
            needed = (
                sum(_waits_min(step.get("run", ""), window, leg) for step in files.steps(job)) + MARGIN_MIN
            )
            if not needed <= int(minutes or 0) <= MOST_MIN:
                yield f"{where} {_shown(leg)}: {minutes} min, but needs {needed:g} of {MOST_MIN}"


def _instances(job):
    """Yield each leg that a job may have, with its window."""
    for window in windows() if OUTPUT.search(str(job)) else (NO_WINDOW,):
        yield from ((window, leg) for leg in _legs(job, window))


def _shown(leg):
    return " ".join(map(str, leg.values())) or "alone"


def _waits_min(command, window, leg):
    """The longest time in minutes that one step waits, according to plans/."""
    waits = 0.0
    if re.search(r" ci gate\b", command):
        waits += max((plan.railway.wait for plan in _plans().values() if plan.railway), default=0.0) / 60
    if re.search(r" ci sample\b", command):
        waits += max((window.takes_min.get(name, 0) for name in leg.values()), default=0)
    if found := re.search(r"--(?:wait|length) (\d+[smh])\b", command):
        waits += duration_s(found[1]) / 60
    if re.search(r" sample e2e\b", command):
        waits += max((plan.e2e.limit or 0.0 for plan in _plans().values() if plan.e2e), default=0.0) / 60
    return waits


@cache
def _plans():
    paths = sorted((ROOT / "plans").glob("*.yml"))
    return {path.name: read_plan(path.read_bytes(), path.name, {}, "2026-02-02") for path in paths}


@dataclass(frozen=True)
class Window:
    """A plan in a mode, as the gate's outputs; `takes_min` is how long each sample job may sleep and work."""

    name: str
    outputs: dict
    takes_min: dict


NO_WINDOW = Window("without a window", {}, {})


@cache
def windows():
    """Every plan in every mode.

    A job may have to sleep from the window's opening, even if the gate counted on a wait timer.
    """
    return tuple(
        _window(f"{name} in mode {mode}", plan, mode)
        for name, plan in _plans().items()
        for mode in ("timer", "sleep", "single")
    )


def _window(name, plan, mode):
    dense = mode == "single"
    update = {"dense_every_s": plan.window.dense_every, "one_job": True} if dense else {}
    plan = laid_out(plan, own_layout(plan).model_copy(update=update))
    timers = {environment_name(minute): wait_timer_min(minute) for minute in range(1, 1500)}
    jobs = sample_jobs(plan, offsets_of(plan, dense=dense), mode, elapsed_s=0.0, speed=1.0, known=timers)
    ends_s = {job.name: job.offsets_s[-1] + _drives_s(plan, job) for job in jobs}
    return Window(name, matrix_outputs(jobs), {job: math.ceil(end_s / 60) for job, end_s in ends_s.items()})


def _drives_s(plan, job):
    return plan.drives_s if plan.window.end_s in job.offsets_s else 0.0


def rights_are_the_callers(files):
    """A called job requests no more permissions than the calling job has, and lists them.

    "The GITHUB_TOKEN permissions passed from the caller workflow can be only downgraded (not elevated)":
    docs.github.com "Reusable workflows reference". A job that requests more ends the run with a startup
    failure (WarHub/muster#11).
    """
    for caller, name, job, called in files.calls():
        has = _rights(caller, job)
        for inner_name, inner in called.jobs.items():
            asks = _rights(called, inner)
            if not isinstance(asks, dict):
                yield f"{called} job {inner_name}: does not list what it asks for"
                continue
            for right, level in asks.items():
                if RIGHTS[level] > RIGHTS[(has or {}).get(right, "none")]:
                    yield f"{caller} job {name}: {called} job {inner_name} asks for {right}: {level}"


def _rights(workflow, job):
    return job.get("permissions", workflow.tree.get("permissions"))


def inputs_and_secrets_arrive(files):
    """A caller passes each input and secret of the called workflow, and no other; every one used is declared.

    An undeclared one is "Invalid input, … is not defined in the referenced workflow"; one that is not passed
    silently gets its default: docs.github.com "Reuse workflows". A boolean or number input must get a value
    of its type for every trigger: "Workflow syntax", on.workflow_call.inputs.<input_id>.type.
    """
    yield from _not_passed_on(files)
    yield from _not_of_the_action(files)
    yield from _of_another_type(files)
    yield from _undeclared(files)


def _not_passed_on(files):
    for caller, name, job, called in files.calls():
        inputs, secrets = called.call
        # Our own caller may leave defaults out; an adopter's caller shows its readers all that they can set.
        wanted = {each for each, item in inputs.items()
                  if caller.folder == ADOPTED or each in caller.inputs or item.get("required")}  # fmt: skip
        yield from _differ(f"{caller} job {name}", "input", inputs, wanted, job.get("with", {}))
        if job.get("secrets") != "inherit":
            wanted = secrets if caller.folder == ADOPTED else ()
            yield from _differ(f"{caller} job {name}", "secret", secrets, wanted, job.get("secrets", {}))


def _not_of_the_action(files):
    for where, step in _all_steps(files):
        if action := files.own_action(step):
            inputs = action.get("inputs") or {}
            wanted = {name for name, item in inputs.items() if item.get("required")}
            yield from _differ(where, "input", inputs, wanted, step.get("with", {}))


def _of_another_type(files):
    for run in files.runs(1):
        for calling, called, context in run.parts():
            for name, value in context["inputs"].items() if calling else ():
                kind = called.inputs[name]["type"]
                if kind == "boolean" and not isinstance(value, bool):
                    yield f"{run}: the boolean input {name} gets {value!r}"
                if kind == "number" and (isinstance(value, bool) or not isinstance(value, (int, float))):
                    yield f"{run}: the number input {name} gets {value!r}"


def _undeclared(files):
    for workflow in files.workflows:
        for name in references(_all_values(workflow), "inputs") - set(workflow.inputs):
            yield f"{workflow}: inputs.{name} is not declared"
        if "workflow_call" in workflow.triggers:
            _, declared = workflow.call
            for name in references(_all_values(workflow), "secrets") - set(declared) - {"GITHUB_TOKEN"}:
                yield f"{workflow}: secrets.{name} is not declared"


def _differ(where, kind, declared, wanted, given):
    yield from (f"{where}: the {kind} {name} is not passed on" for name in wanted if name not in given)
    yield from (f"{where}: the {kind} {name} is not declared there" for name in given if name not in declared)


def _all_values(workflow):
    """The workflow's tree with every `if:` wrapped in `${{ }}`, which it may lack."""

    def walked(value):
        if isinstance(value, dict):
            return {key: f"${{{{ {item} }}}}" if key == "if" and "${{" not in str(item) else walked(item)
                    for key, item in value.items()}  # fmt: skip
        return [walked(item) for item in value] if isinstance(value, list) else value

    return walked(workflow.tree)


def artifacts_have_their_own_names(files):
    """No two uploads of a run have the same name, across jobs, legs, calls and attempts.

    "409 Conflict: an artifact with this name already exists on the workflow run", since v4, by design
    (actions/upload-artifact#478, #493; for two legs: microsoft/security-devops-action#161). "Re-run failed
    jobs" keeps the artifacts of the attempt before, so a name contains the attempt (NVIDIA/aicr#1928).
    """
    for run in files.runs(1):
        for window in windows():
            taken = {}
            for where, name, context in _uploads(run, window):
                value = filled(name, context)
                if value in taken:
                    yield f"{run}, {window.name}: {where} and {taken[value]} both upload {value!r}"
                taken[value] = where
                again = {**context, "github": {**context["github"], "run_attempt": 2}}
                if filled(name, again) == value:
                    yield f"{run}: {where} uploads {value!r} in its second attempt too"


def _uploads(run, window):
    for calling, workflow, context in run.parts():
        calls = _legs(run.workflow.jobs[calling], window) if calling else [{}]
        started = [(name, job) for name, job in workflow.jobs.items() if _may_start(workflow, name, context)]
        for _, (name, job) in itertools.product(calls, started):
            own = {**context, "github": {**context["github"], "job": name}}
            for (index, leg), step in itertools.product(enumerate(_legs(job, window)), run.files.steps(job)):
                if step.get("uses", "").startswith("actions/upload-artifact@"):
                    of_leg = {**own, "matrix": leg, "strategy": {"job-index": index}}
                    yield f"{workflow} job {name}", step["with"]["name"], of_leg


def _may_start(workflow, name, context):
    """Whether the job can start for the run's event and inputs, by itself and through the jobs it needs."""
    job = workflow.jobs[name]
    text, needed = str(job.get("if", "success()")), _listed(job.get("needs"))
    skipped = {each for each in needed if not _may_start(workflow, each, context)}
    if skipped and not re.search(r"\b(?:always|failure|cancelled)\(", text):
        return False
    if set(re.findall(r"\bneeds\.([\w-]+)", text)) - skipped or re.search(r"\b(?:env|steps)\.", text):
        return True
    needs = {each: {"result": "skipped", "outputs": {}} for each in skipped}
    variables = dict.fromkeys(re.findall(r"\bvars\.(\w+)", text), "true")
    return any(condition(text, {**context, "needs": needs, "vars": each}) for each in ({}, variables))


def no_output_is_masked(files):
    """An output read by fromJSON has no brace or bracket, or its job knows no secret of several lines.

    The runner masks each line of a secret with several (actions/runner#1521, #27) and drops every output that
    contains a masked text: "Skip output 'matrix' since it may contain secret". A JSON secret has a line `{`
    (google-github-actions/get-secretmanager-secrets#234, airbytehq/airbyte#48130). Masked is what the job was
    sent and what it adds: camunda/camunda#52649 and microsoft/apm#1373 were fixed by removing the secret from
    the job that outputs the matrix. A job is sent the secrets that it refers to; toJSON(secrets) or
    secrets[…] sends them all (CodeQL, actions/excessive-secrets-exposure).
    """
    for workflow in files.workflows:
        for needed, output in sorted(set(FROM_JSON.findall(workflow.text))):
            job = workflow.jobs.get(needed, {})
            if "steps" not in job:
                continue
            if all(output in window.outputs and not re.search(r"[][{}]", window.outputs[output])
                   for window in windows()):  # fmt: skip
                continue
            read = references(job, "secrets") | references(workflow.tree.get("env", {}), "secrets")
            everything = re.search(r"\bsecrets(?:\[|\s*\))", str(job))
            for secret in sorted(read - ONE_LINE_SECRETS) + (["…"] if everything else []):
                yield f"{workflow} job {needed}: secrets.{secret} may mask a brace of the output {output}"


def nothing_rests_on_a_file_with_a_schedule(files):
    """A trigger that must always work shares no file with `schedule`.

    After 60 days without activity GitHub disables the scheduled *workflow* of a public repository, with all
    of its triggers: docs.github.com "Events that trigger workflows", schedule (ambv/retype#31,
    duosecurity/duo_api_nodejs#41, linz/linz-data-importer#182).
    """
    for workflow in files.workflows:
        if "schedule" in workflow.triggers:
            for event in sorted(ALWAYS & set(workflow.triggers)):
                yield f"{workflow}: {event} ends when GitHub disables the schedule"


def environments_make_no_deployment(files):
    """Each `environment` sets `deployment: false`.

    Otherwise GitHub records a deployment, whose statuses would appear among the service's: docs.github.com
    "Workflow syntax", jobs.<job_id>.environment; "Deployments and environments".
    """
    for workflow, name, job in files.all_jobs():
        environment = job.get("environment")
        if environment is not None and (
            isinstance(environment, str) or environment.get("deployment") is not False
        ):
            yield f"{workflow} job {name}: its environment makes a deployment"


def no_expression_in_a_script(files):
    """No `run:` contains `${{ }}`, whose value would become code.

    docs.github.com "Secure use reference", script injections.
    """
    for where, step in _all_steps(files):
        if "${{" in step.get("run", ""):
            yield f"{where}: {step['run'].strip().splitlines()[0]}"


def actions_are_pinned(files):
    """Every action and called workflow is pinned to a commit, or is our own.

    "Pin actions to a full-length commit SHA": docs.github.com "Secure use reference"; a tag can be moved.
    """
    used = [(where, step["uses"]) for where, step in _all_steps(files) if "uses" in step]
    used += [
        (f"{workflow} job {name}", job["uses"]) for workflow, name, job in files.all_jobs() if "uses" in job
    ]
    for where, action in used:
        if not re.fullmatch(r"(?:\./|\$/)\S*|[\w./-]+@[0-9a-f]{40}", action):
            yield f"{where}: {action}"


def _all_steps(files):
    for workflow, name, job in files.all_jobs():
        yield from ((f"{workflow} job {name}", step) for step in job.get("steps", ()))
    for name, action in files.actions.items():
        yield from ((f"action {name}", step) for step in action["runs"]["steps"])


def watched_workflows_exist(files):
    """`workflow_run` names workflows of the same repository, by their `name:`.

    GitHub reports no error for an unknown name; the event never comes: docs.github.com "Events that trigger
    workflows", workflow_run.
    """
    for workflow in files.workflows:
        names = {each.tree["name"] for each in files.workflows if each.folder == workflow.folder}
        for watched in workflow.triggers.get("workflow_run", {}).get("workflows", ()):
            if watched not in names:
                yield f"{workflow}: no workflow is named {watched!r}"


RULES = (
    no_deadlock,
    no_run_replaced_unseen,
    matrix_holds_jobs,
    jobs_have_their_time,
    rights_are_the_callers,
    inputs_and_secrets_arrive,
    artifacts_have_their_own_names,
    no_output_is_masked,
    nothing_rests_on_a_file_with_a_schedule,
    environments_make_no_deployment,
    no_expression_in_a_script,
    actions_are_pinned,
    watched_workflows_exist,
)
