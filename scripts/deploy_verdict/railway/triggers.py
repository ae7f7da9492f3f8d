"""What makes Railway deploy a service: a branch, and whether it waits for the commit's checks."""

from deploy_verdict.railway.answers import AnswerPart, Flag, NodePage, Text, object_of
from deploy_verdict.railway.client import RailwayClient
from deploy_verdict.railway.deployments import ServiceIds


class AutodeployTrigger(AnswerPart):
    """A branch whose pushes are deployed; with `check_suites`, Wait for CI is on."""

    branch: Text = None
    check_suites: Flag = None


def triggers(railway: RailwayClient, where: ServiceIds) -> tuple[AutodeployTrigger, ...]:
    """Return the service's triggers; none if it is deployed by `railway up` or from an image."""
    return object_of(
        NodePage[AutodeployTrigger], railway.read("triggers", where.ids), "deploymentTriggers"
    ).nodes
