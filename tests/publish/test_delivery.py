"""`notify` against services over sockets: one that takes it, one that refuses, one that never ends."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import ThreadingHTTPServer

import pytest

from demo.http_handler import Handler
from deploy_verdict.base.errors import NotificationError, UsageError
from deploy_verdict.cli.command import main
from deploy_verdict.model import Deployment, DeploymentObservation, Judged, Subject
from deploy_verdict.plan import read_plan
from deploy_verdict.publish.delivery import _check, without_secrets
from deploy_verdict.publish.sent_notifications import SENT_FILE
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.directory.history import append_to_history
from tests.bundles import T0, loaded
from tests.publish.test_notification import finding, verdict_of
from tests.running import script

SECRET = "planted-5ecret-of-a-test"
PLAN = (
    "version: 1\nname: small\nservice: {base_url: 'http://service.test'}\nrailway: {project: p, service: s}\n"
)
BAD = [finding(actual="<!channel> @here 500")]


class Service(ThreadingHTTPServer):
    """Keeps what it takes; `way` is taken, refused or dripping."""

    daemon_threads = True

    def __init__(self, way):
        super().__init__(("127.0.0.1", 0), Taking)
        self.way, self.messages, self.over = way, [], threading.Event()

    @property
    def address(self):
        return f"json://user:{SECRET}@127.0.0.1:{self.server_address[1]}/{SECRET}?-X={SECRET}"


class Taking(Handler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(500 if self.server.way == "refused" else 200, SECRET)
        if self.server.way == "dripping":
            self.send_header("Content-Length", "100000")
            self.end_headers()
            # Drop by drop, so that no timeout of a single read ends it.
            while not self.server.over.wait(0.2):
                self.wfile.write(b"x")
            return
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def service(way="taken"):
    made = Service(way)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture
def out(tmp_path):
    (tmp_path / "plan.yml").write_text(PLAN)
    return tmp_path / "out"


def judged(out, outcome="critical", findings=(), **more):
    verdict = verdict_of(outcome, findings or BAD, **more)
    write_json(out / "verdict.json", verdict)
    return verdict


def notify(out, address, *more, **variables):
    environment = {"DEPLOY_VERDICT_NOTIFY": address, **variables}
    done = script("notify", "--plan", out.parent / "plan.yml", "--out", out, *more, environment=environment)
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_off_unless_an_address_is_given(out):
    done = notify(out, " \n")
    assert (done.returncode, done.stdout) == (0, "notifications are off: DEPLOY_VERDICT_NOTIFY is not set\n")


def test_a_bad_verdict_is_told_once_for_each_window(out):
    run = {"GITHUB_SERVER_URL": "https://github.test", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
    with service() as one, service() as other:
        addresses = f"{one.address}\n{other.address}"
        judged(out)
        first = notify(out, addresses, **run)
        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout == "sent: deploy-verdict: CRITICAL ISSUES: shop (production)\n"
        again = notify(out, addresses, **run)
        assert again.stdout == "no notification: CRITICAL ISSUES was already sent for this window\n"
    assert len(one.messages) == len(other.messages) == 1
    told = one.messages[0]
    assert (told["title"], told["type"]) == ("deploy-verdict: CRITICAL ISSUES: shop (production)", "failure")
    assert told["message"].splitlines()[1:] == [
        "- P1 health/api — expected: status = 200; found: ‹!\u200bchannel> @\u200bhere 500",
        "https://github.test/o/r/actions/runs/7",
    ]


def test_a_window_that_was_extended_and_holds_is_a_recovery(out):
    with service() as one:
        judged(out, "attention")
        assert notify(out, one.address).returncode == 0
        judged(out, "stable")
        assert notify(out, one.address).stdout.startswith("sent: deploy-verdict: recovered, STABLE")
        assert notify(out, one.address).stdout.startswith("no notification: ")
    assert [message["type"] for message in one.messages] == ["warning", "success"]


def test_stable_is_sent_once_where_the_plan_says_so_and_bad_news_always(out):
    (out.parent / "plan.yml").write_text(PLAN + "notify: {on: [stable]}\n")
    with service() as one:
        judged(out, "stable", [finding("pass")])
        assert notify(out, one.address).stdout == "sent: deploy-verdict: STABLE: shop (production)\n"
        assert notify(out, one.address).stdout.startswith("no notification: STABLE was already sent")
        judged(out)
        assert notify(out, one.address).stdout.startswith("sent: deploy-verdict: CRITICAL")
        # A plan that cannot be read costs no bad news.
        (out.parent / "plan.yml").write_text("version: [")
        judged(out, "attention")
        assert notify(out, one.address).stdout.startswith("sent: deploy-verdict: NEEDS ATTENTION")
    assert len(one.messages) == 3


@pytest.mark.parametrize(
    ("earlier", "own", "told"),
    [
        (("stable", "critical"), None, True),
        (("critical", "stable"), None, False),
        ((), "critical", False),
        ((), None, False),
    ],
    ids=["newest was critical", "newest was stable", "only its own line", "no history"],
)
def test_the_history_says_what_was_before(out, earlier, own, told):
    verdict = judged(out, "stable")
    history = out.parent / "history.jsonl"
    for number, outcome in enumerate(earlier):
        window = verdict.window.model_copy(update={"id": f"w-{number}"})
        append_to_history(
            history, verdict_of(outcome, window=window, judged_at=T0 - timedelta(hours=9 - number))
        )
    append_to_history(history, verdict_of("critical", subject=Subject(target="http://other.test")))
    if own:
        append_to_history(history, verdict_of(own))
    done = notify(out, "", "--dry-run")
    assert ("recovered" in done.stdout) is told, done.stdout


@pytest.mark.parametrize(("outcome", "told"), [("critical", True), ("stable", False), ("superseded", False)])
def test_without_a_history_the_evidence_says_it(out, outcome, told):
    """A runner has no history of its own; the window's first look was told of earlier deployments."""
    judged(out, "stable")
    earlier = (
        Judged(outcome=outcome, judged_at=T0 - timedelta(hours=5)),
        Judged(outcome="critical", judged_at=T0 + timedelta(hours=1)),
    )
    look = DeploymentObservation(
        offset_s=0.0, at=T0, deployment=Deployment(id="d", status="SUCCESS"), judged=earlier
    )
    item = loaded(read_plan(PLAN.encode(), "plan.yml", {}, "2026-02-02"), "deployment", [look])
    write_json(out / "evidence" / item.name, item.evidence)
    assert ("recovered" in notify(out, "", "--dry-run").stdout) is told


def test_previous_is_believed(out):
    judged(out, "stable")
    assert notify(out, "", "--dry-run", "--previous", "inconclusive").stdout.startswith(
        "deploy-verdict: recovered"
    )
    assert notify(out, "", "--dry-run", "--previous", "stable").stdout.startswith("no notification: ")
    assert notify(out, "", "--previous", "green").returncode == 2


def test_one_that_refuses_does_not_silence_the_others(out):
    judged(out)
    with service("refused") as bad, service() as good:
        done = notify(out, f"{bad.address}\nnonsense://{SECRET}\n{good.address}")
    assert done.returncode == 3
    assert done.stderr == (
        "2 of 3 notifications failed: address 1 (JSON) refused it or is unreachable; "
        "address 2 is not an address that Apprise knows\n"
    )
    assert len(good.messages) == 1
    # What not everybody was told is told again by the next run.
    assert not (out / SENT_FILE).exists()


def test_one_that_never_ends_is_left(out):
    """Its answer comes drop by drop: the process that sends would wait for it long after Apprise's limit."""
    judged(out)
    with service("dripping") as slow:
        done = notify(out, slow.address, "--timeout", "1s")
        # It has not ended: we left it.
        assert not slow.over.is_set()
    assert (done.returncode, done.stderr) == (
        3,
        "1 of 1 notification failed: address 1 (JSON) timed out\n",
    )


def test_nobody_there(out):
    judged(out)
    with service() as gone:
        address = gone.address
    assert notify(out, address).returncode == 3


def test_the_process_that_sends_knows_no_other_secret():
    ours = {
        "RAILWAY_TOKEN": "x",
        "DEPLOY_VERDICT_NOTIFY": "x",
        "DEPLOY_VERDICT_DOTENV": "x",
        "GITHUB_TOKEN": "x",
    }
    assert without_secrets({**ours, "HTTPS_PROXY": "p", "HOME": "/h"}) == {"HTTPS_PROXY": "p", "HOME": "/h"}


@pytest.mark.parametrize(
    ("written", "failed", "told"),
    [
        ("", f"Traceback\nKeyError: '{SECRET}'", "the sender ended with KeyError"),
        ("", f"Traceback\n{SECRET}", "the sender ended with exit code 1"),
        ("", "onlyletterssecret", "the sender ended with exit code 1"),
        (f"{SECRET}://x", "", "the sender ended with exit code 1"),
        (f'"{SECRET}"', "", "the sender ended with exit code 1"),
        (f'{{"{SECRET}": 1}}', "", "the sender ended with exit code 1"),
        (f'[["{SECRET}", "", "FAILURE"]]', "", "the sender ended with exit code 1"),
        (f'[[1, "json://{SECRET}", "FAILURE"]]', "", "address 1 refused it"),
        (f'[[1, "JSON", "{SECRET}"]]', "", "address 1 (JSON) was not notified"),
    ],
)
def test_whatever_the_process_that_sends_leaves_no_address_comes_through(written, failed, told):
    left = f"import sys; print({written!r}); print({failed!r}, file=sys.stderr); sys.exit(1)"
    done = subprocess.run([sys.executable, "-c", left], capture_output=True, text=True)
    with pytest.raises(NotificationError) as raised:
        _check(done, 1)
    assert told in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "onlyletters" not in str(raised.value)


@pytest.mark.parametrize("way", ["taken", "refused", "dripping"])
@pytest.mark.parametrize("place", ["environment", "file"])
def test_no_part_of_an_address_comes_out_anywhere(out, way, place):
    """A token in the path of an address, echoed in a finding: not in the message, the output or a file."""
    judged(out, findings=[finding(actual=f"the log says {SECRET[:14]}-path-token and {SECRET}")])
    with service(way) as one:
        address = (
            f"json://user:{SECRET}@127.0.0.1:{one.server_address[1]}/{SECRET[:14]}-path-token?-X={SECRET}"
        )
        variables = {"DEPLOY_VERDICT_NOTIFY": address}
        if place == "file":
            (out.parent / ".env").write_text(f"DEPLOY_VERDICT_NOTIFY='{address}'\n")
            variables = {}
        done = script("notify", "--plan", out.parent / "plan.yml", "--out", out, "--timeout", "2s",
                      environment=variables)  # fmt: skip
    assert done.returncode == (0 if way == "taken" else 3)
    told = done.stdout + done.stderr + json.dumps(one.messages)
    told += "".join(
        path.read_text() for path in out.rglob("*") if path.is_file() and path.name != "verdict.json"
    )
    assert SECRET[:14] not in told
    assert "[redacted:" in json.dumps(one.messages)


def test_nothing_of_the_working_directory_is_imported(out, tmp_path):
    judged(out)
    module = tmp_path / "apprise.py"
    module.write_text("raise SystemExit('the working directory was imported')")
    with service() as one:
        done = script("notify", "--plan", out.parent / "plan.yml", "--out", out, cwd=tmp_path,
                      environment={"DEPLOY_VERDICT_NOTIFY": one.address})  # fmt: skip
    assert (done.returncode, len(one.messages)) == (0, 1), done.stderr


def test_a_secret_of_ours_in_a_finding_is_not_told(out):
    judged(out, findings=[finding(actual=f"token {SECRET}")])
    with service() as one:
        assert notify(out, one.address, RAILWAY_TOKEN=SECRET).returncode == 0
    assert SECRET not in json.dumps(one.messages[0]["message"])
    assert "[redacted:RAILWAY_TOKEN]" in one.messages[0]["message"]


def test_without_a_verdict_it_says_what_to_run(out):
    done = notify(out, "json://127.0.0.1:1")
    assert done.returncode == 2
    assert "run deploy-verdict judge first" in done.stderr


def test_an_installation_without_the_extra_says_which_one_is_missing(out, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("DEPLOY_VERDICT_NOTIFY", "json://127.0.0.1")
    with pytest.raises(UsageError, match=r"install deploy-verdict\[notify\]"):
        main(["notify", "--plan", str(out.parent / "plan.yml"), "--out", str(out)])
