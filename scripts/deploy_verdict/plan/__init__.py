"""The plan: its models, its reader (with line and column), its cross-checks and its preview. Pure."""

from deploy_verdict.plan.layout import densely, laid_out, layout_of, of_length, own_layout, spread_out
from deploy_verdict.plan.plan import (
    MOST_BODY,
    Check,
    Plan,
    Service,
    WindowSection,
    asked_once,
    incident_file,
    with_incident,
    with_target,
)
from deploy_verdict.plan.reading.reader import read_plan
from deploy_verdict.plan.requests import Alternative, Expectations, Expecting, NeverRule, Request
from deploy_verdict.plan.sections.access import checked_address
from deploy_verdict.plan.sections.claims import Claim, OpenApi
from deploy_verdict.plan.sections.e2e import E2E, Capture, Step, Test, Together
from deploy_verdict.plan.sections.exposure import Exposing, Exposure, TopUp
from deploy_verdict.plan.sections.fixtures import Answer, Fixtures, Recording
from deploy_verdict.plan.sections.logs import (
    Incident,
    LogCanary,
    LogPattern,
    LogRules,
    Logs,
    Novelty,
    OtherLog,
)
from deploy_verdict.plan.sections.platforms import GitHubSection, Metrics, Railway, Traffic
from deploy_verdict.plan.sections.pools import Exercise, Pool, ReturnToFloor
from deploy_verdict.plan.sections.report import Baseline, Criterion, Escalation, FollowUpGroup, ResponseTimes

__all__ = [
    "E2E",
    "MOST_BODY",
    "Alternative",
    "Answer",
    "Baseline",
    "Capture",
    "Check",
    "Claim",
    "Criterion",
    "Escalation",
    "Exercise",
    "Expectations",
    "Expecting",
    "Exposing",
    "Exposure",
    "Fixtures",
    "FollowUpGroup",
    "GitHubSection",
    "Incident",
    "LogCanary",
    "LogPattern",
    "LogRules",
    "Logs",
    "Metrics",
    "NeverRule",
    "Novelty",
    "OpenApi",
    "OtherLog",
    "Plan",
    "Pool",
    "Railway",
    "Recording",
    "Request",
    "ResponseTimes",
    "ReturnToFloor",
    "Service",
    "Step",
    "Test",
    "Together",
    "TopUp",
    "Traffic",
    "WindowSection",
    "asked_once",
    "checked_address",
    "densely",
    "incident_file",
    "laid_out",
    "layout_of",
    "of_length",
    "own_layout",
    "read_plan",
    "spread_out",
    "with_incident",
    "with_target",
]
