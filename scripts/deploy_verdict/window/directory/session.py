"""One --out directory: its window, its evidence files, and which samples it already has.

The first command in a directory opens the window there (window.json); later commands continue it.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from deploy_verdict import __version__
from deploy_verdict.base.clock import Clock, Pace, Stop
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.http.plan_probe import probe_of
from deploy_verdict.http.probe import Probe
from deploy_verdict.model import Evidence, Loaded, Observation, Subject, WindowFile, WindowRef
from deploy_verdict.model.window import evidence_name, plan_time, window_frame
from deploy_verdict.plan import Plan, layout_of
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.window.directory.evidence_store import next_attempt, read_attempts, write_json

if TYPE_CHECKING:
    from deploy_verdict.railway.connection import RailwayConnection

WINDOW_FILE = "window.json"
HISTORY_FILE = "history.jsonl"


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a command works with; `tell` takes a line of progress, `history` is the earlier verdicts' file.

    `detail` takes a running sample's progress if that is shown differently from other lines.
    """

    plan: Plan
    out: Path
    file: WindowFile
    pace: Pace
    probe: Probe
    redactor: Redactor
    stop: Stop
    tell: Callable[[str], None]
    history: Path
    environment: Mapping[str, str] = field(repr=False)
    opening_connection: "RailwayConnection | None" = None
    detail: Callable[[str], None] | None = None

    @property
    def evidence_dir(self) -> Path:
        return self.out / "evidence"

    @cached_property
    def railway(self) -> "RailwayConnection":
        """The connection to Railway, made on first use."""
        from deploy_verdict.railway.connection import connect_to_service  # noqa: PLC0415  # only then

        known = self.opening_connection
        return known or connect_to_service(
            self.plan, self.environment, clock=self.pace.clock, redactor=self.redactor
        )


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What a session takes from the process: clock, stop request, progress output and variables.

    `environment` holds the process's variables and those of a .env file.
    """

    clock: Clock
    stop: Stop
    tell: Callable[[str], None]
    environment: Mapping[str, str] = field(repr=False)


def read_window(out: Path) -> WindowFile | None:
    """Read the window of a directory; None if none was opened. Raise EvidenceError."""
    path = out / WINDOW_FILE
    try:
        return WindowFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise UsageError(f"{out} is a file — give --out a directory") from error
    except (OSError, ValidationError) as error:
        raise EvidenceError(
            f"{path}: cannot be read as a window ({type(error).__name__}) — choose another --out"
        ) from error


def target_of(file: WindowFile) -> str | None:
    """Return the address under watch, or None if it was redacted and only the plan has it."""
    return file.subject.target if "[redacted" not in file.subject.target else None


def open_window(
    plan: Plan, out: Path, subject: Subject, *, clock: Clock, speed: float, **more: object
) -> WindowFile:
    """Open a window now and write window.json, completely or not at all.

    `more` are further fields of WindowFile.
    """
    window = window_frame(
        t0=clock.now(),
        length_s=plan.window.length,
        offsets_s=plan.window.offsets_s,
        speed=speed,
        seed=plan.sha256,
    )
    file = WindowFile.model_validate(
        {
            **more,
            "window": window,
            "subject": subject,
            "plan_name": plan.name,
            "plan_sha256": plan.sha256,
            "layout": layout_of(plan),
        }
    )
    write_json(out / WINDOW_FILE, file)
    return file


def check_same(file: WindowFile, plan: Plan, subject: Subject, out: Path) -> None:
    """Raise UsageError if the directory holds a window of another plan or target."""
    if file.plan_name != plan.name:
        raise UsageError(f"{out} holds a window of another plan ({file.plan_name}) — choose another --out")
    if file.plan_sha256 != plan.sha256:
        raise UsageError(
            f"{out}: the plan has changed since this window was opened — undo that, choose another --out, or "
            "judge what is there: deploy-verdict judge --corrected-plan"
        )
    if file.subject.target != subject.target:
        raise UsageError(f"{out} holds a window on {file.subject.target} — choose another --out")


def start_session(
    plan: Plan,
    out: Path,
    file: WindowFile,
    runtime: Runtime,
    history: Path | None = None,
    railway: "RailwayConnection | None" = None,
) -> Session:
    """Start a session on an opened window; `railway` is the connection made when it was opened."""
    redactor, clock = Redactor.from_environment(runtime.environment, plan.headers), runtime.clock
    probe = probe_of(plan, clock=clock, redactor=redactor, window_id=file.window.id)
    return Session(
        plan=plan,
        out=out,
        file=file,
        pace=Pace.starting(clock, file.window.t0, file.window.speed),
        probe=probe,
        redactor=redactor,
        stop=runtime.stop,
        tell=runtime.tell,
        history=history or history_file(out),
        environment=runtime.environment,
        opening_connection=railway,
    )


def history_file(out: Path) -> Path:
    """Return the history's file: the directory's own (from a run on GitHub), else the one beside it."""
    own = out / HISTORY_FILE
    return own if own.exists() else out.parent / HISTORY_FILE


def is_taken(session: Session, stage: str, offset_s: float) -> bool:
    """Whether the directory holds a complete evidence file of this sample."""
    return any(
        isinstance(item, Loaded)
        and (item.evidence.stage, item.evidence.offset_s) == (stage, offset_s)
        and item.evidence.window.id == session.file.window.id
        and not item.evidence.interrupted
        for item in read_attempts(session.evidence_dir, stage, offset_s)
    )


class EvidenceFile:
    """The evidence file of one sample. Each save replaces it completely."""

    def __init__(self, session: Session, stage: str, offset_s: float) -> None:
        self._session, self._stage, self._offset_s = session, stage, offset_s
        at_least = int(os.environ.get("GITHUB_RUN_ATTEMPT", "1") or 1)
        self._attempt = next_attempt(session.evidence_dir, stage, offset_s, at_least)
        self._started_at = session.pace.clock.now()
        self.path = session.evidence_dir / evidence_name(stage, offset_s, self._attempt)

    def save(
        self, observations: tuple[Observation, ...], *, interrupted: bool, durable: bool = False
    ) -> None:
        """Write the observations so far; those of a finished sample are always flushed to disk."""
        file = self._session.file
        evidence = Evidence(
            stage=self._stage,
            subject=file.subject,
            window=WindowRef.model_validate(file.window.model_dump()),
            plan_name=file.plan_name,
            plan_sha256=file.plan_sha256,
            tool_version=__version__,
            run_url=run_url(os.environ),
            attempt=self._attempt,
            offset_s=self._offset_s,
            planned_at=plan_time(file.window, self._offset_s),
            started_at=self._started_at,
            finished_at=self._session.pace.clock.now(),
            interrupted=interrupted,
            observations=observations,
        )
        write_json(self.path, evidence, durable=durable or not interrupted)


def run_url(environment: Mapping[str, str]) -> str | None:
    """Return the URL of the GitHub Actions run that this process belongs to, or None outside of one."""
    parts = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else None


def remark(out: Path, sentence: str) -> None:
    """Add a sentence to the top of the report; it replaces one that begins with the same word."""
    file = read_window(out)
    if file is not None:
        word = sentence.partition(" ")[0]
        kept = tuple(item for item in file.remarks if item.partition(" ")[0] != word)
        write_json(out / WINDOW_FILE, file.model_copy(update={"remarks": (*kept, sentence)}))


def note_ended(out: Path, reason: str) -> None:
    """Record why the window ended early."""
    file = read_window(out)
    if file is not None:
        write_json(out / WINDOW_FILE, file.model_copy(update={"ended": reason}))


def finish(out: Path, file: WindowFile) -> None:
    """Mark the window as over, so that no command continues it."""
    write_json(out / WINDOW_FILE, file.model_copy(update={"finished": True}))


def dumps(value: object) -> str:
    """Format a value as --json prints it."""
    return json.dumps(value, ensure_ascii=False, indent=1)
