"""`review`: a draft from the window's evidence, one issue for a window, and people's edits that stay."""

import re

import pytest

from demo.github.hub import Hub
from demo.github.markdown import html_of
from demo.github.serving import REPOSITORY, TOKEN, github
from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.cli.command import main
from deploy_verdict.plan import read_plan
from deploy_verdict.publish.sent_notifications import keep_sent
from deploy_verdict.window.directory.session import read_window
from deploy_verdict.window.judge_directory import read_verdict
from tests.bundles import http
from tests.github.windows import POOLS, keep, opened, take
from tests.github.windows import window as judged_window
from tests.running import script

HOSTILE = "<script>alert(1)</script> @everyone | `x` <!-- deploy-verdict:x --> #1"


@pytest.fixture
def hub():
    made = Hub()
    yield made
    assert made.mistakes == []


@pytest.fixture
def out(tmp_path):
    text = POOLS.replace("length: 2h", "length: 1m").replace("15m", "1m")
    text = text.split("pools:")[0] + "github: {notify: [octocat]}\n"
    _, out = judged_window(tmp_path, text=text, status=500)
    (out / "plan.yml").write_text(text)
    return out


@pytest.fixture
def run(hub, monkeypatch):
    with github(hub) as url:
        for name, text in {"API_URL": url, "REPOSITORY": REPOSITORY, "TOKEN": TOKEN}.items():
            monkeypatch.setenv(f"GITHUB_{name}", text)
        yield lambda *arguments: main(["review", *map(str, arguments)])


def test_the_draft_tells_what_when_and_by_which_check_and_asks_what_is_open(out, capsys):
    keep_sent(out, read_verdict(out), ["slack://x"])
    assert main(["review", str(out)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Post-incident review: zeues-backend in production, 2026-02-02\n")
    for part in (
        "❌ **CRITICAL ISSUES**",
        "| T+0      | the window opened",
        "people were notified of CRITICAL ISSUES",
        "judged CRITICAL ISSUES",
        "| `health/api/status`",
        "1. **P1** ",
        "- [ ] What is missing in the plan",
        "cc @octocat",
    ):
        assert part in text, text
    assert "rehearsal" not in text


def test_one_issue_that_a_second_run_brings_up_to_date(out, hub, run, capsys):
    assert run(out, "--open") == 0
    (number,) = hub.issues
    assert hub.issues[number]["labels"] == ["deploy-verdict"]
    first = hub.issues[number]["body"]
    assert run(out, "--open") == 0
    assert (list(hub.issues), hub.issues[number]["body"]) == ([number], first)
    keep_sent(out, read_verdict(out), ["slack://x"])
    assert run(out, "--open") == 0
    assert "people were notified" in hub.issues[number]["body"]
    assert len(set(capsys.readouterr().out.split())) == 1


def test_what_somebody_edited_stays_unless_it_is_to_be_replaced(out, hub, run, capsys):
    run(out, "--open")
    (row,) = hub.issues.values()
    row["body"] = edited = row["body"].replace("- [ ]", "- [x]", 1).replace("\n", "\r\n")
    keep_sent(out, read_verdict(out), ["slack://x"])
    assert run(out, "--open") == 0
    assert row["body"] == edited
    assert "somebody has edited its text" in capsys.readouterr().err
    assert run(out, "--open", "--replace") == 0
    assert "people were notified" in row["body"]
    assert "- [x]" not in row["body"]


def test_an_issue_by_another_author_is_not_opened_twice(out, hub, run):
    hub.author = "octocat"
    run(out, "--open", "--author", "octocat")
    with pytest.raises(UsageError, match="add --author octocat"):
        run(out, "--open")
    assert len(hub.issues) == 1


def test_the_token_needs_issues_alone_and_says_so_where_it_lacks_it(out, hub, run):
    hub.switches.forbidden = frozenset({"statuses", "actions", "contents", "administration", "deployments"})
    assert run(out, "--open") == 0
    hub.issues.clear()
    hub.switches.forbidden = frozenset({"issues"})
    with pytest.raises(ProviderError, match="issues: write"):
        run(out, "--open")


def test_text_of_the_service_is_harmless_in_the_issue(tmp_path, hub, run):
    text = POOLS.split("pools:")[0].replace("length: 2h", "length: 1m").replace("15m", "1m")
    text = text.replace("{status: 200}", '{status: 200, $.state: "fine"}')
    base, out = opened(tmp_path, text)
    (out / "plan.yml").write_text(text)
    plan, file = read_plan(text.encode(), "plan.yml", {}, "2026-02-02"), read_window(out)
    for offset_s in (0.0, 60.0):
        take(out, plan, file, offset_s, "a" * 40)
        keep(out, plan, file, "health", http("api", {"state": HOSTILE}, offset_s=offset_s), offset_s)
    assert script("judge_evidence", *base).returncode == 11
    assert run(out, "--open") == 0
    (row,) = hub.issues.values()
    body = row["body"].split("\n", 2)[2]
    assert "alert" in body
    assert "<!--" not in body
    page = html_of(body)
    assert "<script" not in page
    assert "@everyone" not in re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)


def test_an_incident_whose_evidence_is_lost_is_reviewed_all_the_same(out, capsys):
    for path in (out / "evidence").iterdir():
        path.unlink()
    assert main(["review", str(out)]) == 0
    assert "❌ **CRITICAL ISSUES**" in capsys.readouterr().out
