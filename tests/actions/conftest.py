"""The demo's backend with its Railway, one for each file, and a GitHub on which the window's run goes on."""

import pytest

from demo.github.hub import Hub
from demo.railway import ids
from demo.running import running
from tests.workflow.events import LABEL

OWN = 500
TITLE = f"verify {LABEL}"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running(log=tmp_path_factory.mktemp("demo") / "backend.log") as backend:
        yield backend


@pytest.fixture
def hub():
    made = Hub()
    made.add_run(OWN, display_title=f"{TITLE} · {ids.LIVE_COMMIT}", status="in_progress")
    yield made
    assert made.mistakes == []
