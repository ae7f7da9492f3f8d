"""`python -m demo.github` as a process of its own, and what `make demo` posts."""

import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from demo.github import posting
from demo.github.serving import TOKEN
from tests.github.test_publishing import PLAN, window
from tests.running import ROOT, scrubbed

COMMAND = [sys.executable, "-m", "demo.github"]


@contextmanager
def started(*arguments):
    """The process once it has said where it answers; killed if the test did not end it."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=scrubbed(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        word, _, url = process.stdout.readline().strip().partition(" ")
        assert word == "github"
        yield process, url
    finally:
        process.kill()
        process.communicate()


def run(*arguments):
    """The process, run to its end."""
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30)


def ask(url):
    return requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(number):
    with started("--repository", "a/b") as (process, url):
        assert ask(f"{url}/repos/a/b/issues/1").status_code == 200
        assert ask(f"{url}/repos/a/b/isues").status_code == 404
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert err == "what GitHub would not take: GET /repos/a/b/isues: no such operation\n"


def test_switches_are_set_from_outside():
    with started("--switch", "bad_gateways=1", "--switch", "forbidden=issues") as (_, url):
        assert ask(f"{url}/rate_limit").status_code == 502
        assert ask(f"{url}/rate_limit").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--switch", "nothing"], "there is no switch 'nothing'"),
        (["--repository", "zeues"], "zeues is not a repository; write OWNER/NAME"),
    ],
)
def test_wrong_usage_is_told(arguments, told):
    done = run(*arguments)
    assert (done.returncode, told in done.stderr) == (2, True)


def test_the_help_names_every_switch():
    done = run("--help")
    assert done.returncode == 0
    assert "bad_gateways  " in done.stdout
    assert "slow_s  " in done.stdout
    assert TOKEN in done.stdout


def test_a_port_that_is_taken_is_told():
    with started() as (_, url):
        port = url.rpartition(":")[2]
        done = subprocess.run(
            [*COMMAND, "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 3
    assert f"could not run on port {port}" in done.stderr


def test_a_judged_window_becomes_a_page_and_touches_no_real_github(tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    for name, text in (("ACTIONS", "true"), ("STEP_SUMMARY", str(summary)), ("TOKEN", "real"),
                       ("API_URL", "http://127.0.0.1:9"), ("REPOSITORY", "real/one")):  # fmt: skip
        monkeypatch.setenv(f"GITHUB_{name}", text)
    window(tmp_path, status=500)
    (tmp_path / "out" / "plan.yml").write_text(PLAN)
    page, review = posting.post(tmp_path / "plan.yml", tmp_path / "out", review=True)
    assert page == tmp_path / "out" / "github.html"
    assert "Post-incident review: small" in review.read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert "CRITICAL ISSUES" in text
    assert "verdict small: critical" in text
    assert not summary.exists()


def test_what_cannot_be_posted_is_told(tmp_path):
    (tmp_path / "plan.yml").write_text(PLAN)
    with pytest.raises(RuntimeError, match="publish ended with"):
        posting.post(tmp_path / "plan.yml", tmp_path)
