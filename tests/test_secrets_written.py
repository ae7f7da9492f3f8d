"""Secrets and hostile texts in what is written, restored and awaited, and in all that tells of it."""

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest
from markdown_it import MarkdownIt

from tests.running import command, script, scrubbed
from tests.servers import json_service
from tests.test_commands import obeyed
from tests.test_secrets import DOTTED, FORMS, HEADER, TOKEN, assert_clean

SESSION, COOKIE = "sess-0a1b2c3d4e5f6a7b", "c00k1e-9f8e7d6c5b4a"
SECRET = {"SVC_TOKEN": TOKEN, "SVC_AUTH_LINE": HEADER, "GITHUB_TOKEN": TOKEN, "A_TOKEN": DOTTED}
HOSTILE = "ü ::error::x\n::add-mask::y ##[stop-commands]z \x1b[31m\u202e\u2028::set-output name=a::b "
HOSTILE += "<!-- deploy-verdict:x --> </details><script>alert(1)</script> | a | b |\n|---|"
HOSTILE += " @octocat #12 http://e.example ``` \ud800"
PLAN = """
version: 1
name: written
service: {base_url: "%s", headers: {Authorization: "${SVC_AUTH_LINE}", X-Who: "${SVC_TOKEN}"}}
window: {length: 1m, sample_every: 1m}
test_data: {may_write: {spool: [T1]}, routes: [/put, /take, /leave, /clean],
  harmless: {note: any, X-Who: any}}
health:
  - {name: fresh, get: /fresh, expect: {status: 200, $.x: 1}}
  - {name: put, post: /put, json: {spool: T1}, expect: {status: 200, $.x: 1}}
e2e:
  before_each:
    - {name: login, get: /login, expect: {status: 200}, capture: {sid: $.sid, cid: $.cid, note: $.note}}
  tests:
    - name: cycle
      steps:
        - {name: take, post: /take, json: {spool: T1}, expect: {status: 200}}
        - {name: leave, post: /leave, json: {spool: T1}, expect: {status: 200, $.x: 1}}
      cleanup:
        - name: clean
          post: /clean
          headers: {Authorization: "Session {sid}", Cookie: 'a="{cid}"'}
          json: {spool: T1, note: "{note}"}
          expect: {status: 200, $.x: 1}
claims:
  - {commit: abc1234, title: t, shown_by: health/fresh}
  - commit: abc1235
    title: u
    exposure: {operation: POST /take, at_least: 4, top_up: {of: e2e/cycle, every: 1s, at_most: 4}}
"""


class Service:
    """Answers with every secret in every disguise, and with what acts; `kill`: at which path's nth call."""

    def __init__(self, kill=None):
        self.kill, self.calls = kill, 0

    def __call__(self, method, path, body):
        if self.kill and path == self.kill[0]:
            self.calls += 1
            if self.calls == self.kill[1]:
                os.kill(self.process.pid, signal.SIGKILL)
        if path == "/login":
            return 200, {"sid": SESSION, "cid": COOKIE, "note": "z" + TOKEN[:5]}
        if path == "/take":
            return 200, {"x": 1}
        # Each on a line of its own: of one that holds a secret in disguise nothing else would be kept.
        told = {"x": HOSTILE, "token": TOKEN, "header": HEADER, "all": FORMS if path == "/leave" else []}
        return 500 if path == "/clean" else 200, json.dumps(told, indent=1)


@contextmanager
def watched(tmp_path, kill=None):
    """A directory after a run that was killed, or not; its environment, and what was printed."""
    respond = Service(kill)
    with json_service(respond) as service:
        plan, out = tmp_path / "plan.yml", tmp_path / "out"
        plan.write_text(PLAN % service.url)
        environment = {**SECRET, "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "a/b",
                       "GITHUB_API_URL": service.url, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
                       "GITHUB_OUTPUT": str(tmp_path / "output")}  # fmt: skip
        base = ["--plan", plan, "--out", out, "--speed", 600]
        respond.process = subprocess.Popen(
            command("watch_deployment", *base),
            env=scrubbed(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        told = [part.decode() for part in respond.process.communicate(timeout=120)]
        assert (respond.process.returncode == -signal.SIGKILL) == bool(kill), told
        yield base, environment, told


# Each is seven commands and their outputs; `make test` takes the one whose ledger stays open.
KILLED = [
    ("/take", 3),
    *(pytest.param(kill, marks=pytest.mark.complete) for kill in (None, ("/put", 1), ("/clean", 1))),
]


@pytest.mark.parametrize("kill", KILLED, ids=str)
def test_whatever_becomes_of_a_write_no_output_tells_a_secret_or_acts(kill, tmp_path):
    with watched(tmp_path, kill) as (base, environment, told):
        for name, *more in (
            ("open",),
            ("watch_deployment",),
            ("judge_evidence", "--json"),
            ("judge_evidence", "--what-if", "window.length=2m"),
            ("render_report",),
            ("publish_report", "--number", 1),
            ("publish_report", "--dry-run"),
        ):
            done = script(name, *base, *more, environment=environment)
            assert done.returncode != 1, done.stderr
            told += [done.stdout, done.stderr]
    for text in told:
        assert_clean(text, "told")
        ours = [
            line
            for line in obeyed(text)
            if not re.match(r"::(error|warning|notice) title=|::add-mask::", line)
        ]
        assert ours == []
        assert not re.search("[\x1b\u202e\u2028\u200b]", text)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "plan.yml"]
    assert {"comment.md", "junit.xml", "verdict.json", "summary.md"} <= {path.name for path in files}
    for path in files:
        assert_clean(path.read_bytes(), path.name)
        if path.suffix == ".md":
            assert_harmless(path.read_text())


def assert_harmless(markdown):
    tokens = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(re.sub(r"(?m)^</?(details|summary).*$|^<!-- .* -->$", "", markdown))
    )
    inside = [child for token in tokens for child in token.children or ()]
    assert "octocat" not in " ".join(child.content for child in inside if child.type == "text")
    assert "<script" not in " ".join(token.content for token in [*tokens, *inside] if "html" in token.type)
    assert not re.search("[\x1b\u202e\u2028]|<!-- deploy-verdict:x", markdown)


@pytest.mark.parametrize("kill", [None, ("/clean", 1)], ids=str)
def test_what_the_service_issued_for_a_header_stands_in_no_command_line(kill, tmp_path):
    """The line to send goes into the report and the comment."""
    with watched(tmp_path, kill) as (base, environment, told):
        done = script("watch_deployment", *base, environment=environment)
        told += [done.stdout, done.stderr]
    texts = [*told, *(path.read_text() for path in (tmp_path / "out").glob("*.*"))]
    texts += [
        line
        for path in (tmp_path / "out" / "evidence").iterdir()
        for line in path.read_text().splitlines()
        if "curl" in line
    ]
    assert any("Cookie: [redacted:header Cookie]" in text for text in texts)
    assert [text for text in texts if SESSION in text or COOKIE in text] == []
