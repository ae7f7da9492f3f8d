"""Rules of GitHub that neither act nor actionlint nor zizmor holds, as functions over all our workflows.

A rule takes `Files` and yields a sentence for each place that breaks it; its docstring names its source: a
page of docs.github.com, or a public report of what happens. tests/workflow/test_github_rules.py applies RULES
to .github and docs/adopt, and plants a violation for each.

A caller is looked at together with the workflow that it calls,
`OWNER/deploy-verdict/.github/workflows/X.yml@…` or `./.github/workflows/X.yml`, for every trigger of the
caller, because a called workflow sees the caller's event.
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
# Checkout, Python, packages, artifacts, and what a slow API adds.
MARGIN_MIN = 5
# The runs that continue a window start other jobs of the same workflow.
KINDS = get_args(RunFile.model_fields["kind"].annotation)
RIGHTS = {"none": 0, "read": 1, "write": 2}
# What docs/guide/github.md describes as one word. Whatever is not listed may have a line `{`.
ONE_LINE_SECRETS = {"GITHUB_TOKEN", "RAILWAY_TOKEN", "RAILWAY_API_TOKEN"}
# Losing one of these is bad news that nobody gets.
ALWAYS = {"deployment_status", "repository_dispatch", "workflow_run"}


@dataclass(frozen=True, eq=False)
class Workflow:
    """One file, read; `folder` tells whose repository it runs in."""

    folder: str
    file: str
    text: str

    @cached_property
    def tree(self):
        """The YAML, with the key `on`, which YAML 1.1 reads as true."""
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
        """What it declares for being called, or started by hand."""
        named = (
            self.triggers.get(event, {}).get("inputs") or {}
            for event in ("workflow_dispatch", "workflow_call")
        )
        return {name: value for each in named for name, value in each.items()}

    @property
    def call(self):
        """The inputs and the secrets that a caller may give."""
        call = self.triggers.get("workflow_call", {})
        return call.get("inputs") or {}, call.get("secrets") or {}

    def __str__(self):
        return f"{self.folder}/{self.file}"


@dataclass(frozen=True, eq=False)
class Files:
    """All workflows of both repositories, and our composite actions by the name of their folder."""

    workflows: tuple
    actions: dict

    @classmethod
    def of(cls, texts, actions=()):
        """From texts by path."""
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
        """Our workflow that this job calls, if it calls one."""
        found = CALL.fullmatch(job.get("uses", ""))
        return found and next(each for each in self.workflows if (each.folder, each.file) == (OURS, found[1]))

    def calls(self):
        """Every caller with its job and the workflow that this calls."""
        for caller in self.workflows:
            for name, job in caller.jobs.items():
                if called := self.called(job):
                    yield caller, name, job, called

    def all_jobs(self):
        return ((each, name, job) for each in self.workflows for name, job in each.jobs.items())

    def steps(self, job):
        """The steps of a job, those of our composite actions among them."""
        for step in job.get("steps", ()):
            yield step
            if own := self.own_action(step):
                yield from own["runs"]["steps"]

    def own_action(self, step):
        """Our composite action that this step uses, if it uses one; "action.yml" is the root's."""
        used = step.get("uses", "")
        if used.startswith("OWNER/deploy-verdict@") or used in ("./", "$/"):
            return self.actions["action.yml"]
        return self.actions[Path(used).name] if used.startswith(("./", "$/")) else None

    def runs(self, number):
        """A run of every workflow for every trigger and kind of input; `number` tells two runs apart."""
        for workflow in self.workflows:
            for event, payload, inputs in _events(workflow, number):
                github = _github(workflow, event, payload, number)
                yield Run(self, workflow, event, {"github": github, "inputs": inputs})


@dataclass(frozen=True, eq=False)
class Run:
    """One run: the started workflow, and through its jobs the called ones."""

    files: Files
    workflow: Workflow
    event: str
    context: dict

    def parts(self):
        """The started workflow and each called one: the calling job, the workflow, what its inputs are."""
        yield None, self.workflow, self.context
        for name, job in self.workflow.jobs.items():
            if called := self.files.called(job):
                yield name, called, {**self.context, "inputs": self._given(job, called)}

    def _given(self, job, called):
        declared, _ = called.call
        given = {name: filled(value, self.context) for name, value in job.get("with", {}).items()}
        return {name: given.get(name, item.get("default")) for name, item in declared.items()}

    def groups(self):
        """The concurrency groups from the run down to each job, as chains: none may stand there twice."""
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
    """A concurrency group, evaluated. `newest_only`: the file says that an older run may go."""

    where: str
    name: str
    newest_only: bool


def _group(workflow, owner, context, job=None):
    """The group of a workflow or job; none, or one."""
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
    """Each trigger with its payload and inputs: by `number` differs what GitHub makes unique."""
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
    """What a person writes; who asks for the same thing twice loses nothing, so a text differs."""
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
    """A group of the run, the calling job, the called workflow and its job are never one.

    GitHub ends the run before its first job: "Canceling since a deadlock for concurrency group … was detected
    between 'top level workflow' and …" (rhysd/actionlint#538, github/vscode-github-actions#135,
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
    "Control the concurrency of workflows and jobs"; asked to be otherwise in orgs/community#63136. It is said
    by `cancel-in-progress: true`, by `queue: max`, or by a comment above `concurrency:` with the word newest.
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
    """A matrix has a leg, and 256 at most; one that comes from an output is guarded by the job's `if:`.

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
    """Whether the job starts where the gate has no sample job, everything else being well."""
    needed = {name: {"result": "success", "outputs": {}} for name in _listed(job.get("needs"))}
    for name, output in OUTPUT.findall(str(job)):
        needed.setdefault(name, {"result": "success", "outputs": {}})["outputs"][output] = "true"
    for item in needed.values():
        item["outputs"] |= matrix_outputs(())
    return condition(str(job.get("if", "true")), {"needs": needed})


def _needs(job, window):
    """The needs of a job: whichever it names, its outputs are the gate's."""
    return {name: {"outputs": window.outputs} for name in _listed(job.get("needs"))}


def _listed(value):
    return [value] if isinstance(value, str) else value or []


def _legs(job, window):
    """Every leg of a job, as its matrix context; a job without a matrix has one."""
    matrix = job.get("strategy", {}).get("matrix")
    if matrix is None:
        return [{}]
    context = {"needs": _needs(job, window)}
    filled_in = filled(matrix, context) if isinstance(matrix, str) else matrix
    axes = {name: filled(values, context) for name, values in filled_in.items() if name != "include"}
    legs = [dict(zip(axes, leg, strict=True)) for leg in itertools.product(*axes.values())] if axes else []
    return [*legs, *filled(filled_in.get("include", []), context)]


def jobs_have_their_time(files):
    """A job says its timeout: long enough for what it may sleep and wait, at most 360 minutes.

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
    """Each leg that a job may have, with the window that it belongs to."""
    for window in windows() if OUTPUT.search(str(job)) else (NO_WINDOW,):
        yield from ((window, leg) for leg in _legs(job, window))


def _shown(leg):
    return " ".join(map(str, leg.values())) or "alone"


def _waits_min(command, window, leg):
    """The longest that one step waits by what plans/ say."""
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
    """A plan in a mode, as the gate hands it on; `takes_min` is how long a sample job may sleep and work."""

    name: str
    outputs: dict
    takes_min: dict


NO_WINDOW = Window("without a window", {}, {})


@cache
def windows():
    """Every plan in every mode.

    Without wait timers a job sleeps from the window's opening on, even where the gate counted on a timer.
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
    """A called job asks for no more than the calling job has, and lists it.

    "The GITHUB_TOKEN permissions passed from the caller workflow can be only downgraded (not elevated)":
    docs.github.com "Reusable workflows reference". A job that asks for more ends the run with a startup
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
    """A caller gives each input and secret of the called workflow, and no other; what is used is declared.

    An undeclared one is "Invalid input, … is not defined in the referenced workflow"; one that is not given
    is the default, silently: docs.github.com "Reuse workflows". Whatever is given to a boolean or number
    input must be of that type for every trigger: "Workflow syntax", on.workflow_call.inputs.<input_id>.type.
    """
    yield from _not_passed_on(files)
    yield from _not_of_the_action(files)
    yield from _of_another_type(files)
    yield from _undeclared(files)


def _not_passed_on(files):
    for caller, name, job, called in files.calls():
        inputs, secrets = called.call
        # Ours may leave a default be; an adopter's caller is all that its readers have to set.
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
    """The workflow's tree, its `if:`s as expressions, which they are without `${{ }}` too."""

    def walked(value):
        if isinstance(value, dict):
            return {key: f"${{{{ {item} }}}}" if key == "if" and "${{" not in str(item) else walked(item)
                    for key, item in value.items()}  # fmt: skip
        return [walked(item) for item in value] if isinstance(value, list) else value

    return walked(workflow.tree)


def artifacts_have_their_own_names(files):
    """No two uploads of a run have one name: not of two jobs, two legs, two calls or two attempts.

    "409 Conflict: an artifact with this name already exists on the workflow run", since v4, and meant so
    (actions/upload-artifact#478, #493; of two legs: microsoft/security-devops-action#161). "Re-run failed
    jobs" keeps the artifacts of the attempt before, so a name has the attempt in it (NVIDIA/aicr#1928).
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
    """Whether the run's event and inputs leave the job a way to start, alone or through the jobs it needs."""
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
    """An output that is read by fromJSON holds no brace or bracket, or its job knows no secret of many lines.

    The runner masks each line of a secret with several (actions/runner#1521, #27) and drops every output that
    holds a masked text: "Skip output 'matrix' since it may contain secret". A JSON secret has a line `{`
    (google-github-actions/get-secretmanager-secrets#234, airbytehq/airbyte#48130). What is masked is what the
    job was sent, and what it adds: camunda/camunda#52649 and microsoft/apm#1373 were mended by taking the
    secret out of the job that gives the matrix. A job is sent what it refers to; toJSON(secrets) or
    secrets[…] sends it all (CodeQL, actions/excessive-secrets-exposure).
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
    """What must always work shares no file with `schedule`.

    After 60 days without activity GitHub disables the scheduled *workflow* of a public repository, with all
    of its triggers: docs.github.com "Events that trigger workflows", schedule (ambv/retype#31,
    duosecurity/duo_api_nodejs#41, linz/linz-data-importer#182).
    """
    for workflow in files.workflows:
        if "schedule" in workflow.triggers:
            for event in sorted(ALWAYS & set(workflow.triggers)):
                yield f"{workflow}: {event} ends when GitHub disables the schedule"


def environments_make_no_deployment(files):
    """Each `environment` says `deployment: false`.

    Without it GitHub records a deployment, and its statuses would stand among the service's: docs.github.com
    "Workflow syntax", jobs.<job_id>.environment; "Deployments and environments".
    """
    for workflow, name, job in files.all_jobs():
        environment = job.get("environment")
        if environment is not None and (
            isinstance(environment, str) or environment.get("deployment") is not False
        ):
            yield f"{workflow} job {name}: its environment makes a deployment"


def no_expression_in_a_script(files):
    """No `run:` holds `${{ }}`: the value would be code.

    docs.github.com "Secure use reference", script injections.
    """
    for where, step in _all_steps(files):
        if "${{" in step.get("run", ""):
            yield f"{where}: {step['run'].strip().splitlines()[0]}"


def actions_are_pinned(files):
    """Every action and called workflow is named by a commit, or is our own.

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

    Nothing is said of a name that no workflow has; the event never comes: docs.github.com "Events that
    trigger workflows", workflow_run.
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
