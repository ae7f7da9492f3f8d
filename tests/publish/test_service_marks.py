"""The names of a service on GitHub: two services share none, whatever they are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.publish.service_marks import (
    MAX_LABEL,
    is_later_sample,
    labels_of,
    later_sample_context,
    service_of,
    start_context,
    status_context,
)

NAMES = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=80) | st.sampled_from(
    [
        "api",
        "API",
        "api ",
        "api/v1",
        "api v1",
        "api-v1",
        "a/later-sample",
        "start",
        "zeues-backend",
        "é",
        "-",
        "x" * 60,
    ]
)


@given(NAMES, NAMES)
def test_two_names_never_become_one(one, other):
    """GitHub compares contexts and labels without their case."""
    assert (service_of(one, "p").lower() == service_of(other, "p").lower()) == (one == other)


@given(NAMES)
def test_every_name_fits_what_github_takes(name):
    service = service_of(name, "p")
    assert all(len(label.name) <= MAX_LABEL for label in labels_of(service).values())
    assert service_of(service, "p") == service
    assert is_later_sample(later_sample_context(service))
    assert not is_later_sample(status_context(service))
    assert not is_later_sample(start_context(f"{name}.yml"))


def test_a_plain_name_is_shown_as_it_is_and_a_plan_stands_in_for_a_service():
    assert status_context(service_of("zeues-backend", "zeues")) == "deploy-verdict/zeues-backend"
    assert later_sample_context("zeues-backend") == "deploy-verdict/zeues-backend/later-sample"
    assert service_of(None, "zeues") == "zeues"


@pytest.mark.parametrize("outcome", list(VerdictOutcome))
def test_a_label_of_a_long_name_keeps_its_outcome(outcome):
    name = labels_of(service_of("the-frontend-of-our-customers-in-the-north", "p"))[outcome].name
    assert name.startswith("verdict the-frontend-of-our-c")
    assert name.endswith(f": {outcome.value}")
