"""The scripts as a person runs them: bad input gives one clear message, and nothing is lost."""

import json
import signal
import subprocess

import pytest

from tests.running import ROOT, command, script, scrubbed
from tests.servers import answers, raw_server

PLAN = """\
version: 1
name: small
service: {base_url: "${TARGET_URL:-http://127.0.0.1:9}", timeout: 2s}
window: {length: 2h, sample_every: 30m}
health: [{name: api, get: /api, expect: {status: 200, $.ok: true}}]
pools: [{name: p, get: /pool, used: $.used, limit: $.limit, burst: {for: 3s, every: 1s}, beside: [api]}]
criteria: [{name: API, target: up, findings: [health/api], actual: health/api/$.ok}]
"""
OFFSETS = ("000", "030", "060", "090", "120")


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text(PLAN)
    return path


def service(changing=True):
    """A service whose gauge moves with every answer."""
    count = iter(range(10**9))

    def converse(connection, head, stop):
        while head:
            used = 3 + next(count) % 3 if changing else 3
            body = json.dumps({"ok": True, "used": used, "limit": 20}).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            head = connection.recv(65536)

    return raw_server(converse)


def test_a_whole_window_in_one_process(plan, tmp_path):
    out = tmp_path / "out"
    with service() as url:
        done = script("watch_deployment", "--plan", plan, "--target", url, "--out", out, "--speed", 600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"STABLE  {out}/POST-DEPLOYMENT-MONITORING-REPORT.md\n"
    names = {path.name for path in (out / "evidence").iterdir()}
    assert {name for name in names if not name.startswith("heartbeat.")} == {
        f"{stage}.T+{offset}.a1.json" for stage in ("health", "pools") for offset in OFFSETS
    }
    assert len(names) > 2 * len(OFFSETS)
    assert json.loads((out / "verdict.json").read_text())["outcome"] == "stable"
    assert (out / "comment.md").exists()
    opened_by = tmp_path / "browser"
    opened_by.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    opened_by.chmod(0o755)
    shown = script("report", "--out", out, "--open", environment={"BROWSER": f"{opened_by} %s"})
    assert (shown.returncode, shown.stderr) == (0, "")
    assert (tmp_path / "opened").read_text() == f"{(out / 'report.html').as_uri()}\n"


def test_a_window_of_another_length_than_the_plans(plan, tmp_path):
    out = tmp_path / "out"
    with service() as url:
        done = script("watch_deployment", "--plan", plan, "--target", url, "--out", out, "--speed", 7200,
                      "--length", "20m")  # fmt: skip
    assert "for 20 min" in done.stderr
    pools = sorted(path.name for path in (out / "evidence").glob("pools.*"))
    assert pools == ["pools.T+000.a1.json", "pools.T+020.a1.json"]
    assert json.loads((out / "window.json").read_text())["window"]["length_s"] == 1200


def test_a_window_without_any_length_is_wrong_usage(plan, tmp_path):
    done = script("watch_deployment", "--plan", plan, "--out", tmp_path / "out", "--length", "0m")
    assert done.returncode == 2
    assert "a window needs some length, such as 30m" in done.stderr
    assert not (tmp_path / "out").exists()


def test_step_by_step_gives_the_same_verdict(plan, tmp_path):
    out = tmp_path / "out"
    with service() as url:
        common = ("--plan", plan, "--target", url, "--out", out)
        opened = script("open", *common, "--speed", 600)
        assert json.loads(opened.stdout)["window"]["speed"] == 600
        for offset in OFFSETS:
            for name in ("check_health", "sample_pools"):
                done = script(name, *common, "--offset", f"{int(offset)}m")
                assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done.stderr
        again = script("sample_pools", *common)
        assert again.stdout == ""
        assert again.stderr.count("already taken") == 5
        judged = script("judge_evidence", "--plan", plan, "--target", url, "--out", out)
        assert (judged.returncode, judged.stdout) == (0, "STABLE\n")
        rendered = script("render_report", "--plan", plan, "--target", url, "--out", out)
        assert rendered.returncode == 0
    assert "# Post-Deployment Monitoring Report" in (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()


def test_the_exit_code_is_the_verdicts(plan, tmp_path):
    with raw_server(answers("500 Internal Server Error", b"{}")) as url:
        bad = script(
            "watch_deployment", "--plan", plan, "--target", url, "--out", tmp_path / "a", "--speed", 100000
        )
    assert (bad.returncode, bad.stdout.split()[0]) == (11, "CRITICAL")
    with service(changing=False) as url:
        dead = script(
            "watch_deployment", "--plan", plan, "--target", url, "--out", tmp_path / "b", "--speed", 100000
        )
    assert (dead.returncode, dead.stdout.split()[0]) == (12, "INCONCLUSIVE")


def test_stopped_it_reports_what_it_saw_and_goes_on_later(plan, tmp_path):
    out = tmp_path / "out"
    with service() as url:
        arguments = ("--plan", plan, "--target", url, "--out", out, "--speed", 720)
        process = subprocess.Popen(
            command("watch_deployment", *arguments),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=scrubbed(),
        )  # fmt: skip
        # The line about the pool comes once the first sample is taken.
        assert any("p T+0min: 3 of 3 readings" in line for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
        assert process.returncode == 12
        assert stdout.startswith("INCONCLUSIVE")
        first = sorted(path.name for path in (out / "evidence").iterdir())
        before = {name: (out / "evidence" / name).read_bytes() for name in first}
        again = script("watch_deployment", *arguments)
    assert again.returncode == 0, again.stderr
    after = sorted(path.name for path in (out / "evidence").iterdir())
    ours = [name for name in after if name.endswith("a1.json") and not name.startswith("heartbeat.")]
    assert ours == [f"{stage}.T+{offset}.a1.json" for stage in ("health", "pools") for offset in OFFSETS]
    for name, data in before.items():
        assert (out / "evidence" / name).read_bytes() == data, "what was taken is not taken again"


def test_killed_at_once_what_failed_is_still_known_later(plan, tmp_path):
    """The first check meets a 500, kill -9 comes with the next request, and the second run sees no error."""
    out, seen, processes = tmp_path / "out", [], []

    def converse(connection, head, stop):
        seen.append(head)
        if len(seen) == 2:
            processes[0].kill()
            return
        status = "500 Internal Server Error" if len(seen) == 1 else "200 OK"
        body = json.dumps({"ok": True, "used": 3 + len(seen) % 3, "limit": 20}).encode()
        answers(status, body)(connection, head, stop)

    with raw_server(converse) as url:
        arguments = ("--plan", plan, "--target", url, "--out", out, "--speed", 7200)
        processes.append(subprocess.Popen(command("watch_deployment", *arguments), env=scrubbed()))
        assert processes[0].wait(timeout=60) == -signal.SIGKILL
        again = script("watch_deployment", *arguments)
    assert again.returncode == 11, again.stdout
    report = (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    assert "found: 500" in report


def test_a_finished_window_is_not_written_over(plan, tmp_path):
    out = tmp_path / "out"
    with service() as url:
        arguments = ("--plan", plan, "--target", url, "--out", out, "--speed", 100000)
        script("watch_deployment", *arguments)
        before = (out / "verdict.json").read_bytes()
        again = script("watch_deployment", *arguments)
    assert again.returncode == 2
    assert "holds a finished window — choose another --out" in again.stderr
    assert (out / "verdict.json").read_bytes() == before


BAD_PLANS = {
    "missing": (None, "no such file"),
    "empty": (b"", "the file is empty"),
    "binary": (b"\x7fELF\0\1\2", "binary"),
    "large": (b"a: b\n" * 300_000, "a plan has at most"),
    "wrong": (b"version: 1\nname: x\nservise: {}\n", "plan.yml:3:1: unknown key 'servise'"),
}


@pytest.mark.parametrize("name", BAD_PLANS)
@pytest.mark.parametrize("which", ["check_plan", "watch_deployment"])
def test_a_bad_plan_is_one_message_and_exit_2(name, which, tmp_path):
    data, message = BAD_PLANS[name]
    path = tmp_path / "plan.yml"
    if data is not None:
        path.write_bytes(data)
    arguments = [path] if which == "check_plan" else ["--plan", path, "--out", tmp_path / "out"]
    done = script(which, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plan", "."], ". is a directory"),
        (["--speed", "0"], "'0' is not a speed"),
        (["--speed", "nan"], "is not a speed"),
        (["--target", "ftp://x"], "--target 'ftp://x' is not an address — write one such as https://"),
        (
            ["--without", "pool"],
            "no such stage — known: deployment, health, heartbeat, e2e, pools, exercise, floor, top_up, logs",
        ),
        (["--without", "health", "--without", "heartbeat", "--without", "pools"], "leaves out every stage"),
        (["--out", "/dev/null"], "/dev/null"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_2(arguments, message, plan, tmp_path):
    done = script("watch_deployment", "--plan", plan, "--out", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def collected(plan, out):
    """A directory with the evidence of a good window."""
    with service() as url:
        script("watch_deployment", "--plan", plan, "--target", url, "--out", out, "--speed", 100000)
    return url


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: data[: len(data) // 2], "it is not complete JSON"),
        (lambda data: b"", "it is not complete JSON"),
        (lambda data: b"[]", "its schema is None"),
        (lambda data: b"\xff\xfe\x00", "it is not complete JSON"),
        (
            lambda data: data.replace(b"evidence/1", b"evidence/9"),
            "its schema is 'deploy-verdict/evidence/9'",
        ),
        (lambda data: data.replace(b'"offset_s": 0.0', b'"offset_s": NaN'), "offset_s"),
        (lambda data: data.replace(b'"plan_sha256": "', b'"plan_sha256": "0'), "another version of the plan"),
    ],
    ids=["cut", "empty", "list", "binary", "newer schema", "nan", "other plan"],
)
def test_damaged_evidence_is_inconclusive_and_the_report_still_comes(damage, told, plan, tmp_path):
    out = tmp_path / "out"
    url = collected(plan, out)
    path = out / "evidence" / "pools.T+000.a1.json"
    path.write_bytes(damage(path.read_bytes()))
    judged = script("judge_evidence", "--plan", plan, "--target", url, "--out", out, "--json")
    assert judged.returncode == 12, judged.stderr
    assert told in judged.stdout
    rendered = script("render_report", "--plan", plan, "--target", url, "--out", out)
    assert rendered.returncode == 0, rendered.stderr
    assert "INCONCLUSIVE" in (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()


def test_no_report_shows_a_verdict_whose_evidence_has_gone(plan, tmp_path):
    out = tmp_path / "out"
    url = collected(plan, out)
    common = ("--plan", plan, "--target", url, "--out", out)
    judged = script("judge_evidence", *common)
    (out / "evidence" / "health.T+000.a1.json").unlink()
    for verb, *more in (("render_report",), ("publish_report", "--dry-run")):
        done = script(verb, *common, *more)
        assert (done.returncode, done.stdout) == (3, "")
        shown = judged.stdout.strip()
        assert f"says {shown}, but its evidence has gone: health.T+000.a1.json and 1 more" in done.stderr
    assert not (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").exists()
    script("judge_evidence", *common)
    assert script("render_report", *common).returncode == 0


def test_judging_needs_a_window(plan, tmp_path):
    done = script("judge_evidence", "--plan", plan, "--out", tmp_path)
    assert done.returncode == 2
    assert "run deploy-verdict open first" in done.stderr


def test_another_plan_does_not_go_on_with_this_window(plan, tmp_path):
    out = tmp_path / "out"
    url = collected(plan, out)
    plan.write_text(PLAN.replace("length: 2h", "length: 3h"))
    done = script("sample_pools", "--plan", plan, "--target", url, "--out", out)
    assert done.returncode == 2
    assert "the plan has changed since this window was opened" in done.stderr


def test_a_dotenv_file_fills_what_is_not_set(plan, tmp_path):
    (tmp_path / ".env").write_text("TARGET_URL=http://from-dotenv.test\n")
    assert "http://from-dotenv.test" in script("check_plan", plan).stdout
    set_ = script("check_plan", plan, environment={"TARGET_URL": "http://really-set.test"})
    assert "http://really-set.test" in set_.stdout


def test_check_plan_counts_before_anything_is_done():
    done = script("check_plan", "plans/zeues.yml", "--json", cwd=ROOT)
    counts = json.loads(done.stdout)
    assert counts["samples"] == 9
    assert counts["tests"] == 8
    # Five checks, three that read again at eight samples; three looks at a claim's document, one at a claim's
    # check, and eighteen while they wait.
    assert counts["requests"]["health"] == 5 + 3 * 8 + 3 + 1 + 18
    # A burst and three checks beside it at nine samples; ten readings in each minute in between.
    assert counts["requests"]["pools"] == 9 * (30 + 3) + (120 - 8) * 10
    # At most sixty rounds of six, twice; the gauge is read before each, up to twelve times in it, and after.
    assert counts["requests"]["exercise"] == 60 * 6 * 2 + 60 * (1 + 2 * 12)
    assert counts["total_requests"] == sum(counts["requests"].values())
