"""A GitHub for every test that wants one."""

import pytest

from tests.relay.github import github


@pytest.fixture
def hub():
    with github() as server:
        yield server
