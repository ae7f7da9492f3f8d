"""Whose deployment an event is about, by Railway's word."""

import pytest

from demo.railway import ids
from demo.running import running
from deploy_verdict.actions.start.service_match import ServiceMatch, match_service
from deploy_verdict.base.clock import Stop
from deploy_verdict.model import Fault, Subject, Whose
from deploy_verdict.plan import read_plan
from deploy_verdict.railway.connection import RailwayConnection, connect_to_service
from deploy_verdict.redaction.redactor import Redactor
from tests.clocks import TurnedClock
from tests.running import ROOT


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running(log=tmp_path_factory.mktemp("demo") / "backend.log") as backend:
        yield backend


@pytest.fixture
def why_not(platform):
    plan = read_plan((ROOT / "plans/zeues.yml").read_bytes(), "zeues.yml", platform.environment, "2026-02-02")
    clock, told = TurnedClock(), []

    def ask(**subject):
        link = connect_to_service(plan, platform.environment, clock=clock, redactor=Redactor({}))
        asked = Subject(target="http://service.test", **subject)
        return match_service(link, asked, clock=clock, stop=Stop(), tell=told.append).not_ours

    return ask


def test_the_plans_service_is_ours(why_not):
    assert why_not(commit=ids.LIVE_COMMIT) is None
    assert why_not(deployment=ids.LIVE_ID) is None


def test_a_commit_that_only_another_service_has_is_waited_for_and_is_not_ours(why_not):
    assert why_not(commit="e" * 40) == "Railway has no deployment of commit eeeeeeee for the plan's service"


def test_a_deployment_that_railway_does_not_know_is_not_ours(why_not):
    assert "not found" in why_not(deployment="d0000099-aaaa-4c0f-9d59-2f6a1f0d0099").lower()


def test_railway_that_cannot_be_asked_says_nothing_against_it():
    fault = Fault(kind="no-token", whose=Whose.US, detail="RAILWAY_TOKEN is not set")
    subject = Subject(target="http://service.test", commit="e" * 40)
    assert (
        match_service(RailwayConnection(fault=fault), subject, clock=TurnedClock(), stop=Stop(), tell=print)
        == ServiceMatch()
    )
