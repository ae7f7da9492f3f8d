"""The locks: whole, with hashes, without hosts, a reason for each requirement; bill and lint hold to them."""

import re
import subprocess
import sys

import pytest
import yaml

from tests.running import ROOT
from tests.supply.bill import bill, licence, rows
from tests.supply.locks import LOCKS, locked, plain, reasons

MAKEFILE = (ROOT / "Makefile").read_text()
BILLED = ("requirements.txt", "deploy/relay/requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_pinned_by_hashes_and_names_who_asked_for_it(lock):
    for package in locked(lock):
        assert package.hashes, package.name
        assert package.asked_by, package.name


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host_or_an_option(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE)


@pytest.mark.parametrize(("lock", "source"), LOCKS.items())
def test_each_requirement_has_its_reason_and_is_locked(lock, source):
    found = reasons(source)
    assert found.keys() <= {plain(item.name) for item in locked(lock)}
    assert all(len(reason) > 5 for reason in found.values()), found


def installs():
    """Each command that installs packages: of workflows, of the relay's image, of make."""
    lines = [(line, "make") for line in MAKEFILE.splitlines()]
    lines += [(line, "image") for line in (ROOT / "deploy/relay/Dockerfile").read_text().splitlines()]
    for path in (ROOT / ".github").rglob("*.yml"):
        jobs = yaml.safe_load(path.read_text()).get("jobs", {}).values()
        lines += [(step.get("run", ""), path.stem) for job in jobs for step in job.get("steps", ())]
    return [pytest.param(line, id=name) for line, name in lines if "pip install" in line]


@pytest.mark.parametrize("command", installs())
def test_nothing_is_installed_without_hashes(command):
    assert "--require-hashes" in command
    assert re.search(r"-r \S*requirements\S*\.txt", command)


def told(line):
    """A row without what depends on the machine: its size, and a licence that only what is here tells."""
    name, version, _, _, reason = (cell.strip() for cell in line.strip("|").split(" | "))
    return name, version, reason


def table(text):
    return [line for line in text.splitlines() if re.match(r"\| (?!package)[a-z]", line)]


def test_the_bill_is_what_the_locks_say():
    written = (ROOT / "docs" / "reference" / "dependencies.md").read_text()
    assert [told(line) for line in table(written)] == [told(line) for line in table(bill())], "make bill"
    assert len(table(written)) == sum(len(list(rows(lock))) for lock in BILLED)


def test_each_licence_in_the_bill_is_the_packages_own():
    for line in table((ROOT / "docs" / "reference" / "dependencies.md").read_text()):
        name, _, there, size, _ = (cell.strip() for cell in line.strip("|").split(" | "))
        assert there != "unknown", name
        assert size or there == "not here"
        if there != "not here":
            assert licence(name) in (there, None), name


def deptry(requirements):
    options = ["--config", "tests/supply/deptry.toml", "--no-ansi", "-rf", requirements, "scripts"]
    return subprocess.run(
        [sys.executable, "-m", "deptry", *options], cwd=ROOT, capture_output=True, text=True
    )


def test_lint_sees_a_requirement_that_is_not_used_and_an_import_that_is_not_required(tmp_path):
    text = (ROOT / "requirements.in").read_text()
    assert re.search(r"^urllib3 ", text, re.MULTILINE)
    wrong = tmp_path / "requirements.in"
    wrong.write_text(re.sub(r"(?m)^urllib3 .*\n", "numpy\n", text))
    done = deptry(f"{wrong},deploy/relay/requirements.in")
    assert done.returncode != 0
    assert "DEP002 'numpy'" in done.stdout + done.stderr
    lint = MAKEFILE.split("\nlint-text:")[1].split("\n\n")[0]
    assert lint.count("deptry --config tests/supply/deptry.toml") == 2


def test_an_audit_that_could_not_ask_is_not_clean():
    """Without --strict pip-audit calls what it could not ask about skipped, and ends with 0."""
    audit = MAKEFILE.split("\naudit:")[1].split("\n\n")[0]
    asked = re.findall(r"pip-audit (--strict )?.*-r (\S+)", audit)
    assert {path for _, path in asked} == set(LOCKS) - {"requirements-audit.txt"}
    assert all(strict for strict, _ in asked)
    assert "audit" not in MAKEFILE.split("\ntest:")[1].split("\n\n")[0]
