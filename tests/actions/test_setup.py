"""A repository prepared by `setup-github`, on a GitHub that answers after GitHub's own description."""

import json
import re
from contextlib import contextmanager

import pytest

from demo.github.hub import Hub
from demo.github.serving import REPOSITORY, TOKEN, github
from demo.github.switches import Switches
from deploy_verdict.actions.jobs.wait_timers import ROLLBACK_ENVIRONMENT, chosen_environment
from deploy_verdict.actions.repository.setup_requirements import by_hand, wanted_environments
from deploy_verdict.follow_up.policy import grown_layout
from deploy_verdict.plan import laid_out, own_layout, read_plan
from deploy_verdict.window.sampling.schedule import offsets_of
from tests.running import ROOT, script

PLAN = """
version: 1
name: small
service: {base_url: "http://service.test"}
window: {length: 30m, sample_every: 15m}
pools: [{name: p, get: /, used: $.a, limit: $.b}]
escalation: {tail_checks: [6h]}
"""
TIMERS = {"verify-now": 0, "verify-t015": 14, "verify-t030": 29, "verify-t300": 299, "verify-t330": 329}
LABELS = [
    "deploy-verdict",
    *(f"verdict small: {word}" for word in ("stable", "inconclusive", "attention", "critical")),
]


@pytest.fixture
def hub():
    made = Hub()
    yield made
    assert made.mistakes == []


@contextmanager
def setup(hub, tmp_path, plan=PLAN):
    """How to run `setup-github` against the hub: exit code, standard output."""
    path = tmp_path / "plan.yml"
    path.write_text(plan)
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

        def call(*more, **variables):
            done = script("setup-github", "--plan", path, *more, environment={**environment, **variables})
            assert "Traceback" not in done.stderr
            return done

        yield call


def once(hub, tmp_path, *more, plan=PLAN):
    with setup(hub, tmp_path, plan) as call:
        return call(*more)


def lines(done, kind):
    return [line for line in done.stdout.splitlines() if line.startswith(f"{kind}: ")]


def writes(hub):
    return [request for request in hub.requests if request[0] != "GET"]


def test_everything_is_created_once(tmp_path, hub):
    with setup(hub, tmp_path) as call:
        first = call()
        assert first.returncode == 0, first.stderr + first.stdout
        assert len(lines(first, "set")) == len(TIMERS) + len(LABELS) == len(writes(hub))
        again = call()
        checked = call("--check")
    assert (again.returncode, checked.returncode) == (0, 0)
    assert len(writes(hub)) == len(TIMERS) + len(LABELS)
    assert {name: row["wait_timer"] or 0 for name, row in hub.environments.items()} == TIMERS
    assert list(hub.labels) == LABELS
    assert all(
        re.fullmatch("[0-9a-f]{6}", row["color"]) and row["description"] for row in hub.labels.values()
    )


def test_check_changes_nothing_and_tells_each_gap(tmp_path, hub):
    hub.add_environment("verify-now")
    hub.add_environment("verify-t015", wait_timer=15)
    hub.add_environment("verify-t030", wait_timer=29, reviewers=("somebody",))
    hub.add_environment("verify-t300", wait_timer=299)
    hub.environments["verify-t300"]["deployment_branch_policy"] = {
        "protected_branches": True, "custom_branch_policies": False}  # fmt: skip
    for label in LABELS[1:]:
        hub.add_label(label)
    done = once(hub, tmp_path, "--check")
    assert done.returncode == 12
    assert writes(hub) == []
    assert lines(done, "missing") == ["missing: environment verify-t330", "missing: label deploy-verdict"]
    assert lines(done, "differs")[:4] == [
        "differs: environment verify-t015: wait timer is 15, should be 14",
        "differs: environment verify-t030: required reviewers is User 1, should be none",
        "differs: environment verify-t300: branch policy is some branches only, should be none",
        "differs: label verdict small: stable: colour is ededed, should be 2da44e",
    ]


def test_what_differs_is_corrected(tmp_path, hub):
    hub.add_environment("verify-t015", wait_timer=90, reviewers=("somebody",))
    hub.add_label("Verdict Small: Stable", color="0E8A16", description="Mine")
    done = once(hub, tmp_path)
    assert done.returncode == 0, done.stdout
    assert (hub.environments["verify-t015"]["wait_timer"], hub.environments["verify-t015"]["reviewers"]) == (
        14,
        [],
    )
    assert hub.label("verdict small: stable")["name"] == "verdict small: stable"
    assert "All checks passed" in hub.label("verdict small: stable")["description"]


def test_without_a_reviewer_no_environment_for_the_rollback(tmp_path, hub):
    done = once(hub, tmp_path)
    assert done.returncode == 0
    assert ROLLBACK_ENVIRONMENT not in hub.environments
    assert (
        f"note: environment {ROLLBACK_ENVIRONMENT} does not exist: it is created only with --reviewer"
        in done.stdout
    )


def test_a_plan_that_allows_a_rollback_misses_its_reviewer(tmp_path, hub):
    plan = PLAN.replace("tail_checks", "rollback: true, tail_checks")
    done = once(hub, tmp_path, plan=plan)
    assert done.returncode == 12
    assert lines(done, "missing")[0].endswith("give --reviewer LOGIN, who may approve it")
    assert ROLLBACK_ENVIRONMENT not in hub.environments


def test_an_environment_that_lets_everybody_roll_back_is_told(tmp_path, hub):
    hub.add_environment(ROLLBACK_ENVIRONMENT)
    done = once(hub, tmp_path)
    assert done.returncode == 12
    assert lines(done, "differs") == [
        f"differs: environment {ROLLBACK_ENVIRONMENT}: required reviewers is none — give --reviewer LOGIN"
    ]


def test_reviewers_by_login_and_by_id(tmp_path, hub):
    with setup(hub, tmp_path) as call:
        assert call("--reviewer", "alice", "--reviewer-id", "7").returncode == 0
        assert call("--check", "--reviewer-id", "1", "--reviewer-id", "7").returncode == 0
        assert call("--check").returncode == 0
        other = call("--check", "--reviewer-id", "8")
    people = hub.environments[ROLLBACK_ENVIRONMENT]["reviewers"]
    assert people == [{"type": "User", "id": 1}, {"type": "User", "id": 7}]
    assert other.returncode == 12
    assert "required reviewers is User 1, User 7, should be User 8" in other.stdout


def test_a_reviewer_who_cannot_read_is_refused(tmp_path, hub):
    hub.permissions["mallory"] = "none"
    done = once(hub, tmp_path, "--reviewer", "mallory")
    assert (done.returncode, writes(hub)) == (2, [])
    assert "mallory: cannot read" in done.stderr
    many = [word for identity in range(7) for word in ("--reviewer-id", identity)]
    assert once(hub, tmp_path, *many).returncode == 2


def test_a_private_repository_has_no_timers_and_is_told_what_to_do_instead(tmp_path, hub):
    hub.private = True
    done = once(hub, tmp_path, "--reviewer-id", "7")
    assert done.returncode == 0
    assert hub.environments == {}
    assert list(hub.labels) == LABELS
    note = lines(done, "note")[0]
    assert note.startswith("note: this repository is private, so no environment was set up")
    assert "window.mode: single" in note


def test_what_a_private_window_of_two_hours_costs(tmp_path, hub):
    """The figures of one long job: about two hours each time, sixteen windows in GitHub Free's minutes."""
    hub.private = True
    done = once(hub, tmp_path, plan=PLAN.replace("30m", "2h"))
    assert "about 123 billed minutes ($0.74) each time, 16 windows in the 2,000" in done.stdout


@pytest.mark.parametrize(("visibility", "more"), [("private", ["--enterprise"]), ("internal", [])])
def test_with_enterprise_a_private_repository_has_timers(tmp_path, hub, visibility, more):
    hub.private, hub.visibility = True, visibility
    assert once(hub, tmp_path, *more).returncode == 0
    assert set(hub.environments) == set(TIMERS)


def test_rules_that_github_takes_and_ignores_are_noticed(tmp_path):
    """In a private repository without Enterprise: what was set is read again."""

    class Ignoring(Hub):
        def add_environment(self, name, wait_timer=None, reviewers=()):
            return super().add_environment(name)

    hub = Ignoring(private=True)
    done = once(hub, tmp_path, "--enterprise")
    assert done.returncode == 12
    assert "differs: environment verify-t015: wait timer is 0, should be 14" in done.stdout


def test_a_token_without_administration_is_told(tmp_path, hub):
    hub.switches.forbidden = {"administration"}
    done = once(hub, tmp_path)
    assert done.returncode == 3
    assert "the token may lack administration: write" in done.stderr
    with setup(hub, tmp_path) as call:
        assert call("--check", GITHUB_TOKEN="wrong-token-of-a-test").returncode == 3
        unset = call("--check", GITHUB_TOKEN="")
    assert (unset.returncode, "it needs administration: write" in unset.stderr) == (2, True)


def test_an_answer_that_is_lost_costs_nothing(tmp_path):
    hub = Hub(switches=Switches(lost_answers=2, bad_gateways=1))
    for name, timer in TIMERS.items():
        hub.add_environment(name, wait_timer=timer or None)
    done = once(hub, tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(hub.labels) == LABELS


def test_the_environments_are_read_through_all_pages(tmp_path, hub):
    for number in range(120):
        hub.add_environment(f"other-{number}", wait_timer=5)
    for name, timer in TIMERS.items():
        hub.add_environment(name, wait_timer=timer or None)
    assert not [line for line in lines(once(hub, tmp_path, "--check"), "missing") if "environment" in line]


def test_json_tells_the_same(tmp_path, hub):
    done = once(hub, tmp_path, "--check", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["repository"]) == (12, False, REPOSITORY)
    assert told["missing"][0] == "environment verify-now"
    assert told["by_hand"]


@pytest.mark.parametrize("gate_s", [0, 50, 110])
def test_each_look_of_the_real_plan_finds_its_timer(gate_s):
    """Through the window, its extension, and the tails after either: no look is late, none sleeps long."""
    data = (ROOT / "plans" / "zeues.yml").read_bytes()
    plan = read_plan(data, "zeues.yml", {"RAILWAY_PROJECT_ID": "p", "RAILWAY_SERVICE_ID": "s"}, "2026-02-02")
    known = {item.name: item.timer_min for item in wanted_environments(plan, frozenset())}
    for kinds in (("tail", "tail"), ("extension", "tail", "tail")):
        layout, begun_s = own_layout(plan), 0.0
        for kind in (None, *kinds):
            layout = grown_layout(plan, layout, kind) if kind else layout
            coming = [item for item in offsets_of(laid_out(plan, layout), dense=False) if item > begun_s]
            for offset_s in coming:
                remaining_s = offset_s - begun_s - gate_s
                rest_s = remaining_s - known[chosen_environment(remaining_s, known)] * 60
                assert -120 <= rest_s <= 60, (kind, offset_s)
            begun_s = coming[-1]


def test_what_is_asked_of_a_person_is_what_the_workflow_reads():
    workflow = (ROOT / ".github" / "workflows" / "post-deploy.yml").read_text()
    plan = read_plan(
        PLAN.replace("window:", "railway: {project: p, service: s}\nwindow:").encode(), "p", {}, "x"
    )
    named = re.findall(
        r"(variable|secret)s? ([A-Z_]+)(?: and ([A-Z_]+))?", "\n".join(by_hand(plan, "deploy/p.yml"))
    )
    assert len(named) == 4
    for kind, *names in named:
        for name in filter(None, names):
            assert f"{'vars' if kind == 'variable' else 'secrets'}.{name}" in workflow
