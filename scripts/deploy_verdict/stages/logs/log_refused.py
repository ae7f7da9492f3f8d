"""A log that cannot be asked for: the reason stands in its fault."""

from collections.abc import Iterator

from deploy_verdict.model import Fault, Whose
from deploy_verdict.stages.logs.source_lines import Line


class RefusedSource:
    """The platform's log where the platform cannot be asked, or has no deployment of ours."""

    def __init__(self, fault: Fault | None) -> None:
        self.name = "Railway"
        detail = "no deployment of this window is known, so there is no log of it to read"
        self.fault: Fault | None = fault or Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
        self.incomplete: tuple[str, ...] = ()

    def lines(self) -> Iterator[Line]:
        """No line."""
        yield from ()
