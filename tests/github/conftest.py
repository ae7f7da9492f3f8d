"""A hub whose every request must conform to GitHub's API description."""

import pytest

from demo.github.hub import Hub


@pytest.fixture
def hub():
    made = Hub()
    made.add_issue(1, body="the incident", author="sescanella")
    yield made
    assert made.mistakes == []
