"""What stands for a value of an answer, where it is neither a path nor a header."""

import pytest

from deploy_verdict.expect import Lacking, select
from deploy_verdict.model import Exchange
from tests.bundles import T0


def exchange(body):
    return Exchange(at=T0, method="POST", url="http://a.test/graphql", request_id="r", status=200, body=body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"data": {"a": 1}}', []),
        ('{"data": {"a": 1}, "errors": null}', []),
        ('{"data": null, "errors": [{"message": "no"}]}', [{"message": "no"}]),
        ('[{"data": {}}, {"data": {}, "errors": [1]}]', [1]),
        ('{"data": {}, "errors": "no"}', ["no"]),
        ('{"data": null}', None),
        ('{"ok": true}', None),
        ("[]", None),
        ("<html>", None),
    ],
)
def test_the_errors_of_a_graphql_answer_are_only_none_where_it_is_one(body, value):
    found = select("errors", exchange(body=body))
    assert getattr(found, "value", None) == value
    assert isinstance(found, Lacking) == (value is None)
