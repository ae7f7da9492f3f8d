"""What the guide promises to those who adopt it on GitHub is what the files say."""

import re

import yaml

from deploy_verdict.actions.jobs.job_matrix import billed_min, later_billed_min, sample_jobs
from deploy_verdict.actions.jobs.wait_timers import environment_name, wait_timer_min
from deploy_verdict.plan import laid_out, own_layout, read_plan
from deploy_verdict.window.sampling.schedule import offsets_of
from tests.running import ROOT
from tests.workflow.acting import WORKFLOWS

GUIDE = (ROOT / "docs" / "guide" / "github.md").read_text()
README = (ROOT / "README.md").read_text()
ADOPT = ROOT / "docs" / "adopt"
PLAN = read_plan((ROOT / "plans" / "zeues.yml").read_bytes(), "zeues.yml", {}, "2026-02-02")


def part(title):
    return GUIDE.split(f"\n{title}\n", 1)[1].split("\n## ", 1)[0]


def cells(text, column=0):
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [row[column] for row in rows]


def read(path):
    return yaml.safe_load(path.read_text())


def test_the_caller_gives_every_input_and_grants_what_the_jobs_ask_for():
    called, caller = read(WORKFLOWS / "post-deploy.yml"), read(ADOPT / "verify-deployment.yml")
    assert caller["run-name"] == called["run-name"]
    assert caller[True]["workflow_dispatch"]["inputs"] == called[True]["workflow_dispatch"]["inputs"]
    job = caller["jobs"]["verify"]
    assert list(job["with"]) == list(called[True]["workflow_call"]["inputs"])
    assert list(job["secrets"]) == list(called[True]["workflow_call"]["secrets"])
    wanted = {}
    for inner in called["jobs"].values():
        for name, right in inner["permissions"].items():
            wanted[name] = "write" if "write" in (right, wanted.get(name)) else right
    assert job["permissions"] == wanted


def test_the_watchdog_watches_the_callers_workflow():
    watchdog, caller = read(ADOPT / "verify-watchdog.yml"), read(ADOPT / "verify-deployment.yml")
    assert watchdog[True]["workflow_run"]["workflows"] == [caller["name"]]
    later = read(ADOPT / "verify-later.yml")
    assert later["jobs"]["later"]["with"]["workflow"] == "verify-deployment.yml"
    for caller, job, file in ((watchdog, "watchdog", "watchdog.yml"), (later, "later", "later-samples.yml")):
        (inner,) = read(WORKFLOWS / file)["jobs"].values()
        assert caller["jobs"][job]["permissions"] == inner["permissions"]


def test_every_secret_variable_and_permission_of_the_workflows_has_its_row():
    text = "".join(path.read_text() for path in WORKFLOWS.glob("*.yml") if path.stem != "ci")
    told = part("## Set it up")
    for name in set(re.findall(r"(?:secrets|vars)\.([A-Z_]+)", text)) - {
        "RAILWAY_API_TOKEN",
        "RAILWAY_API_URL",
    }:
        assert f"`{name}`" in told, name
    jobs = read(WORKFLOWS / "post-deploy.yml")["jobs"].values()
    rights = {f"`{name}: {right}`" for job in jobs for name, right in job["permissions"].items()}
    assert rights - {"`actions: read`"} == {cell for cell in cells(told) if ": " in cell}


def test_the_table_of_costs_is_what_the_gate_computes():
    known = {environment_name(minutes): wait_timer_min(minutes) for minutes in range(15, 121, 15)}
    found = {}
    for mode in ("timer", "single", "sleep"):
        dense = {"dense_every_s": PLAN.window.dense_every, "one_job": True} if mode == "single" else {}
        plan = laid_out(PLAN, own_layout(PLAN).model_copy(update=dense))
        offsets_s = offsets_of(plan, dense=mode == "single")
        jobs = sample_jobs(plan, offsets_s, mode, elapsed_s=40.0, speed=1.0, known=known)
        found[f"`{mode}`"] = str(billed_min(plan, jobs))
    assert (
        f"about {found['`timer`']} minutes behind wait timers, {found['`single`']} in one long job" in README
    )
    assert f"each later\n  sample {later_billed_min(PLAN)};" in README
    costs = part("## What it costs")
    assert dict(zip(cells(costs), cells(costs, 2), strict=True)) == found
