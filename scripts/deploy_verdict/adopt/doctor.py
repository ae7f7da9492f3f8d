"""Sends each check and selector of a plan once, live and read-only, and finds the plan's weak spots.

The stages' own collectors send the requests, so that a check means the same here as in a window. Nothing that
writes is sent, no load is put on the service, and no evidence is kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Any

from deploy_verdict.adopt.blind_spots import BlindSpot, Path, blind_spots
from deploy_verdict.base.clock import Clock, Pace, Stop
from deploy_verdict.evidence.answers.steps import accept_text, accepted
from deploy_verdict.evidence.pools.pool_samples import pool_samples
from deploy_verdict.expect import Lacking, fault_outcome, fault_text, tested, tested_all, worst
from deploy_verdict.expect.openapi import schema_fields
from deploy_verdict.model import Exchange, Loaded, Outcome, Subject
from deploy_verdict.plan import Answer, Expecting, Plan
from deploy_verdict.plan.placeholders import names_in
from deploy_verdict.plan.reading.positioned_yaml import Position
from deploy_verdict.prove import Proof, Recordings, prove
from deploy_verdict.prove.command import log_reader
from deploy_verdict.redaction.output_guard import cleaned
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.guarded_request import ask_request
from deploy_verdict.stages.write_ledger import Ledger
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.session import Runtime, Session, open_window, start_session
from deploy_verdict.window.sampling.collect import collect, context_of, write_lock

# Enough to show that the gauge answers; whether it moves is for the window to show.
READINGS = 3


@dataclass(frozen=True, kw_only=True)
class ExaminedLine:
    """One line of the plan with the live value; `outcome` is None if nothing was sent."""

    path: Path
    check: str
    text: str
    outcome: Outcome | None
    actual: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All lines in the plan's order, and what a window could not see."""

    target: str
    lines: tuple[ExaminedLine, ...]
    blind_spots: tuple[BlindSpot, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of the lines that were sent; inconclusive if none was."""
        return worst(line.outcome for line in self.lines if line.outcome is not None)


class Doctor:
    """One examination of one plan."""

    def __init__(
        self,
        plan: Plan,
        *,
        clock: Clock,
        stop: Stop,
        environment: Mapping[str, str],
        tell: Callable[[str], None],
        commit: str | None = None,
    ) -> None:
        self._plan, self._commit = gentle(plan), commit
        self._runtime = Runtime(clock=clock, stop=stop, tell=tell, environment=environment)
        self._answers: dict[str, Exchange] = {}

    def examination(self) -> Examination:
        """Send everything once; never raise for what the service answers."""
        with TemporaryDirectory(prefix="deploy-verdict-doctor-") as folder:
            session = self._session(FilePath(folder))
            context = context_of(session, Ledger(sample="doctor", lock=write_lock(session)))
            lines = [*self._health(context), *self._claims(context), *self._suite(context)]
            lines += [*self._pools(session), *self._never()]
        return Examination(
            target=cleaned(self._plan.service.base_url),
            lines=tuple(lines),
            blind_spots=(*self._cannot_fail(), *blind_spots(self._plan)),
        )

    def _session(self, folder: FilePath) -> Session:
        service = self._plan.service
        subject = Subject(target=cleaned(service.base_url), service=service.name, commit=self._commit)
        file = open_window(self._plan, folder, subject, clock=self._runtime.clock, speed=1.0)
        return start_session(self._plan, folder, file, self._runtime)

    def _health(self, context: Context) -> Iterator[ExaminedLine]:
        # A check on the time since T+0 gets as long a time as the window has.
        clock = context.pace.clock
        began = clock.now() - timedelta(seconds=self._plan.window.length)
        since = replace(context, pace=Pace.starting(clock, began, 1.0))
        for index, check in enumerate(self._plan.health):
            yield from self._requested(since, ("health", index), f"health/{check.name}", check)

    def _suite(self, context: Context) -> Iterator[ExaminedLine]:
        """Send the pre-check only; a test's steps depend on each other and belong to a window."""
        e2e = self._plan.e2e
        for index, step in enumerate(e2e.pre_check if e2e else ()):
            if step.together is None:
                yield from self._requested(context, ("e2e", "pre_check", index), f"e2e/{step.name}", step)
        for index, test in enumerate(e2e.tests if e2e else ()):
            yield ExaminedLine(
                path=("e2e", "tests", index),
                check=f"e2e/{test.name}",
                text=f"{len(test.steps)} steps",
                outcome=None,
                actual="not sent: a test's steps belong to a window",
            )

    def _requested(
        self, context: Context, path: Path, name: str, request: Expecting
    ) -> Iterator[ExaminedLine]:
        what = f"{request.method} {request.path}"
        if request.writes or (path[0] == "e2e" and any(names_in([request.path, request.headers]))):
            why = "it writes" if request.writes else "it needs a captured value"
            yield ExaminedLine(path=path, check=name, text=what, outcome=None, actual=f"not sent: {why}")
            return
        exchange = ask_request(context, request)
        if len(path) == 2:
            self._answers[name.partition("/")[2]] = exchange
        advice = _login_advice(exchange)
        for result in tested_all(request.expect.lines, exchange) if request.expect else ():
            yield ExaminedLine(
                path=(*path, "expect", result.expectation.selector),
                check=name,
                text=result.expectation.text,
                outcome=result.outcome,
                actual=result.actual,
                advice="" if result.outcome is Outcome.PASS else advice,
            )
        if request.accept:
            ruling = accepted(request.accept, exchange)
            yield ExaminedLine(
                path=(*path, "accept"),
                check=name,
                text=accept_text(request.accept),
                outcome=ruling.outcome,
                actual=ruling.actual,
                advice="" if ruling.outcome is Outcome.PASS else advice,
            )

    def _claims(self, context: Context) -> Iterator[ExaminedLine]:
        for index, claim in enumerate(self._plan.claims):
            if claim.openapi is None:
                continue
            schema, _, field = claim.openapi.has.rpartition(".")
            headers = self._plan.service.headers
            exchange = context.probe.ask("GET", claim.openapi.get, headers=headers)
            outcome, actual = Outcome.PASS, f"{schema} has {field}"
            found = schema_fields(exchange.body, schema)
            if exchange.fault is not None:
                outcome, actual = fault_outcome(exchange.fault), fault_text(exchange.fault)
            elif isinstance(found, Lacking):
                outcome, actual = Outcome.INCONCLUSIVE, found.reason
            elif field not in found:
                outcome, actual = Outcome.FAIL, f"{schema} has no {field} (it has: {', '.join(found[:12])})"
            yield ExaminedLine(
                path=("claims", index, "openapi"),
                check=f"claims/{claim.commit}",
                text=f"{claim.openapi.get} has {claim.openapi.has}",
                outcome=outcome,
                actual=actual,
            )

    def _pools(self, session: Session) -> Iterator[ExaminedLine]:
        if not self._plan.pools:
            return
        collect(session, "pools", 0.0)
        loaded = [item for item in read_evidence(session.evidence_dir) if isinstance(item, Loaded)]
        for index, pool in enumerate(self._plan.pools):
            sample = next(item for item in pool_samples(self._plan, pool, loaded) if item.offset_s == 0)
            text = f"used {pool.used}, limit {pool.limit}"
            path, name = ("pools", index), f"pools/{pool.name}"
            odd = next((level.contradiction for level in sample.levels if level.contradiction), None)
            outcome, advice = Outcome.PASS, ""
            if not sample.levels:
                outcome = Outcome.FAIL if sample.target_failed else Outcome.INCONCLUSIVE
                actual = "; ".join(sample.reasons) or "no reading"
                advice = "name the two numbers as they stand in the answer: used: $.…, limit: $.…"
            else:
                level = sample.levels[-1]
                actual = f"{level.used:g} of {level.limit:g} in use ({level.percent:.0f} %)"
                if odd:
                    outcome, actual = Outcome.INCONCLUSIVE, f"{actual}; it contradicts itself: {odd}"
                elif level.percent >= pool.attention:
                    outcome = Outcome.FAIL
                    advice = f"find out what holds the connections; {pool.attention:g} % is attention"
            yield ExaminedLine(
                path=path, check=name, text=text, outcome=outcome, actual=actual, advice=advice
            )

    def _never(self) -> Iterator[ExaminedLine]:
        for index, rule in enumerate(self._plan.never):
            asked = {name: answer for name, answer in self._answers.items() if rule.of in (None, name)}
            hit = [
                name
                for name, answer in asked.items()
                if all(tested(line, answer).outcome is Outcome.PASS for line in rule.lines)
            ]
            none = f"in none of {len(asked)} answers"
            yield ExaminedLine(
                path=("never", index),
                check=f"never/{rule.name}",
                text=", ".join(line.text for line in rule.lines),
                outcome=Outcome.FAIL if hit else Outcome.PASS if asked else None,
                actual=f"in the answer of {', '.join(hit)}" if hit else none if asked else "not asked",
            )

    def _cannot_fail(self) -> Iterator[BlindSpot]:
        """Yield the lines that pass on spoilt copies of the live answers, as check --prove finds them."""
        live = {name: (_as_recorded(answer),) for name, answer in self._answers.items() if answer.status}
        if not live:
            return
        for row in prove(self._plan, Recordings(healthy=live), log_reader(self._plan.logs)):
            is_asked = row.path[:1] == ("health",) and self._plan.health[int(row.path[1])].name in live
            if is_asked and row.proof in (Proof.CANNOT_FAIL, Proof.STAYS_GREEN):
                yield BlindSpot(path=row.path, what=f"{row.text}: {row.proof}, {row.why}", write=row.advice)


def gentle(plan: Plan) -> Plan:
    """Return the plan without load: few readings of each pool, nothing beside them, no drives."""
    from deploy_verdict.plan.sections.pools import Burst  # noqa: PLC0415  # one name of another section

    burst = Burst.model_validate({"for": f"{READINGS}s", "every": "1s"})
    bare = {"burst": burst, "beside": (), "return_to_floor": None}
    return plan.model_copy(update={"pools": tuple(pool.model_copy(update=bare) for pool in plan.pools)})


def _as_recorded(exchange: Exchange) -> Answer:
    return Answer.model_validate(
        {"status": exchange.status, "body": exchange.body or "", "headers": dict(exchange.headers)}
    )


def _login_advice(exchange: Exchange) -> str:
    if exchange.status in (401, 403):
        return 'the service wants a login: write service: {auth: {bearer: "${API_TOKEN}"}}, or a login'
    return ""


PlaceOf = Callable[[Path], Position]
MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?", None: "–"}
WORDS = {Outcome.FAIL: "fails", Outcome.INCONCLUSIVE: "cannot be told"}


def examination_lines(name: str, seen: Examination, place_of: PlaceOf) -> Iterator[str]:
    """Yield lines for people: what was sent, what does not hold, and what would make the plan stronger."""
    asked = [line for line in seen.lines if line.outcome is not None]
    good = sum(line.outcome is Outcome.PASS for line in asked)
    yield f"{seen.target}: {good} of {len(asked)} lines hold; asked once, and nothing was written"
    widths = [max((len(getattr(line, key)) for line in seen.lines), default=0) for key in ("check", "text")]
    for line in seen.lines:
        check, text = line.check.ljust(min(widths[0], 30)), line.text.ljust(min(widths[1], 50))
        yield f"  {MARKS[line.outcome]} {check}  {text}  {line.actual}".rstrip()
    bad = [line for line in asked if line.outcome is not Outcome.PASS]
    if bad:
        yield "\nWhat does not hold:"
        for line in bad:
            place = place_of(line.path)
            rest = f" — {line.advice}" if line.advice else ""
            yield f"  {name}:{place.line}:{place.column}: {line.check}: {line.text}: {line.actual}{rest}"
    if seen.blind_spots:
        yield "\nWhat would make the plan stronger:"
        for spot in seen.blind_spots:
            place = place_of(spot.path)
            where = f"{name}:{place.line}:{place.column}" if spot.path else name
            yield f"  {where}: {spot.what}"
            yield f"      write  {spot.write}"
    if not bad:
        yield f"\nNext: deploy-verdict watch --plan {name} --target {seen.target} --out out/first"


def examination_json(name: str, seen: Examination, place_of: PlaceOf) -> dict[str, Any]:
    """Return the examination for programs: `problems` has everything to fix, each with the text to write."""
    problems = [
        _problem(
            name,
            place_of(line.path),
            WORDS[line.outcome],
            f"{line.check}: {line.text}: {line.actual}",
            line.advice,
        )
        for line in seen.lines
        if line.outcome in WORDS
    ]
    problems += [
        _problem(name, place_of(spot.path), "not seen", spot.what, spot.write) for spot in seen.blind_spots
    ]
    return {
        "plan": name,
        "target": seen.target,
        "outcome": seen.outcome.value,
        "lines": [_line(line, place_of) for line in seen.lines],
        "problems": problems,
    }


def _line(line: ExaminedLine, place_of: PlaceOf) -> dict[str, Any]:
    return {
        "path": list(line.path),
        "line": place_of(line.path).line,
        "check": line.check,
        "text": line.text,
        "outcome": line.outcome.value if line.outcome else "not asked",
        "actual": line.actual,
    }


def _problem(name: str, place: Position, kind: str, message: str, write: str) -> dict[str, Any]:
    return {
        "file": name,
        "line": place.line,
        "column": place.column,
        "kind": kind,
        "message": message,
        "write": write,
    }
