"""The sections of a plan that shape the report: criteria, baseline, response times, actions. Pure."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import Part


def _inside(path: str) -> str:
    """Return a path below the working directory; raise ValueError."""
    path = path.rstrip("/") or "/"
    parts = path.split("/")
    if path.startswith(("/", "~")) or "\\" in path or {"", ".", "..", "**", ".git"} & set(parts):
        raise ValueError(f"{path!r} must lie below the working directory — write it as docs/incidents")
    return path


class Criterion(Part):
    """A row of the success table: the findings it rests on, and the number that it shows.

    Findings are named stage/check or stage/check/rule; `*` stands for all checks of a stage.
    """

    name: str
    target: str
    findings: tuple[str, ...] = Field(strict=False, min_length=1)
    actual: str = Field(description="the measure to show, such as pools/redis/used_peak")


class ResponseTimes(Part):
    """The limit for every answer of these checks, by label in the report."""

    limit: Duration = Field(gt=0)
    of: dict[str, str] = Field(min_length=1)


class BaselineRow(Part):
    """A row of the comparison: its values before and during the crisis, and this window's measure."""

    metric: str
    values: tuple[str, ...] = Field(strict=False)
    now: str


class Baseline(Part):
    """The incident's own numbers."""

    columns: tuple[str, ...] = Field(strict=False, min_length=1)
    e2e: tuple[str, ...] = Field(default=(), strict=False, description="the suite's result in each column")
    rows: tuple[BaselineRow, ...] = Field(strict=False, min_length=1)
    captured: dict[str, str] = Field(
        default={},
        description="column → a file beside the plan that --capture wrote: it wins over values",
    )

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        for column, path in self.captured.items():
            if column not in self.columns:
                known = ", ".join(self.columns)
                raise ValueError(f"captured names no column {column!r} — the columns are: {known}")
            if path.startswith("/") or ".." in path.split("/"):
                raise ValueError(f"{path!r} must lie beside the plan or below")
        return self

    @model_validator(mode="before")
    @classmethod
    def _same_width(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("columns"), list):
            width = len(value["columns"])
            rows = value.get("rows")
            for row in rows if isinstance(rows, list) else []:
                values = row.get("values") if isinstance(row, dict) else None
                if isinstance(values, list) and len(values) != width:
                    raise ValueError(
                        f"row {row.get('metric')!r} has {len(values)} values for {width} columns"
                    )
        return value


class Level(Part):
    """What to do at one level of trouble."""

    when: str
    actions: tuple[str, ...] = Field(strict=False, min_length=1)


class Escalation(Part):
    """What to do about minor (P2), major (P1) and critical (P0) findings."""

    minor: Level | None = None
    major: Level | None = None
    critical: Level | None = None
    extend_to: Duration | None = Field(
        default=None,
        description="how long to watch after a minor finding or an inconclusive verdict; default: twice the "
        "window, 0s: never",
    )
    tail_checks: tuple[Duration, ...] = Field(
        default=(21600.0, 86400.0), strict=False, description="when to take a later sample, counted from T0"
    )
    end_on: Literal["critical"] | None = Field(
        default=None,
        description="critical: the first P0 or P1 that no later sample can undo ends the window; by default "
        "it goes on, as evidence",
    )
    keep_writing: bool = Field(
        default=False,
        description="go on with suites, load, cycles and top-ups after a P0; without it they end there, and "
        "reading goes on",
    )
    rollback: bool = Field(
        default=False, description="let a run on GitHub roll back on CRITICAL, after a reviewer's consent"
    )


class FollowUp(Part):
    """A numbered follow-up of the report."""

    title: str
    items: tuple[str, ...] = Field(default=(), strict=False)
    shell: str | None = Field(default=None, description="commands to show, not run")


class FollowUpGroup(Part):
    """Follow-ups with the same term."""

    term: str
    items: tuple[FollowUp, ...] = Field(strict=False, min_length=1)


class ArchiveSection(Part):
    """Where `deploy-verdict archive` keeps a window: in folder/<date of T0>-<name>."""

    folder: Annotated[str, AfterValidator(_inside)] = Field(
        description="the folder of all archives, a path below the working directory, such as docs/incidents"
    )
    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$", description="what the archive is called after its date"
    )
    move: tuple[Annotated[str, AfterValidator(_inside)], ...] = Field(
        default=(), strict=False, description="files that are moved there too, such as INCIDENT*.md"
    )
    evidence: bool = Field(
        default=False, description="copy the evidence too, not only the index of it; that may be megabytes"
    )


class ReportSection(Part):
    """Words of the report that only the plan's author knows."""

    title: str | None = Field(default=None, description="of the report; default: the plan's name")
    when_stable: tuple[str, ...] = Field(default=("Continue normal operations",), strict=False)
    when_issues: tuple[str, ...] = Field(default=(), strict=False)
    follow_up: tuple[FollowUpGroup, ...] = Field(default=(), strict=False)
    next_review: Duration = Field(default=86400.0, description="after T0")
    archive: ArchiveSection | None = Field(
        default=None, description="where `deploy-verdict archive` keeps the window's report"
    )
