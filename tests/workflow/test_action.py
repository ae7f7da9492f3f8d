"""action.yml at the root: what it calls exists, and the guide and the file to copy say what it takes."""

import re
import shlex
from itertools import takewhile

import pytest
import yaml

from deploy_verdict.cli.command import verb_parser
from tests.reference.parsers import options
from tests.running import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
OURS = [step for step in STEPS.values() if "scripts/deploy_verdict" in step.get("run", "")]
GUIDE = (ROOT / "docs" / "guide" / "github.md").read_text()


@pytest.mark.parametrize("step", OURS, ids=lambda step: step["name"])
def test_each_step_calls_the_command_with_options_that_exist(step):
    words = shlex.split(step["run"])
    assert words[:2] == [
        "$RUNNER_TEMP/deploy-verdict/bin/python",
        "$GITHUB_ACTION_PATH/scripts/deploy_verdict",
    ]
    verb = list(takewhile(lambda word: not word.startswith(("--", "$")), words[2:]))
    known = options(verb_parser(*verb))
    for option in re.findall(r"--[\w-]+", step["run"]):
        assert option in known, f"{verb} has no {option}"
    variables = set(re.findall(r"\$\{?(\w+)", step["run"])) - {"RUNNER_TEMP", "GITHUB_ACTION_PATH"}
    assert variables <= set(step["env"])


def test_after_the_watch_every_step_comes_whatever_was_before():
    after = OURS[[step["name"] for step in OURS].index("Watch") + 1 :]
    assert [step["name"] for step in after] == ["Tell people", "Post the report", "Conclude"]
    assert all("always()" in step["if"] for step in after)
    assert STEPS["Watch"]["continue-on-error"] is True
    assert "continue-on-error" not in STEPS["Post the report"] | STEPS["Conclude"]


def test_every_input_reaches_a_step_and_every_output_comes_from_one():
    used = set(
        re.findall(r"inputs\.([\w-]+)", yaml.safe_dump(ACTION["runs"]) + yaml.safe_dump(ACTION["outputs"]))
    )
    assert used == set(ACTION["inputs"])
    ids = {step.get("id") for step in STEPS.values()}
    for output in ACTION["outputs"].values():
        assert set(re.findall(r"steps\.(\w+)\.", output["value"])) <= ids


def test_a_step_keeps_no_secret_in_a_command_line():
    assert "secrets." not in (ROOT / "action.yml").read_text()
    assert not any("TOKEN" in step["run"] for step in OURS)


def test_the_guide_names_every_input_and_output():
    part = GUIDE.split("\n## In one job\n", 1)[1].split("\n## ", 1)[0]
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in part, name
