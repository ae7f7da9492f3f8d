"""Proving a plan on what was recorded beside it: the files are read here, and the log by its own reviewer."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy_verdict.base.errors import PlanError, Problem, UsageError
from deploy_verdict.model import Fault, LogObservation, VerdictOutcome
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.plan import Answer, Logs, Plan, Recording
from deploy_verdict.plan.positioned_yaml import Document
from deploy_verdict.plan.positioned_yaml import Path as Steps
from deploy_verdict.plan.reader import read_recording
from deploy_verdict.plan.sections.fixtures import RecordedLog
from deploy_verdict.prove import Incident, Recorded, not_looked_at, prove
from deploy_verdict.prove.output import proof_json, proof_lines
from deploy_verdict.stages.logs.review import review
from deploy_verdict.stages.logs.source_lines import SourceLine, parsed
from deploy_verdict.window.session import dumps

MAX_BYTES = 1_000_000


def proof_of(path: Path, plan: Plan, document: Document, *, as_json: bool) -> tuple[str, int]:
    """What is to be printed, and the exit code: 0 when every row can fail, else 12."""
    recorded = _Files(path, plan, document).recorded()
    proven = prove(plan, recorded, log_reader(plan.logs))

    def place_of(steps: Steps) -> str:
        place = document.place(steps)
        return f"{place.line}:{place.column}"

    blind = not_looked_at(plan)
    text = (
        dumps(proof_json(proven, place_of, not_looked_at=blind))
        if as_json
        else "\n".join(proof_lines(str(path), proven, place_of, not_looked_at=blind))
    )
    is_proven = bool(proven) and all(row.is_proven for row in proven)
    return text, 0 if is_proven else EXIT_CODES[VerdictOutcome.INCONCLUSIVE]


class _Lines:
    """Recorded lines as a source for the reviewer."""

    def __init__(self, lines: Sequence[SourceLine]) -> None:
        self.name, self.fault, self.incomplete = "the recorded log", None, ()
        self._lines = lines

    name: str
    fault: Fault | None
    incomplete: tuple[str, ...]

    def lines(self) -> Iterator[SourceLine]:
        yield from self._lines


def log_reader(logs: Logs | None) -> Callable[[Sequence[str]], LogObservation]:
    """The reviewer of the logs stage, for lines that tell of a whole window."""

    def read(lines: Sequence[str]) -> LogObservation:
        read_lines = [parsed(line, None) for line in lines]
        times = [line.at for line in read_lines if line.at is not None] or [datetime(2026, 1, 1, tzinfo=UTC)]
        end = max(times) + timedelta(seconds=1)
        asked = logs if logs is not None else Logs.model_validate({"must_not_appear": ["-"]})
        return review(asked, _Lines(read_lines), start=min(times), end=end, redact=lambda text: text)

    return read


@dataclass(frozen=True)
class _Files:
    """The plan's folder: nothing outside it is read."""

    path: Path
    plan: Plan
    document: Document

    def recorded(self) -> Recorded:
        fixtures = self.plan.fixtures
        if fixtures is None:
            raise UsageError(
                f"{self.path}: nothing is recorded, so nothing can be proven — add `fixtures: "
                "{healthy: …, incident: …}` with the incident's own answers"
            )
        incidents = [
            Incident(
                name=Path(recording.file).stem if recording.file else f"incident {number + 1}",
                answers=self._answers(recording, ("fixtures", "incident", number)),
            )
            for number, recording in enumerate(fixtures.incident)
        ]
        logs = fixtures.logs
        return Recorded(
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
        return {name: tuple(self._with_body(a, steps) for a in given) for name, given in answers.items()}

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
