"""The demo's backend with its Railway, one for each file."""

import pytest

from demo.running import running


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running(log=tmp_path_factory.mktemp("demo") / "backend.log") as backend:
        yield backend
