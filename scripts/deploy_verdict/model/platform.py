"""What the platform (Railway) reports about a deployment, its traffic and its resources.

Every field but an id may be None, as the platform omits what it does not know. A status is kept as the word
that came, so that a new one is data and not an error.
"""

from typing import Literal

from pydantic import AwareDatetime, Field

from deploy_verdict.model.enums import Record
from deploy_verdict.model.logs import LogLine
from deploy_verdict.model.observations import (
    Fault,
)


class Instance(Record):
    """One container of a deployment."""

    id: str
    status: str


class Deployment(Record):
    """One deployment as the platform describes it. `commit` is None for images and `railway up`."""

    id: str
    status: str
    created_at: AwareDatetime | None = None
    creator: str | None = None
    commit: str | None = None
    commit_message: str | None = None
    commit_author: str | None = None
    branch: str | None = None
    repo: str | None = None
    image: str | None = None
    skipped_reason: str | None = None
    stopped: bool | None = Field(default=None, strict=True)
    can_rollback: bool | None = Field(default=None, strict=True)
    instances: tuple[Instance, ...] | None = None
    environment_id: str | None = None
    service_id: str | None = None


class Settings(Record):
    """The service's settings, which decide when a deployment counts as live."""

    service_name: str | None = None
    healthcheck_path: str | None = None
    healthcheck_timeout_s: float | None = None
    overlap_s: float | None = None
    draining_s: float | None = None
    sleeps: bool | None = None
    replicas: int | None = None


class DeploymentStep(Record):
    """One step of building and deploying; times are the platform's."""

    step: str
    created_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    error: str | None = None
    reason: str | None = None
    detail: str | None = None


class Judged(Record):
    """An earlier verdict of this tool on a deployment of the same service."""

    deployment: str | None = None
    commit: str | None = None
    outcome: str
    judged_at: AwareDatetime


class Waking(Record):
    """How a sleeping (serverless) service was woken before a sample, with each response in words.

    `is_awake`: the service itself answered, not the edge in its place. `took_s` is real time.
    """

    was: str
    path: str
    took_s: float
    answers: tuple[str, ...] = ()
    is_awake: bool = False


class DeploymentObservation(Record):
    """One sample of the platform: the subject, what is live, and earlier deployments.

    `found_by` says how the subject was chosen, `candidates` how many deployments matched. `active` is None if
    it could not be read. `recent` is newest first, and only in the first and the last sample; `judged` and
    `waited_s`, the real time for which the deployment was in flight before, only in the first. `retired` are
    fields that the platform's API no longer knows, such as Deployment.meta: their content is unknown.
    """

    kind: Literal["deployment"] = "deployment"
    check: str = "deployment"
    offset_s: float
    at: AwareDatetime
    found_by: Literal["deployment", "commit", "newest"] | None = None
    candidates: int = 0
    deployment: Deployment | None = None
    active: tuple[Deployment, ...] | None = None
    settings: Settings | None = None
    waking: Waking | None = None
    recent: tuple[Deployment, ...] = ()
    recent_whole: bool = False
    steps: tuple[DeploymentStep, ...] = ()
    build_errors: tuple[LogLine, ...] = ()
    deploy_errors: tuple[LogLine, ...] = ()
    judged: tuple[Judged, ...] = ()
    waited_s: float = Field(default=0.0, ge=0)
    retired: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fault: Fault | None = None


class Point(Record):
    """One value of a series; `offset_s` is plan time since T0."""

    offset_s: float
    value: float


class Series(Record):
    """One measured series.

    `name` is memory_gb, memory_limit_gb, cpu_vcpu, cpu_limit_vcpu, http_<status>, http_p50_ms, http_p95_ms or
    http_p99_ms. `deployment` is set if only one was measured.
    """

    name: str
    deployment: str | None = None
    points: tuple[Point, ...] = ()


class NeighbourService(Record):
    """Another service of the project at one sample, with its memory and log since the previous sample.

    `lines_read` is None if the log was not read. `lines_cut`: there were more lines, and these are the
    newest.
    """

    id: str
    name: str | None = None
    latest: Deployment | None = None
    active: tuple[Deployment, ...] = ()
    memory: tuple[Series, ...] = ()
    lines: tuple[LogLine, ...] = ()
    lines_read: int | None = None
    lines_cut: bool = False
    notes: tuple[str, ...] = ()


class ServicesObservation(Record):
    """One sample of the services that the plan names; `known` are the names of all in the environment."""

    kind: Literal["services"] = "services"
    check: str = "services"
    offset_s: float
    at: AwareDatetime
    services: tuple[NeighbourService, ...] = ()
    known: tuple[str, ...] = ()
    fault: Fault | None = None


class PathTraffic(Record):
    """Requests of others to one method and path (ids in it replaced by {id}); milliseconds at the edge.

    Percentiles are nearest ranks over all requests of the path. `parts`: the statuses in each of several
    equal parts of the reading.
    """

    method: str
    path: str
    requests: int
    statuses: dict[str, int]
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    upstream_errors: int = 0
    edge_fallbacks: int = 0
    parts: tuple[dict[str, int], ...] = ()


# The checks of the reading of the complete window, and of the time before the deployment.
WHOLE, BEFORE = "traffic", "before"


class TrafficObservation(Record):
    """A reading of the edge's HTTP log of one deployment between start and end.

    The check `interim` is a reading of what was new at a sample in the window.

    Our own requests are counted separately: `own_requests` of them are in the log, `own_ids` are their ids as
    the edge names them. `examples` are bad requests of others. `requests_by_part`: those of others in each of
    several equal parts of the reading.
    """

    kind: Literal["traffic"] = "traffic"
    check: str = "traffic"
    source: str
    start: AwareDatetime
    end: AwareDatetime
    entries_read: int = 0
    own_requests: int = 0
    own_ids: tuple[str, ...] = ()
    requests: int = 0
    requests_by_part: tuple[int, ...] = ()
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    paths: tuple[PathTraffic, ...] = ()
    paths_left_out: int = 0
    upstream_errors: dict[str, int] = Field(default={})
    examples: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    fault: Fault | None = None


class PreviousTrafficObservation(Record):
    """What the previous deployment still answered between start and end, by its own HTTP log.

    `deployment` is None if the platform lists no earlier one that was live. `answered` counts all requests
    that it answered itself, at least so many if `is_cut`; `own_answered` are ours among them. `last_at` is
    its newest request of any time, None if its log is empty.
    """

    kind: Literal["previous_traffic"] = "previous_traffic"
    check: str = "previous"
    deployment: str | None = None
    commit: str | None = None
    start: AwareDatetime
    end: AwareDatetime
    answered: int = Field(default=0, ge=0)
    own_answered: int = Field(default=0, ge=0)
    is_cut: bool = False
    last_at: AwareDatetime | None = None
    examples: tuple[LogLine, ...] = ()
    fault: Fault | None = None


class MetricsObservation(Record):
    """The platform's series of the window; `every_s` is plan seconds between two points.

    The check `interim` is a reading of what was new at a sample in the window.
    """

    kind: Literal["metrics"] = "metrics"
    check: str = "metrics"
    start: AwareDatetime
    end: AwareDatetime
    every_s: float
    series: tuple[Series, ...] = ()
    notes: tuple[str, ...] = ()
    fault: Fault | None = None
