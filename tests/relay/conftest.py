"""A GitHub for every test that needs one."""

import pytest

from tests.relay.github import github


@pytest.fixture
def hub():
    with github() as server:
        yield server
