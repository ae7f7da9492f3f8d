"""What the workflow files promise: pinned actions, least rights, and no logic that tests cannot reach."""

import re
import shlex
from itertools import takewhile

import pytest
import yaml

from deploy_verdict.cli.command import verb_parser
from tests.reference.parsers import options
from tests.running import ROOT
from tests.workflow.acting import WORKFLOWS

FILES = sorted(WORKFLOWS.glob("*.yml"))
# They build and try the product, with commands of their own; the others are the product.
ABOUT_THE_PRODUCT = {"ci", "release", "self-test"}
SETUP = WORKFLOWS.parent / "actions" / "setup" / "action.yml"
INSTALL = (
    "python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes "
    "-r verdict-tool/requirements.txt"
)
# Before the setup nothing of ours can speak.
UNREADABLE = 'echo "::error::This job could not read a repository.'


def read(path):
    # YAML 1.1 reads the key `on` as true; nothing here depends on it.
    return yaml.safe_load(path.read_text())


def jobs(path):
    return read(path)["jobs"].items()


def steps():
    return [
        pytest.param(step, id=f"{path.stem}/{job}/{number}")
        for path in FILES
        if path.stem not in ABOUT_THE_PRODUCT
        for job, body in jobs(path)
        for number, step in enumerate(body.get("steps", ()))
    ]


@pytest.mark.parametrize("step", steps())
def test_each_run_is_one_call_of_the_command_whose_options_exist(step):
    command = step.get("run")
    if command is None:
        return
    if command.startswith(UNREADABLE):
        assert "${{" not in command
        assert step["if"] == "${{ failure() }}"
        return
    assert "\n" not in command
    assert "${{" not in command
    words = shlex.split(command)
    # The package run as a folder: the service's repository, in which this runs, hides no module of ours.
    assert words[:2] == ["python", "verdict-tool/scripts/deploy_verdict"]
    verb = list(takewhile(lambda word: not word.startswith("--"), words[2:]))
    known = options(verb_parser(*verb))
    for option in (word for word in words if word.startswith("--")):
        assert option in known, f"{verb} has no {option}"
    for name in re.findall(r"\$(\w+)", command):
        # SAMPLE is the job's, as it names its artifact too.
        assert name in (*step["env"], "SAMPLE"), f"{name} does not come through env:"


def test_what_each_job_begins_with_stands_once():
    (install,) = [step["run"] for step in read(SETUP)["runs"]["steps"] if "run" in step]
    assert install == INSTALL
    for path in FILES:
        assert "verdict-tool/requirements.txt" not in path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_action_is_pinned_with_its_version_beside_it(path):
    used = re.findall(r"^ +(?:- )?uses: ([^.\s]\S+)(.*)", path.read_text() + SETUP.read_text(), re.MULTILINE)
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}{comment}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rights_are_none_on_top_and_each_that_a_job_has_says_why(path):
    assert read(path)["permissions"] == {}
    for name, job in jobs(path):
        assert "permissions" in job, name
    lines = re.findall(r"^ +(?:[\w-]+): (?:read|write)(.*)$", path.read_text(), re.MULTILINE)
    assert lines
    assert all(re.fullmatch(r" # \S.{5,}", rest) for rest in lines), lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_checkout_forgets_its_credentials_and_each_job_ends(path):
    for name, job in jobs(path):
        assert "timeout-minutes" in job or "uses" in job, name
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False
            if step.get("uses", "").startswith("actions/download-artifact"):
                assert step["with"]["merge-multiple"] is True


def test_a_caller_has_the_same_inputs_as_a_person():
    triggers = read(WORKFLOWS / "post-deploy.yml")[True]
    by_hand, called = triggers["workflow_dispatch"]["inputs"], triggers["workflow_call"]["inputs"]
    assert list(by_hand) == list(called)
    assert {name: item["default"] for name, item in by_hand.items()} == {
        name: item["default"] for name, item in called.items()
    }


def test_secrets_reach_only_the_steps_that_need_them():
    for path in FILES:
        for name, job in jobs(path):
            assert "secrets" not in str(job.get("env", {})), name
        assert "secrets" not in str(read(path).get("env", {}))


def test_ci_lints_what_a_developer_lints():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    lint = (ROOT / "Makefile").read_text().split("\nlint-text:")[1].split("\n\n")[0]
    assert "zizmor --offline --quiet --persona auditor .github" in lint
    assert "actionlint" in lint
