"""A run of the fuzzer over each reader, and what once broke it; the controls show that both see.

`make test` fuzzes one reader and replays all, with a control for the replay; `make test-all` fuzzes all.
"""

import os
import re
import subprocess
import sys

import pytest

from tests.fuzz.planted import PLANTED
from tests.fuzz.targets import TARGETS
from tests.running import ROOT, scrubbed

RUNS = {"plan": 600, "evidence": 1500, "log": 600, "relay": 2000}
NAMES = {"planted-crash": "KeyError: 'planted'", "planted-hang": "HangError", "planted-hog": "HogError"}


def process(module, *arguments):
    # Linux hands the greatest memory of a process down through exec, so that the fuzzer would be charged with
    # pytest's. A shell in between, which forks for its first command, begins at nothing.
    through = ["sh", "-c", '"$@"; exit $?', "sh"]
    return subprocess.run([*through, sys.executable, "-m", f"tests.fuzz{module}", *arguments], cwd=ROOT,
                          env=scrubbed({"PYTHONHASHSEED": "0"}), capture_output=True, text=True,
                          errors="replace", timeout=300, check=False)  # fmt: skip


@pytest.fixture
def fuzzer(tmp_path):
    def fuzz(name, runs):
        try:
            import atheris  # noqa: F401
        except ImportError:
            missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
            missing("there is no atheris here: it is built for Linux on x86-64")
        return process("", name, "--runs", str(runs), "--kept", str(tmp_path))

    return fuzz


def shortly(names, short):
    """Each name; `make test` takes one of them, as the others differ only in what they read."""
    return [pytest.param(name, marks=[] if name == short else pytest.mark.complete) for name in names]


@pytest.mark.parametrize("name", shortly(TARGETS, "evidence"))
def test_nothing_breaks_a_reader(fuzzer, name):
    done = fuzzer(name, RUNS[name])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    began, ended = (
        int(re.search(rf"{word} +cov: (\d+)", done.stderr).group(1)) for word in ("INITED", "DONE")
    )
    assert ended > began > 50, "what is fuzzed is not seen by the fuzzer"


@pytest.mark.complete
@pytest.mark.parametrize("name", PLANTED)
def test_the_fuzzer_sees_what_is_planted(fuzzer, name, tmp_path):
    done = fuzzer(name, 2000)
    assert done.returncode != 0
    assert NAMES[name] in done.stdout + done.stderr
    assert list(tmp_path.glob("*.crash-*"))


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_broke_a_reader_and_what_is_made_to_grow(name):
    done = process(".replay", name)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(rf"{name}: [1-9]\d* inputs", done.stdout)


@pytest.mark.parametrize("name", shortly(PLANTED, "planted-hang"))
def test_the_replay_sees_what_is_planted(name):
    assert NAMES[name] in process(".replay", name).stderr
