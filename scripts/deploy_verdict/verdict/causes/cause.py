"""One root cause: the findings it explains, the responses that show them, and since when. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.markup.labels import worst_severity
from deploy_verdict.model import Finding, Severity
from deploy_verdict.verdict.causes.bad_answers import SILENT, Key, route_of

PLATFORM: Key = ("platform",)
ERROR_FROM = 400


@dataclass
class Cause:
    """Findings with one explanation; `answers` are the bad responses that show them, the earliest first."""

    key: Key
    findings: list[Finding] = field(default_factory=list)
    pointers: set[str] = field(default_factory=set)
    answers: list[Sent] = field(default_factory=list)
    unknown: list[Finding] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    quote: str = ""
    log_line: str = ""
    is_total: bool = False
    """No request at all was answered since it began."""

    @property
    def kind(self) -> str:
        """The kind of explanation."""
        return self.key[0]

    @property
    def severity(self) -> Severity | None:
        """The severity of its worst failure: P0 if nobody is served, None if it explains no failure."""
        if self.is_total and self.findings:
            return Severity.P0
        return worst_severity(self.findings) if self.findings else None

    @property
    def lead(self) -> Finding:
        """The finding that represents it."""
        return (self.findings or self.unknown)[0]

    @property
    def since_s(self) -> float | None:
        """When it was first seen, in plan seconds from T+0."""
        found = [item.offset_s for item in self.findings if item.offset_s is not None]
        return min([*found, *(item.offset_s for item in self.answers)], default=None)

    @property
    def errors(self) -> list[Sent]:
        """Those of its responses whose status is an error."""
        return [item for item in self.answers if (item.exchange.status or 0) >= ERROR_FROM]

    @property
    def routes(self) -> tuple[str, ...]:
        """The operations that failed by it, the most often failed first."""
        return tuple(route for route, _ in Counter(map(route_of, self.errors or self.answers)).most_common())

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses of its errors, each once."""
        return tuple(sorted({str(item.exchange.status) for item in self.errors}))


def is_full(cause: Cause) -> bool:
    """Return whether it is an exhausted pool."""
    return cause.kind == "pool" and any(finding.rule == "exhaustion" for finding in cause.findings)


def is_down(cause: Cause) -> bool:
    """Return whether the service serves nobody at all."""
    if cause.key == PLATFORM:
        # If it was never live, the previous deployment still serves.
        return cause.severity is Severity.P0
    return cause.key == SILENT or cause.kind == "down"
