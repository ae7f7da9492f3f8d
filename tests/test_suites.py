"""What `make test` leaves out, `make test-all` runs; and CI runs both."""

import ast
import itertools
import re
import shlex
import tomllib
from pathlib import Path

import yaml

from tests.running import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
MARKERS = [line.partition(":")[0] for line in SETTINGS["markers"]]
# What may stand on pytest's command line: nothing here chooses tests but -m.
PLAIN = {"-q": 0, "-n": 1, "--dist": 1, "-m": 1, "$(TIMED)": 0}
MAKEFILE = (ROOT / "Makefile").read_text()


def recipe(target):
    """The commands of a target of the Makefile, and those of the targets that it makes at once."""
    (lines,) = re.findall(rf"^{target}: \$\(STAMP\).*\n((?:\t.*\n| .*\n)+)", MAKEFILE, re.MULTILINE)
    for line in lines.replace("\\\n", " ").splitlines():
        at_once = re.search(r"\$\(MAKE\) .*--jobs \d (.*)", line)
        for part in at_once[1].split() if at_once else ():
            yield from recipe(part)
        yield from re.findall(r"\$\(PYTEST\)[^;&}>]*", line)


def selections(target):
    """The -m of each run of pytest in a target of the Makefile."""
    (pytest,) = re.findall(r"^PYTEST := \$\(BIN\)/python -m pytest (.*)$", MAKEFILE, re.MULTILINE)
    for command in recipe(target):
        options = iter(shlex.split(command.replace("$(PYTEST)", pytest)))
        values = {option: [next(options) for _ in range(PLAIN[option])] for option in options}
        yield values["-m"][0]


def chosen(target, marked):
    """In how many of its runs a test with these marks is."""
    names = {name: name in marked for name in MARKERS}
    return sum(eval(selection, {}, names) for selection in selections(target))


def all_marks():
    return [set(some) for size in range(len(MARKERS) + 1) for some in itertools.combinations(MARKERS, size)]


def test_a_test_is_run_once_in_test_all_and_in_test_unless_it_is_complete():
    for marked in all_marks():
        assert chosen("test-all", marked) == 1, marked
        assert chosen("test", marked) == ("complete" not in marked), marked


def test_the_timed_tests_are_in_the_files_that_make_collects():
    """Whatever name stands before a mark, and no mark is set by a hook."""
    (pattern,) = re.findall(
        r"^TIMED = \$\(shell grep -rlE '(.*)' tests --include='test_\*\.py'\)$", MAKEFILE, re.M
    )
    sources = {path: path.read_text() for path in ROOT.glob("tests/**/*.py")}
    marking = {
        path
        for path, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr in ("waits", "alone")
    }
    assert marking == {path for path, text in sources.items() if re.search(pattern, text)} - {Path(__file__)}
    assert [path for path in marking if not path.name.startswith("test_")] == []
    hooks = [path for path, text in sources.items() if "pytest_collection_modifyitems" in text]
    assert hooks == [Path(__file__)]


def test_no_setting_chooses_tests():
    assert SETTINGS["testpaths"] == ["tests"]
    assert not {"-m", "-k", "--ignore", "--deselect"} & set(shlex.split(SETTINGS["addopts"]))
    assert not list(ROOT.glob("tests/**/collect_ignore*"))
    assert [path for path in ROOT.glob("tests/**/conftest.py") if "collect_ignore" in path.read_text()] == []


def test_ci_runs_the_complete_suite_nightly_and_for_a_release():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    events = workflow[True]  # YAML 1.1 reads `on` as a truth
    assert events["schedule"]
    assert events["push"]["tags"] == ["v*"]
    test, complete = workflow["jobs"]["test"], workflow["jobs"]["complete"]
    assert test["steps"][-1]["run"] == "bash .ci/run"
    assert "if" not in test
    assert complete["steps"][-1]["run"] == "bash .ci/run test-all"
    assert "github.event_name == 'schedule'" in complete["if"]
    assert "github.ref_type == 'tag'" in complete["if"]
