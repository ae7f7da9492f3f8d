"""A recorded answer with another number in its gauge, however the plan takes it."""

import json

import pytest

from deploy_verdict.plan import Answer
from deploy_verdict.prove.mutations import gauge_in, with_gauge
from tests.expect.test_numbers import METRICS, QUEUE_POOL


@pytest.mark.parametrize(
    ("number", "body"),
    [
        ("$.used", {"used": 3, "limit": 20}),
        ("$.total - $.idle", {"total": 5, "idle": 2}),
        ("20 - $.free", {"free": 17}),
        ("number: $.used", {"used": "3"}),
        (r"text: Checked out connections: (\d+(?:\.\d+)?)", QUEUE_POOL),
        ('prometheus: sum(db_pool_in_use{pool="main"})', METRICS),
        ("prometheus: max(db_pool_in_use)", METRICS),
        ("prometheus: db_pool_size", METRICS),
    ],
)
def test_the_gauge_shows_what_it_is_given(number, body):
    text = body if isinstance(body, str) else json.dumps(body)
    answer = Answer.model_validate({"status": 200, "body": text})
    assert gauge_in(with_gauge(answer, number, 16.5), number) == pytest.approx(16.5)


def test_an_answer_without_the_number_stays_as_it_is():
    answer = Answer.model_validate({"status": 200, "body": "{}"})
    assert gauge_in(answer, "$.used") is None
    assert with_gauge(answer, "$.used", 5) is answer
