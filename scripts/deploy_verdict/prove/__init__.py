"""Can the plan fail? Every line, rule, limit, pattern and criterion on recorded answers, by the judge itself.

Healthy answers must pass. The incident's own answers, or healthy ones that are spoilt in one place, must
turn each row red; and no answer without the field in question may leave it green. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.plan import Answer, NeverRule, Plan
from deploy_verdict.prove.decision import MovedIn, Proof, Proven, decided
from deploy_verdict.prove.evaluator import Court
from deploy_verdict.prove.incident_effect import moved
from deploy_verdict.prove.mutants import ReadLog, Spoilt, of_line, of_log, of_never, of_pool, of_race
from deploy_verdict.prove.rows import Path, Row, line_rows
from deploy_verdict.prove.rules import criterion_rows, log_rows, never_row, pool_rows, time_rows
from deploy_verdict.prove.scenes import Scene
from deploy_verdict.prove.synthetic import made_for
from deploy_verdict.prove.synthetic_rows import made_rows
from deploy_verdict.stages.registry import loads

__all__ = ["Incident", "Proof", "Proven", "Recorded", "not_looked_at", "prove"]


@dataclass(frozen=True, kw_only=True)
class Incident:
    """The answers of one incident."""

    name: str
    answers: Mapping[str, tuple[Answer, ...]]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """All that was recorded; bodies that stand in files are read. Logs are lines."""

    healthy: Mapping[str, tuple[Answer, ...]]
    incidents: tuple[Incident, ...] = ()
    healthy_log: tuple[str, ...] | None = None
    incident_log: tuple[str, ...] | None = None


def prove(plan: Plan, recorded: Recorded, read_log: ReadLog) -> tuple[Proven, ...]:
    """Every row of the plan, in its order; then the verdict on each incident as a whole."""
    return tuple(_Prover(plan, recorded, read_log).rows())


def not_looked_at(plan: Plan) -> tuple[str, ...]:
    """The stages of which nothing can be recorded, and for which nothing healthy can be made up."""
    return tuple(stage for stage in loads() if stage in plan.stages)


class _Prover:
    def __init__(self, plan: Plan, recorded: Recorded, read_log: ReadLog) -> None:
        self.read_log, self.recorded = read_log, recorded
        log = read_log(recorded.healthy_log) if plan.logs and recorded.healthy_log else None
        self.healthy = Scene(name="healthy", answers=recorded.healthy, log=log, made=made_for(plan))
        self.incidents = [
            Scene(name=item.name, answers=item.answers, made=self.healthy.made) for item in recorded.incidents
        ]
        self.court = Court(plan, self.healthy)
        self.asked, self.plan = plan, self.court.plan
        self.log_scenes: list[Scene] = []
        if plan.logs and recorded.incident_log:
            incident_log = read_log(recorded.incident_log)
            self.log_scenes.append(Scene(name="the incident's log", answers={}, log=incident_log))
        self.scenes: list[Scene] = []

    def rows(self) -> Iterator[Proven]:
        for row in line_rows(self.plan, self.court):
            is_race = row.path[-1] == "answers"
            yield self._decided(row, of_race(row, self.healthy) if is_race else of_line(row, self.healthy))
        for index, rule in enumerate(self.plan.never):
            row = never_row(self.plan, self.court, index, rule)
            yield self._decided(row, of_never(rule, row, self.healthy), rule)
        yield from self._pools()
        for row in time_rows(self.plan, self.court):
            yield self._decided(row, of_line(row, self.healthy))
        yield from self._logs()
        for row, spoilt in made_rows(self.asked, self.court):
            yield self._decided(row, spoilt)
        for row in criterion_rows(self.plan, self.court):
            yield self._decided(row, Spoilt(crossing=tuple(self.scenes)))
        yield from self._verdicts()

    def _decided(self, row: Row, spoilt: Spoilt, rule: NeverRule | None = None) -> Proven:
        self.scenes += spoilt.crossing

        def moved_in(incident: Scene) -> str | None:
            if rule is not None and _quotes(rule):
                return "no answer of any incident is such a one"
            if rule is not None and not _is_limit(rule):
                return None
            return next(filter(None, (moved(seen, self.healthy, incident) for seen in row.seen)), None)

        is_criterion = row.path[0] == "criteria"
        incidents = [*self.incidents, *self.log_scenes] if is_criterion else self.incidents
        return decided(row, self.healthy, incidents, spoilt, moved_in)

    def _pools(self) -> Iterator[Proven]:
        for index, pool in enumerate(self.plan.pools):
            for row in pool_rows(self.court, index, pool):
                key = "growth" if len(row.path) == 2 else str(row.path[-1])
                has_any = bool(self.healthy.answers.get(pool.name))
                spoilt = of_pool(pool, key, self.healthy) if has_any else Spoilt()
                yield self._decided(row, spoilt)

    def _logs(self) -> Iterator[Proven]:
        for row, pattern in log_rows(self.plan.logs) if self.plan.logs else ():
            lines, rule = self.recorded.healthy_log or (), str(row.path[1])
            spoilt = Spoilt()
            if self.healthy.log is not None:
                spoilt = of_log(pattern, rule, lines, self.healthy, self.read_log)
            self.scenes += spoilt.crossing
            yield decided(row, self.healthy, self.log_scenes, spoilt, self._log_moved(rule))

    def _log_moved(self, rule: str) -> MovedIn:
        def moved_in(incident: Scene) -> str | None:
            if rule == "must_not_appear":
                return "it is not in the incident's log"
            if rule == "max_errors" and incident.log and self.healthy.log:
                before, then = (log.levels.get("ERROR", 0) for log in (self.healthy.log, incident.log))
                return f"{then} lines of level ERROR (healthy: {before})" if then > before else None
            return None

        return moved_in

    def _verdicts(self) -> Iterator[Proven]:
        for index, scene in enumerate(self.incidents):
            outcome = self.court.verdict(scene).outcome
            is_bad = outcome in (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION)
            several = len(self.incidents) > 1
            path: Path = ("fixtures", "incident", index) if several else ("fixtures", "incident")
            yield Proven(
                path=path,
                told=f"the verdict on {scene.name}",
                proof=Proof.INCIDENT if is_bad else Proof.CANNOT_FAIL,
                why=f"{outcome.shown} in {scene.name}" if is_bad else f"it would be {outcome.shown}",
                advice="" if is_bad else "write a line that fails on these answers",
            )


def _quotes(rule: NeverRule) -> bool:
    """A text was taken from the incident, so an answer of the incident must hold it."""
    return any({"contains", "matches"} & set(line.matcher.operators) for line in rule.lines)


_LIMITS = {"below", "at_most", "above", "at_least", "between", "not_equals"}


def _is_limit(rule: NeverRule) -> bool:
    """A rule against one value says nothing of others; a limit must notice what lies beyond the healthy."""
    return any(_LIMITS & set(line.matcher.operators) for line in rule.lines)
