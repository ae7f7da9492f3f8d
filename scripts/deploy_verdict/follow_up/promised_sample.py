"""A sample that is promised for later, written so that a commit status can hold it. Pure.

Where no wait timer can hold a job until then, the deployed commit's status `deploy-verdict/next-look` says
when it is due and which run it continues; `deploy-verdict ci start-promised` reads it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

CONTEXT = "deploy-verdict/next-look"
_SHAPE = re.compile(
    r"due (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) · run (\d{1,18}) · (report-a\d{1,6})(?: · .*)?", re.DOTALL
)
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """When the sample is due, and the run and artifact that hold the window it belongs to."""

    due_at: datetime
    run: int
    artifact: str

    def line(self) -> str:
        """As the status says it."""
        return f"due {self.due_at.astimezone(UTC).strftime(_FORMAT)} · run {self.run} · {self.artifact}"


def promise_in(state: str, description: str | None) -> Promise | None:
    """The promise of a status that is still pending; None for every other one."""
    found = _SHAPE.fullmatch(description or "")
    if state != "pending" or found is None:
        return None
    try:
        due_at = datetime.strptime(found.group(1), _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Promise(due_at=due_at, run=int(found.group(2)), artifact=found.group(3))
