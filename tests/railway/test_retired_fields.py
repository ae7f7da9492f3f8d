"""What Railway no longer knows is named, and left out of our document where that can be."""

import pytest
from graphql import parse, validate

from demo.railway.answering import schema
from deploy_verdict.railway.client import text_of
from deploy_verdict.railway.retired_fields import retired_in, without_fields

RETIRED = [
    ("deployment", "Deployment.canRollback", True),
    ("deployment", "Deployment.meta", True),
    ("deployment", "Deployment.instances", True),
    ("deployment", "Deployment.creator", True),
    ("deployment", "DeploymentCreator.name", True),
    ("deployments", "DeploymentListInput.status", True),
    ("deployments", "DeploymentStatusInput.notIn", True),
    ("deployments", "DeploymentStatus.SKIPPED", True),
    ("skipped", "DeploymentStatusInput.in", True),
    ("settings", "ServiceInstance.numReplicas", True),
    ("steps", "DeploymentEventPayload.detail", True),
    ("metrics", "MetricMeasurement.CPU_LIMIT", True),
    # Without these an answer has no meaning, or would be about what is not ours.
    ("deployment", "Deployment.id", False),
    ("deployment", "Deployment.status", False),
    ("deployments", "DeploymentListInput.serviceId", False),
    ("deployments", "PageInfo.hasNextPage", False),
    ("metrics", "MetricTag.DEPLOYMENT_ID", False),
    ("active", "Query.serviceInstance", False),
]


def refusal(document, retired, *, with_place):
    """What graphql-core says of the document, and in the words of graphql-js."""
    lacking = schema(frozenset([retired]))
    errors = [
        {"message": error.message.replace("'", '"')}
        | ({"locations": [place.formatted for place in error.locations]} if with_place else {})
        for error in validate(lacking, parse(text_of(document)))
    ]
    assert errors
    return lacking, errors


@pytest.mark.parametrize("with_place", [True, False])
@pytest.mark.parametrize(("document", "retired", "spared"), RETIRED)
def test_a_document_goes_on_without_it_or_not_at_all(document, retired, spared, with_place):
    lacking, errors = refusal(document, retired, with_place=with_place)
    found = retired_in(errors)
    assert {item.shown for item in found} == {retired}
    kept = without_fields(text_of(document), found)
    assert (kept is not None) is spared
    assert kept is None or validate(lacking, parse(kept)) == []


NESTED = 'Cannot query field "status" on type "DeploymentDeploymentInstance".'


@pytest.mark.parametrize(
    "errors",
    [
        None,
        [],
        "no list",
        [{}],
        [{"message": None}],
        [{"message": "Variable $x is required"}],
        [{"message": NESTED}, {"message": "and something else"}],
    ],
)
def test_what_else_a_refusal_says_is_no_retired_field(errors):
    assert retired_in(errors) == ()


def test_one_of_two_fields_of_a_name_is_found_by_its_line_only():
    """An instance without its state is none: all of them are left out."""
    line = text_of("deployment").splitlines().index("    status") + 1
    for place, spared in (([{"line": line}], True), ([{"line": 3}], False), ([], False), ("x", False)):
        kept = without_fields(text_of("deployment"), retired_in([{"message": NESTED, "locations": place}]))
        assert (kept is not None) is spared
        assert kept is None or ("instances" not in kept and "  status\n" in kept)
