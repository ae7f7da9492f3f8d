"""Proves a plan on the answers and logs recorded beside it: reads the files, and prints the proof."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy_verdict.base.errors import PlanError, Problem, UsageError
from deploy_verdict.model import Fault, LogObservation, VerdictOutcome
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.plan import Answer, Logs, Plan, Recording
from deploy_verdict.plan.reading.positioned_yaml import Document
from deploy_verdict.plan.reading.positioned_yaml import Path as Steps
from deploy_verdict.plan.reading.reader import read_recording
from deploy_verdict.plan.sections.fixtures import RecordedLog
from deploy_verdict.prove import RecordedIncident, Recordings, prove, unrecordable_stages
from deploy_verdict.prove.decision import Proof, ProvenRow
from deploy_verdict.stages.logs.counting.review import review
from deploy_verdict.stages.logs.lines.line_reader import LineReader
from deploy_verdict.stages.logs.lines.source_lines import SourceLine
from deploy_verdict.window.directory.session import dumps

MAX_BYTES = 1_000_000


def proof_of(path: Path, plan: Plan, document: Document, *, as_json: bool) -> tuple[str, int]:
    """Return the text to print and the exit code: 0 when every row can fail, else 12."""
    recordings = _Files(path, plan, document).recordings()
    proven = tuple(prove(plan, recordings, log_reader(plan.logs)))

    def place_of(steps: Steps) -> str:
        place = document.place(steps)
        return f"{place.line}:{place.column}"

    unrecordable = unrecordable_stages(plan)
    text = (
        dumps(_proof_json(proven, place_of, unrecordable=unrecordable))
        if as_json
        else "\n".join(_proof_lines(str(path), proven, place_of, unrecordable=unrecordable))
    )
    is_proven = bool(proven) and all(row.is_proven for row in proven)
    return text, 0 if is_proven else EXIT_CODES[VerdictOutcome.INCONCLUSIVE]


@dataclass
class _RecordedLines:
    """Recorded lines as a source for the reviewer."""

    recorded: Sequence[SourceLine]
    name: str = "the recorded log"
    fault: Fault | None = None
    incomplete: tuple[str, ...] = ()

    def lines(self) -> Iterator[SourceLine]:
        yield from self.recorded


def log_reader(logs: Logs | None) -> Callable[[Sequence[str]], LogObservation]:
    """Return the logs stage's reviewer, for the lines of a complete window."""

    def read(lines: Sequence[str]) -> LogObservation:
        reader = LineReader()
        reader.learn(lines)
        read_lines = [reader.read(line) for line in lines]
        times = [line.at for line in read_lines if line.at is not None] or [datetime(2026, 1, 1, tzinfo=UTC)]
        end = max(times) + timedelta(seconds=1)
        wanted = logs if logs is not None else Logs.model_validate({"must_not_appear": ["-"]})
        return review(wanted, _RecordedLines(read_lines), start=min(times), end=end, redact=lambda text: text)

    return read


@dataclass(frozen=True)
class _Files:
    """The plan's folder; nothing outside it is read."""

    path: Path
    plan: Plan
    document: Document

    def recordings(self) -> Recordings:
        fixtures = self.plan.fixtures
        if fixtures is None:
            raise UsageError(
                f"{self.path}: nothing is recorded, so nothing can be proven — add `fixtures: "
                "{healthy: …, incident: …}` with the incident's own answers"
            )
        incidents = [
            RecordedIncident(
                name=Path(recording.file).stem if recording.file else f"incident {number + 1}",
                answers=self._answers(recording, ("fixtures", "incident", number)),
            )
            for number, recording in enumerate(fixtures.incident)
        ]
        logs = fixtures.logs
        return Recordings(
            healthy=self._answers(fixtures.healthy, ("fixtures", "healthy")),
            incidents=tuple(incidents),
            healthy_log=self._log(logs.healthy, "healthy") if logs else None,
            incident_log=self._log(logs.incident, "incident") if logs and logs.incident else None,
        )

    def _answers(self, recording: Recording, steps: Steps) -> Mapping[str, tuple[Answer, ...]]:
        answers: Mapping[str, tuple[Answer, ...]] = recording.answers
        if recording.file is not None:
            data = self._read(recording.file, steps)
            answers = read_recording(data, str(self.path.parent / recording.file), self.plan)
        return {name: tuple(self._with_body(a, steps) for a in several) for name, several in answers.items()}

    def _with_body(self, answer: Answer, steps: Steps) -> Answer:
        if answer.file is not None:
            body = self._read(answer.file, steps).decode("utf-8", "replace")
            return answer.model_copy(update={"body": body, "file": None})
        if "json_" in answer.model_fields_set:
            return answer.model_copy(update={"body": json.dumps(answer.json_, ensure_ascii=False)})
        return answer

    def _log(self, log: RecordedLog, which: str) -> tuple[str, ...]:
        if log.file is None:
            return log.lines
        text = self._read(log.file, ("fixtures", "logs", which)).decode("utf-8", "replace")
        return tuple(text.splitlines())

    def _read(self, name: str, steps: Steps) -> bytes:
        folder, path = self.path.parent.resolve(), (self.path.parent / name).resolve()
        if not path.is_relative_to(folder):
            raise self._refused(steps, f"{name!r} leads out of the plan's folder")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise self._refused(steps, f"{name!r} cannot be read ({error.strerror})") from error
        if len(data) > MAX_BYTES:
            raise self._refused(steps, f"{name!r} has {len(data)} bytes — keep at most {MAX_BYTES}")
        return data

    def _refused(self, steps: Steps, message: str) -> PlanError:
        place = self.document.place(steps)
        return PlanError(str(self.path), (Problem(line=place.line, column=place.column, message=message),))


PlaceOf = Callable[[Steps], str]
LONGEST = 64


def _proof_lines(
    name: str, proven: Sequence[ProvenRow], place_of: PlaceOf, *, unrecordable: Sequence[str] = ()
) -> Iterator[str]:
    """Yield lines for people; places are LINE:COLUMN in the plan's file."""
    unproven = [row for row in proven if not row.is_proven]
    summary = f"{name}: {len(proven) - len(unproven)} of {len(proven)} rows can fail"
    yield summary + (
        f"; {len(unproven)} {'is' if len(unproven) == 1 else 'are'} unproven:" if unproven else "."
    )
    for row in unproven:
        yield f"  {name}:{place_of(row.path)}: {row.text} — {row.proof}: {row.why}; {row.advice}"
    yield ""
    cells = [(place_of(row.path), _short(row.text), str(row.proof), row.why) for row in proven]
    cells.insert(0, ("place", "what", "can it fail?", "how that is known"))
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    for *first, how in cells:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(first, widths, strict=True)), how])
    yield ""
    silent = sum(row.proof is Proof.NOT_RECORDED for row in proven)
    if silent:
        yield f"{silent} rows were turned red by spoilt answers only: no incident answer of them is there."
    if unrecordable:
        yield f"Not looked at: {', '.join(unrecordable)}. Their answers cannot be recorded here."


def _proof_json(proven: Sequence[ProvenRow], place_of: PlaceOf, *, unrecordable: Sequence[str]) -> Any:
    """Return the proof for --json."""
    rows = [
        {
            "place": place_of(row.path),
            "path": list(row.path),
            "what": row.text,
            "proof": row.proof.value,
            "proven": row.is_proven,
            "why": row.why,
            "advice": row.advice,
        }
        for row in proven
    ]
    return {
        "proven": all(row.is_proven for row in proven),
        "not_looked_at": list(unrecordable),
        "rows": rows,
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
