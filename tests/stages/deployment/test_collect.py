"""The deployment stage's looks: which deployment is meant, and everything that was told of it."""

import pytest

from deploy_verdict.base.clock import Stop
from deploy_verdict.model import Fault, Judged, Subject, Whose
from deploy_verdict.railway import RailwayError
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.deployment.collect import collect_deployment, wait_for_deployment
from deploy_verdict.stages.deployment.state import KNOWN, before
from tests.bundles import T0
from tests.stages.platform import PLACE, context_on, listed, row, service


def railway(rows, active=None, **more):
    """A platform with these deployments, the newest first."""

    def answers(operation, variables):
        if operation in more:
            return more[operation]
        if operation == "deployment":
            found = [item for item in rows if item["id"] == variables["id"]]
            return {"deployment": found[0]} if found else ["Deployment not found"]
        return {
            "deployments": {"deployments": listed(*rows)},
            "active": {"serviceInstance": service(*(rows[:1] if active is None else active))},
            "settings": {"serviceInstance": service()},
            "skipped": {"deployments": listed(*(item for item in rows if item["status"] == "SKIPPED"))},
            "steps": {
                "deploymentEvents": listed({"step": "BUILD_IMAGE", "createdAt": None, "payload": None})
            },
            "build_log": {"buildLogs": []},
            "deploy_log": {"deploymentLogs": []},
        }[operation]

    return answers


def asked(commit=None, deployment=None):
    return Subject(target="http://service.test", commit=commit, deployment=deployment)


def seen(answers, offset_s=0.0, **more):
    with context_on(answers, **more) as context:
        return collect_deployment(context, offset_s)[0]


@pytest.mark.parametrize("status", [*KNOWN, "A_NEW_ONE"])
def test_every_status_is_kept_as_the_word_that_came(status):
    assert seen(railway([row(status=status)]), subject=asked(deployment="d1")).deployment.status == status


def test_by_its_id():
    found = seen(railway([row("d2"), row("d1")]), subject=asked(deployment="d1"))
    assert (found.deployment.id, found.found_by) == ("d1", "deployment")


def test_an_id_of_another_service_is_refused():
    other = row("d9", serviceId="another")
    found = seen(railway([other]), subject=asked(deployment="d9"))
    assert found.fault.whose is Whose.US
    assert "another service" in found.fault.detail


def test_by_its_commit_what_was_skipped_or_removed_comes_last():
    rows = [
        row("d4", commit="1234567aaaa"),
        row("d3", "SKIPPED"),
        row("d2", "REMOVED"),
        row("d1", createdAt="2026-02-02T10:00:00Z"),
    ]
    found = seen(railway(rows), subject=asked(commit="F0EC7B5"))
    assert (found.deployment.id, found.found_by, found.candidates) == ("d1", "commit", 2)


def test_the_newest_that_deployed_anything():
    rows = [row("d2", "SKIPPED", createdAt="2026-02-02T12:00:00Z"), row("d1")]
    found = seen(railway(rows))
    assert (found.deployment.id, found.found_by) == ("d1", "newest")


def test_no_deployment_of_a_commit_is_told():
    found = seen(railway([row()]), subject=asked(commit="abcdef1"))
    assert (found.deployment, found.fault, found.candidates) == (None, None, 0)


@pytest.mark.parametrize("meta", [None, {}, [], "x", {"commitHash": None}, {"commitHash": 5}])
def test_without_a_commit_none_is_made_up(meta):
    assert seen(railway([row(meta=meta)])).deployment.commit is None


def test_an_image_is_told():
    found = seen(railway([row(meta={"image": "ghcr.io/x/y:1"})])).deployment
    assert (found.commit, found.image) == (None, "ghcr.io/x/y:1")


def test_the_first_look_knows_the_past_and_later_ones_do_not_ask():
    judged = (Judged(deployment="d0", outcome="stable", judged_at=T0),)
    first = seen(railway([row("d2"), row("d1")]), judged=judged, waited_s=12.0)
    assert [item.id for item in first.recent] == ["d2", "d1"]
    assert (first.recent_whole, first.judged, first.waited_s) == (True, judged, 12.0)
    assert [step.step for step in first.steps] == ["BUILD_IMAGE"]
    later = seen(railway([row("d2")]), 900.0, judged=judged)
    assert (later.recent, later.judged, later.steps) == ((), (), ())
    assert [item.id for item in seen(railway([row("d2")]), 1800.0).recent] == ["d2"]


def logged(message):
    return {"timestamp": "x", "message": message, "severity": None, "attributes": [], "tags": None}


def test_a_failed_build_brings_its_error_lines_without_secrets():
    lines = [logged("fetching"), logged("ERROR: no redis, key s3cret-value")]
    answers = railway([row(status="FAILED")], active=[], build_log={"buildLogs": lines})
    found = seen(answers, redactor=Redactor({"API_KEY": "s3cret-value"}))
    assert [line.text for line in found.build_errors] == ["ERROR: no redis, key [redacted:API_KEY]"]


def test_where_no_line_looks_like_an_error_the_last_ones_are_kept():
    lines = [logged(f"step {number}") for number in range(30)]
    found = seen(railway([row(status="CRASHED")], active=[], deploy_log={"deploymentLogs": lines}))
    assert [line.text for line in found.deploy_errors] == [f"step {n}" for n in range(20, 30)]


@pytest.mark.parametrize(
    "answer", [["Not Authorized"], (403, b"<html>"), (200, b"<html>"), (429, b""), (500, b"")]
)
def test_trouble_is_the_looks_fault_and_never_raised(answer):
    found = seen(lambda operation, variables: answer)
    assert found.fault.whose is Whose.PROVIDER
    assert found.deployment is None


@pytest.mark.parametrize("operation", ["active", "settings", "steps"])
def test_a_further_question_that_fails_is_a_note(operation):
    found = seen(railway([row()], **{operation: ["Problem processing request"]}))
    assert found.fault is None
    assert found.deployment.id == "d1"
    assert any("could not be read" in note for note in found.notes)
    if operation == "active":
        assert found.active is None


@pytest.mark.parametrize(
    "change", [{"status": None}, {"deploymentStopped": "no"}, {"instances": None}, {"id": 5}]
)
def test_fields_of_another_shape_are_a_fault(change):
    assert seen(railway([{**row(), **change}])).fault.kind == "protocol"


def test_without_a_platform_the_reason_is_kept():
    fault = Fault(kind="no-token", whose=Whose.US, detail="there is no token")
    assert seen(railway([row()]), fault=fault).fault == fault


def settled(rows_by_turn, *, wait_s=60.0, subject=None, stop=None):
    """What wait_for_deployment ends with, the seconds it slept, and what it told."""
    turns, told = [0], []

    def answers(operation, variables):
        rows = rows_by_turn[min(turns[0], len(rows_by_turn) - 1)]
        turns[0] += 1
        return (
            rows
            if isinstance(rows, tuple | list) and not isinstance(rows[0], dict)
            else {"deployments": listed(*rows)}
        )

    with context_on(answers) as context:
        clock = context.pace.clock
        found = wait_for_deployment(
            context.platform.railway,
            PLACE,
            subject=subject or asked(),
            wait_s=wait_s,
            clock=clock,
            stop=stop or Stop(),
            tell=told.append,
        )
    return found, clock.monotonic_s(), told


@pytest.mark.parametrize("status", ["QUEUED", "INITIALIZING", "WAITING", "BUILDING", "DEPLOYING"])
def test_in_flight_is_waited_for(status):
    (found, waited_s), _, told = settled([[row(status=status)], [row(status=status)], [row()]])
    assert (found.status, waited_s) == ("SUCCESS", 10.0)
    assert told == [f"deployment d1 is {status}; waiting for it, at most 1 min more"]


def test_the_wait_is_bounded():
    (found, waited_s), slept_s, _ = settled([[row(status="BUILDING")]], wait_s=100.0)
    assert found.status == "BUILDING"
    assert waited_s == slept_s == 100.0


@pytest.mark.parametrize("status", ["NEEDS_APPROVAL", "FAILED", "SUCCESS", "SKIPPED_BY_NOBODY", "CRASHED"])
def test_everything_else_is_not(status):
    (found, waited_s), slept_s, _ = settled([[row(status=status)]])
    assert (found.status, waited_s, slept_s) == (status, 0.0, 0.0)


def test_a_commit_that_is_not_there_yet_is_waited_for():
    (found, _), slept_s, told = settled([[row(commit="1234567")], [row()]], subject=asked(commit="f0ec7b5"))
    assert (found.id, slept_s) == ("d1", 5.0)
    assert told[0].startswith("Railway has no deployment of commit f0ec7b5 yet")


def test_an_expired_token_is_not_waited_for():
    with pytest.raises(RailwayError, match="Not Authorized"):
        settled([["Not Authorized"]])


def test_asked_to_stop_it_ends():
    stop = Stop()
    stop.request()
    (_, _), slept_s, _ = settled([[row(status="BUILDING")]], stop=stop)
    assert slept_s == 0.0


def test_a_logger_called_error_is_no_error():
    lines = [logged("INFO uvicorn.error: Started"), logged("npm ERR! error: no such package")]
    found = seen(railway([row(status="FAILED")], active=[], build_log={"buildLogs": lines}))
    assert [line.text for line in found.build_errors] == ["npm ERR! error: no such package"]


def in_turns(*actives):
    """A platform whose list of active deployments changes with each question."""
    turns = list(actives)

    def answers(operation, variables):
        active = turns.pop(0) if operation == "active" and len(turns) > 1 else turns[0]
        return railway([row()], active=active)(operation, variables)

    return answers


def test_lists_that_disagree_for_a_moment_are_looked_at_once_more():
    """While one deployment takes over from another."""
    found = seen(in_turns([], [row()]))
    assert [item.id for item in found.active] == ["d1"]
    assert found.notes[-1].startswith(
        "read twice: 3 s earlier, it was deployment d1 says SUCCESS, but the service"
    )


def test_what_stays_so_is_kept_as_it_is():
    assert seen(in_turns([], [])).active == ()


def test_what_is_live_or_plainly_over_is_looked_at_once():
    for status in ("SUCCESS", "FAILED", "CRASHED", "BUILDING"):
        assert not any("read twice" in note for note in seen(railway([row(status=status)])).notes)


def test_a_sleeper_that_does_not_wake_is_tried_for_a_minute_and_once():
    found = seen(railway([row(status="SLEEPING")], active=[]))
    assert (found.waking.was, found.waking.path, found.waking.is_awake) == ("SLEEPING", "/api", False)
    assert 60 <= found.waking.took_s < 62
    assert len(found.waking.answers) == 1
    assert not any("read twice" in note for note in found.notes)


def test_the_same_commit_deployed_again_is_woken_too():
    again = row("d2", "SLEEPING", createdAt="2026-02-02T11:30:00Z")
    found = seen(railway([again, row("d1", "REMOVED")], active=[again]), subject=asked(deployment="d1"))
    assert found.waking.was == "SLEEPING"
    other = {**again, "meta": {"commitHash": "1234567aaaa"}}
    found = seen(railway([other, row("d1", "REMOVED")], active=[other]), subject=asked(deployment="d1"))
    assert found.waking is None


def test_what_served_before_is_found_behind_any_number_of_failed_builds():
    failed = [row(f"f{number}", "FAILED", commit=f"{number:07}aaa") for number in range(700)]
    served = row("d0", "REMOVED", commit="0badbad1111", createdAt="2026-02-01T11:00:00Z")
    rows = [row("d1", createdAt="2026-02-02T11:30:00Z"), *failed, served, row("d-", "REMOVED")]
    pages = []

    def answers(operation, variables):
        if operation != "deployments":
            return railway(rows)(operation, variables)
        start, first = int(variables["after"] or 0), variables["first"]
        pages.append(first)
        page = listed(*rows[start : start + first])
        page["pageInfo"] = {"endCursor": str(start + first), "hasNextPage": start + first < len(rows)}
        return {"deployments": page}

    found = seen(answers, subject=asked(deployment="d1"))
    assert before(found.deployment, found.recent).id == "d0"
    assert (pages, found.recent_whole, len(found.recent)) == ([50, 500, 500], False, 52)
