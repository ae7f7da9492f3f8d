"""What of a plan must be able to fail: each line, rule, limit, pattern and criterion, with its mutants. Pure.

These rows rest on recorded answers and logs; those on synthetic evidence are in synthetic.py. A row must
notice an incident only if that shows in a value which the row tests.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from deploy_verdict.evidence.answers.steps import accepted, tested_answers
from deploy_verdict.expect import Expectation, Found, Matcher, select, tested, worst
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.expect.selectors import type_name
from deploy_verdict.model import Exchange, LogObservation, Outcome
from deploy_verdict.plan import E2E, Answer, Expecting, LogPattern, NeverRule, Pool, Step
from deploy_verdict.plan.checks.references import PRE_CHECK
from deploy_verdict.plan.sections.fixtures import BEFORE_EACH_NAME, PRE_CHECK_NAME, step_name
from deploy_verdict.prove.mutations import Mutation, crossing, fitting, gauge_in, lacking, with_gauge
from deploy_verdict.prove.replay import Answers, ReplayedStep, exchange_of
from deploy_verdict.prove.scenario import SAMPLES, Evaluator, Scenario

Path = tuple[str | int, ...]
ReadLog = Callable[[Sequence[str]], LogObservation]
# Returns None if nothing is recorded that the row could be judged on.
OutcomeOf = Callable[[Scenario], Outcome | None]
# What a row expects, and an answer to it.
Answered = tuple[Expecting, Exchange]
Replayed = Callable[[Scenario], Iterator[ReplayedStep]]
Mutate = Callable[[Answer, str, Matcher], Iterator[Mutation]]
ANY_NUMBER = Matcher(below=0)
ERROR_LINES = 1000


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """One thing that must be able to fail, with its mutants.

    `lacking`: the value is missing, so no mutant may pass; `crossing`: the value is there, and wrong.
    `incident_value` describes what the row must notice in an incident, or returns None. `is_alternative`: the
    healthy answer may be another one. `is_synthetic`: the row rests on evidence that cannot be recorded.
    """

    path: Path
    text: str
    outcome: OutcomeOf
    lacking: tuple[Scenario, ...] = ()
    crossing: tuple[Scenario, ...] = ()
    incident_value: Callable[[Scenario], str | None] = lambda _: None
    is_alternative: bool = False
    is_synthetic: bool = False


SLOWER, SLOWER_BY_MS = 3.0, 1000.0
_NOT_ON_THE_VALUE = {"type", "length", "more_than", "fewer_than", "present", "not_equals"}


@dataclass(frozen=True)
class TestedValue:
    """A value that a row tests: in the answers of `name`, by `selector`, with `matcher`."""

    __test__ = False  # pytest: not a test class
    name: str
    selector: str
    matcher: Matcher


def incident_value(tested: TestedValue, healthy: Answers, incident: Answers) -> str | None:
    """Describe the incident's value if no healthy answer has one like it; else None."""
    usual = list(_values(healthy.get(tested.name, ()), tested.selector))
    for value in _values(incident.get(tested.name, ()), tested.selector) if usual else ():
        if _is_other(value, usual, tested):
            shown = ", ".join(_shown(item) for item in islice(usual, 3))
            return f"{tested.selector} was {_shown(value)} (healthy: {shown})"
    return None


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _values(answers: Sequence[Answer], selector: str) -> Iterator[Any]:
    for answer in answers:
        if answer.fault is None:
            found = select(selector, exchange_of(answer))
            if isinstance(found, Found):
                yield from found.several or (found.value,)


def _is_other(value: Any, usual: Sequence[Any], tested: TestedValue) -> bool:
    if tested.selector == "elapsed":
        return bool(value > max(usual) * SLOWER + SLOWER_BY_MS)
    if set(tested.matcher.operators) <= _NOT_ON_THE_VALUE:
        return type_name(value) not in {type_name(item) for item in usual}
    numbers = [item for item in usual if is_number(item)]
    if is_number(value) and numbers and tested.selector != "status":
        return not min(numbers) <= value <= max(numbers)
    texts = {item for item in usual if isinstance(item, str)}
    if isinstance(value, str) and len(texts) > 1:
        # It already differs between healthy answers, as times and names do.
        return False
    return all(type_name(value) != type_name(item) or value != item for item in usual)


class RecordedRows:
    """The rows that recorded answers and logs can make fail, in the order of the plan."""

    def __init__(self, evaluator: Evaluator, healthy_log: Sequence[str], read_log: ReadLog) -> None:
        self._evaluator, self._plan, self._baseline = evaluator, evaluator.plan, evaluator.baseline
        self._healthy_log, self._read_log = healthy_log, read_log

    def rows(self) -> Iterator[PlanRow]:
        """Yield all rows but the criteria, which rest on these."""
        for index, check in enumerate(self._plan.health):
            answered = partial(self._of_check, check.name, check)
            yield from self._request_rows(("health", index), check.name, check, answered)
        if self._plan.e2e is not None:
            yield from self._step_rows(self._plan.e2e)
        for index, rule in enumerate(self._plan.never):
            yield self._never_row(index, rule)
        for index, pool in enumerate(self._plan.pools):
            yield from self._pool_rows(index, pool)
        yield from self._time_rows()
        yield from self._log_rows()

    def criterion_rows(self, crossing: tuple[Scenario, ...]) -> Iterator[PlanRow]:
        """Yield the success table's rows, with the mutants of all rows on which they may rest."""
        for index, criterion in enumerate(self._plan.criteria):
            yield PlanRow(
                path=("criteria", index),
                text=f"criterion {criterion.name}",
                outcome=partial(self._criterion, criterion.name),
                crossing=crossing,
            )

    def _criterion(self, name: str, scenario: Scenario) -> Outcome:
        criteria = self._evaluator.verdict(scenario).criteria
        return next(item.outcome for item in criteria if item.name == name)

    def _of_check(self, name: str, check: Expecting, scenario: Scenario) -> Iterator[Answered]:
        url = self._plan.url_of(check)
        return ((check, exchange_of(a, check.method, url)) for a in scenario.answers.get(name, ()))

    def _request_rows(
        self, path: Path, name: str, request: Expecting, answered: Callable[[Scenario], Iterable[Answered]]
    ) -> Iterator[PlanRow]:
        """Yield a row for each line of `expect` and each alternative, and one for all alternatives."""
        # The baseline's step has its captured values filled in.
        filled = next((expecting for expecting, _ in answered(self._baseline)), request)

        def row(
            subpath: Path,
            text: str,
            test: Callable[[Expecting, Exchange], Outcome],
            lines: Sequence[Expectation],
            *,
            is_alternative: bool = False,
        ) -> PlanRow:
            def outcome(scenario: Scenario) -> Outcome | None:
                return _worst(test(expecting, exchange) for expecting, exchange in answered(scenario))

            values = [TestedValue(name, line.selector, line.matcher) for line in lines]
            met = outcome if is_alternative else None
            return PlanRow(
                path=(*path, *subpath),
                text=f"{name}: {text}",
                outcome=outcome,
                lacking=self._mutants(lacking, values, met),
                crossing=self._mutants(crossing, values, met),
                incident_value=partial(self._incident_value, values),
                is_alternative=is_alternative,
            )

        for number, line in enumerate(_lines(request)):
            test = partial(_line_outcome, number)
            yield row(("expect", line.selector), line.text, test, [_lines(filled)[number]])
        count = len(request.accept)
        for number, alternative in enumerate(request.accept):
            test = partial(_accept_outcome, slice(number, number + 1))
            lines, text = filled.accept[number].lines, f"accepts {alternative.text}"
            yield row(("accept", number), text, test, lines, is_alternative=count > 1)
        if count > 1:
            # A mutant of one alternative may match another one, so only the status is changed here.
            status = [line for line in request.accept[0].lines if line.selector == "status"]
            test = partial(_accept_outcome, slice(None))
            yield row(("accept",), f"one of {count} alternatives", test, status)

    def _mutants(
        self, mutate: Mutate, values: Sequence[TestedValue], outcome: OutcomeOf | None = None
    ) -> tuple[Scenario, ...]:
        """Change each value in the first healthy answer or, with `outcome`, in the first that passes it."""

        def each(value: TestedValue) -> Iterator[Scenario]:
            mutant = partial(self._baseline.mutant, check=value.name)
            for answer in self._baseline.answers.get(value.name, ()):
                if outcome is None or outcome(mutant("", answers=(answer,))) is Outcome.PASS:
                    for text, other in mutate(answer, value.selector, value.matcher):
                        yield mutant(f"{value.name}: {text}", answers=(other,))
                    return

        return tuple(scenario for value in values for scenario in each(value))

    def _incident_value(self, values: Sequence[TestedValue], incident: Scenario) -> str | None:
        texts = (incident_value(value, self._baseline.answers, incident.answers) for value in values)
        return next(filter(None, texts), None)

    def _step_rows(self, e2e: E2E) -> Iterator[PlanRow]:
        for path, owner, test, part, steps in _parts(e2e):
            for index, step in enumerate(steps):
                name, replayed = step_name(owner, step), partial(self._replayed, test, part, index)
                if step.together is None:
                    yield from self._request_rows((*path, index), name, step, partial(_exchanged, replayed))
                else:
                    yield self._race_row((*path, index, "together", "answers"), name, step, replayed)

    def _replayed(self, test: str, part: str, index: int, scenario: Scenario) -> Iterator[ReplayedStep]:
        for name, steps in self._evaluator.suite(scenario).items():
            if test in ("", name):
                yield from (item for item in steps if (item[1].part, item[1].index) == (part, index))

    def _race_row(self, path: Path, name: str, step: Step, replayed: Replayed) -> PlanRow:
        """Return a race's row; its mutant gives every request what the first one got."""
        wanted = step.together.answers if step.together else {}
        answers = self._baseline.answers.get(name, ())
        same: tuple[Scenario, ...] = ()
        if answers:
            mutation = f"{name}: all answered {answers[0].status}"
            same = (self._baseline.mutant(mutation, name, answers[:1] * len(answers)),)
        return PlanRow(
            path=path,
            text=f"{name}: answers {', '.join(f'{status}: {count}' for status, count in wanted.items())}",
            outcome=lambda scenario: _race_outcome(replayed(scenario)),
            crossing=same,
            incident_value=partial(self._incident_value, [TestedValue(name, "status", Matcher(equals=200))]),
        )

    def _never_row(self, index: int, rule: NeverRule) -> PlanRow:
        """Return a never rule's row; its matchers describe what must not occur."""
        pools, checks = [pool.name for pool in self._plan.pools], [check.name for check in self._plan.health]
        all_names = [rule.of] if rule.of else [*checks, *pools]
        names = [rule.of] if rule.of else checks or pools
        values = [TestedValue(name, line.selector, line.matcher) for name in names for line in rule.lines]

        def outcome(scenario: Scenario) -> Outcome | None:
            if not any(name in scenario.answers for name in all_names):
                return None
            return self._evaluator.outcome(scenario, "never", rule.name, "count")

        def shown_in(incident: Scenario) -> str | None:
            if operators & _QUOTES:
                # The text was taken from the incident, so one of its answers must hold it.
                return "no answer of any incident is such a one"
            # A limit must notice what lies beyond the healthy values; a single value need not.
            return self._incident_value(values, incident) if operators & _LIMITS else None

        operators = {name for line in rule.lines for name in line.matcher.operators}
        recorded = next((name for name in names if self._baseline.answers.get(name)), None)
        without, forbidden = self._never_mutants(rule, recorded) if recorded else ((), ())
        return PlanRow(
            path=("never", index),
            text=f"never: {rule.name}",
            outcome=outcome,
            lacking=without if rule.of else (),
            crossing=forbidden,
            incident_value=shown_in,
        )

    def _never_mutants(self, rule: NeverRule, name: str) -> tuple[tuple[Scenario, ...], tuple[Scenario, ...]]:
        """Return answers without the rule's values, and one that the rule forbids."""
        healthy = forbidden = self._baseline.answers[name][0]
        without = []
        for line in rule.lines:
            fit = fitting(forbidden, line.selector, line.matcher)
            forbidden = next((answer for _, answer in fit), forbidden)
            for text, answer in lacking(healthy, line.selector, line.matcher):
                # A null alert is no alert, so null and other types count against numbers only.
                if line.matcher.speaks_of_numbers or text.endswith(("field removed", "an HTML page")):
                    without.append(self._baseline.mutant(f"{name}: {text}", name, (answer,)))
        text = f"{name}: {', '.join(line.text for line in rule.lines)}"
        return tuple(without), (self._baseline.mutant(text, name, (forbidden,)),)

    def _pool_rows(self, index: int, pool: Pool) -> Iterator[PlanRow]:
        """Yield the rows by which a pool is judged, each with a gauge that crosses its limit."""
        if pool.asks is not None or pool.other_paths:
            return  # a fixture is one answer of the service
        used, limit = pool.used, pool.limit

        def row(
            key: str, text: str, rules: Sequence[str], mutation: str, shares: Sequence[float], of: str = ""
        ) -> PlanRow:
            """Build a row; `of` is the selector in whose value an incident must show."""
            values = [TestedValue(pool.name, of, ANY_NUMBER)] if of.startswith("$") and " " not in of else []
            reached = self._gauge_mutants(pool, mutation, shares)
            return PlanRow(
                path=("pools", index, key) if key else ("pools", index),
                text=f"{pool.name}: {text}",
                outcome=partial(self._finding, pool.name, ("pools", pool.name, *rules)),
                lacking=self._mutants(lacking, values) if reached and key in ("used", "limit") else (),
                crossing=reached,
                incident_value=partial(self._incident_value, values),
            )

        for key, percent, text, rules in (
            ("used", 100.0, f"{used} below {limit}", _LEVEL_RULES),
            ("limit", 100.0, f"{limit} is above {used}", _LEVEL_RULES),
            ("attention", pool.attention, f"attention from {pool.attention:g} %", ("band",)),
            ("critical", pool.critical, f"critical from {pool.critical:g} %", ("band",)),
        ):
            mutation, shares = f"{used} at {percent:g} % of {limit}", [percent / 100] * SAMPLES
            yield row(key, text, rules, mutation, shares, str(limit if key == "limit" else used))
        # These concern how the gauge moves through the window; a pool that stays full does not move.
        mutation, shares = f"{used} rises from look to look", [0.05 + 0.1 * step for step in range(SAMPLES)]
        yield row("", "no growth over the window", ("growth",), mutation, shares)
        if pool.stays_within is not None:
            points = pool.stays_within.points
            # Two samples in a row are a level and one alone is not; a level that stays is for growth to
            # judge.
            mutation, middle = f"{used} swings by {points + 5:g} points", SAMPLES // 2
            shares = [0.0] * SAMPLES
            shares[middle : middle + 2] = [(points + 5) / 100] * 2
            yield row("stays_within", f"stays within {points:g} points", ("stability",), mutation, shares)

    def _gauge_mutants(self, pool: Pool, text: str, shares: Sequence[float]) -> tuple[Scenario, ...]:
        """Return a scenario whose gauge is just above these shares of its limit, if one is recorded."""
        answer = next(iter(self._baseline.answers.get(pool.name, ())), Answer(status=200))
        limit = gauge_in(answer, pool.limit.from_)
        if limit is None or gauge_in(answer, pool.used.from_) is None:
            return ()
        samples = []
        for share in shares:
            gauge = limit * share
            values = (gauge + 0.001, gauge)
            samples.append(tuple(with_gauge(answer, pool.used.from_, value) for value in values))
        name = f"{pool.name}: {text}"
        return (replace(self._baseline, name=name, samples={pool.name: tuple(samples)}),)

    def _finding(self, name: str, finding: Sequence[str], scenario: Scenario) -> Outcome | None:
        """Return the outcome of a finding; None if the scenario has no answers of this name."""
        return self._evaluator.outcome(scenario, *finding) if scenario.answers.get(name) else None

    def _time_rows(self) -> Iterator[PlanRow]:
        """Yield a row for the time limit of each check's answers."""
        section = self._plan.response_times
        if section is None:
            return
        limit_ms = section.limit * 1000
        for label, name in section.of.items():
            values = [TestedValue(name, "elapsed", Matcher(below=limit_ms))]
            yield PlanRow(
                path=("response_times", "of", label),
                text=f"{label}: every answer in less than {limit_ms:.0f} ms",
                outcome=partial(self._finding, name, ("response_times", label, "limit")),
                lacking=self._mutants(lacking, values),
                crossing=self._mutants(crossing, values),
                incident_value=partial(self._incident_value, values),
            )

    def _log_rows(self) -> Iterator[PlanRow]:
        """Yield the log's rows: a forbidden text added, a required one removed, or many errors added."""
        logs, lines = self._plan.logs, self._healthy_log
        if logs is None:
            return
        time = lines[-1].split(" ", 1)[0] if lines else ""

        def row(path: Path, text: str, check: str, mutation: str, wrong: Sequence[str] | None) -> PlanRow:
            rule = "errors" if path[1] == "max_errors" else str(path[1])
            mutants: tuple[Scenario, ...] = ()
            if self._baseline.log is not None and wrong is not None:
                mutants = (replace(self._baseline, name=mutation, log=self._read_log(wrong)),)
            finding = partial(self._log_finding, check, rule)
            return PlanRow(path=path, text=text, outcome=finding, crossing=mutants)

        for index, pattern in enumerate(logs.must_not_appear):
            # No text can be made up for a regular expression; only a real log shows what it matches.
            wrong = None if pattern.text is None else [*lines, f"{time} ERROR spoilt: {pattern.text}"]
            path, text = ("logs", "must_not_appear", index), f"must not appear: {pattern.name}"
            forbidden = row(path, text, pattern.name, "the text in the log", wrong)
            yield replace(forbidden, incident_value=lambda _: "it is not in the incident's log")
        for index, pattern in enumerate(logs.must_appear):
            wrong = [line for line in lines if not _compiled(pattern).search(line)]
            path, text = ("logs", "must_appear", index), f"must appear: {pattern.name}"
            yield row(path, text, pattern.name, "those lines cut out of the log", wrong)
        if logs.max_errors is not None:
            wrong = [*lines, *[f"{time} ERROR spoilt: an error"] * ERROR_LINES]
            text, mutation = (f"{most} lines of level ERROR" for most in (logs.max_errors, ERROR_LINES))
            errors = row(("logs", "max_errors"), f"at most {text}", "log", mutation, wrong)
            yield replace(errors, incident_value=self._more_errors)

    def _log_finding(self, check: str, rule: str, scenario: Scenario) -> Outcome | None:
        return self._evaluator.outcome(scenario, "logs", check, rule) if scenario.log is not None else None

    def _more_errors(self, incident: Scenario) -> str | None:
        if incident.log is None or self._baseline.log is None:
            return None
        before, then = (log.levels.get("ERROR", 0) for log in (self._baseline.log, incident.log))
        return f"{then} lines of level ERROR (healthy: {before})" if then > before else None


_LEVEL_RULES = ("samples", "gauge", "band", "exhaustion")
_QUOTES = {"contains", "matches"}
_LIMITS = {"below", "at_most", "above", "at_least", "between", "not_equals"}


def _lines(request: Expecting) -> Sequence[Expectation]:
    return request.expect.lines if request.expect else ()


def _line_outcome(number: int, request: Expecting, exchange: Exchange) -> Outcome:
    return tested(_lines(request)[number], exchange).outcome


def _accept_outcome(which: slice, request: Expecting, exchange: Exchange) -> Outcome:
    return accepted(request.accept[which], exchange).outcome


def _worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    found = list(outcomes)
    return worst(found) if found else None


def _parts(e2e: E2E) -> Iterator[tuple[Path, str, str, str, tuple[Step, ...]]]:
    """Yield path, the part's name in recorded answers, its test ("": any), its name in records, its steps."""
    yield ("e2e", "pre_check"), PRE_CHECK_NAME, PRE_CHECK, "steps", e2e.pre_check
    yield ("e2e", "before_each"), BEFORE_EACH_NAME, "", "before_each", e2e.before_each
    for number, test in enumerate(e2e.tests):
        for part in ("start", "steps", "cleanup"):
            yield ("e2e", "tests", number, part), test.name, test.name, part, getattr(test, part)


def _exchanged(replayed: Replayed, scenario: Scenario) -> Iterator[Answered]:
    for step, record in replayed(scenario):
        if record.exchange is not None:
            yield step, record.exchange


def _race_outcome(replayed: Iterable[ReplayedStep]) -> Outcome | None:
    return _worst(
        tested_answers(step.together, record.race).outcome
        for step, record in replayed
        if step.together is not None and record.race is not None
    )


def _compiled(pattern: LogPattern) -> re.Pattern[str]:
    return re.compile(pattern.regex or re.escape(pattern.text or ""))
