"""A sample promised for later, as text that fits a commit status. Pure.

Where no wait timer can hold a job until then, the deployed commit's status
`deploy-verdict/<service>/later-sample` says when the sample is due, which run it continues, and which commit
holds the plan; `deploy-verdict ci start-promised` reads it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy_verdict.github.client import MAX_DESCRIPTION

_SHAPE = re.compile(
    r"due (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) · run (\d{1,18}) · (report-a\d{1,6})"
    r"(?: · plan at ([^\s·]+))?(?: · .*)?",
    re.DOTALL,
)
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """When the sample is due, and the run and artifact that hold its window.

    `plan_ref` is what the window's jobs check out; if it is empty, the ref that the run was started on.
    """

    due_at: datetime
    run: int
    artifact: str
    plan_ref: str = ""

    def line(self) -> str:
        """Return the promise as the status says it; a ref that does not fit is left out."""
        line = f"due {self.due_at.astimezone(UTC).strftime(_FORMAT)} · run {self.run} · {self.artifact}"
        complete = f"{line} · plan at {self.plan_ref}"
        return complete if self.plan_ref and len(complete) <= MAX_DESCRIPTION else line


def promise_in(state: str, description: str | None) -> Promise | None:
    """Return the promise of a status that is still pending; None for any other."""
    found = _SHAPE.fullmatch(description or "")
    if state != "pending" or found is None:
        return None
    try:
        due_at = datetime.strptime(found.group(1), _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    run, artifact, plan_ref = int(found.group(2)), found.group(3), found.group(4) or ""
    return Promise(due_at=due_at, run=run, artifact=artifact, plan_ref=plan_ref)
