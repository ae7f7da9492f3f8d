"""What a step of the suite expects, tested on what it gave. Pure.

The collector asks only whether to go on; the judge asks again, with the plan that it is given.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.accepting import accept_text, accepted
from deploy_verdict.expect import fault_outcome, shown, tested, told_fault, worst
from deploy_verdict.model import Exchange, Outcome, Race, Severity, Whose
from deploy_verdict.plan import Expecting, Together

# The faults of deploy_verdict.http.faults that leave no connection; that module is no pure one.
NOT_CONNECTED = ("refused", "connect-timeout", "unreachable", "dns")


@dataclass(frozen=True)
class Result:
    """One thing, tested: `told` says in words what was wanted and what came; a pass needs no words."""

    outcome: Outcome
    told: str = ""
    severity: Severity | None = None
    because: str | None = None


PASSED = Result(Outcome.PASS)


def step_label(part: str, index: int, name: str) -> str:
    """A step as messages name it: "step 2 'PAUSAR ARM'", "cleanup step 1 'release'"."""
    words = {"steps": "step", "before_each": "before_each step"}
    return f"{words.get(part, f'{part} step')} {index + 1} '{name}'"


def worst_result(results: Sequence[Result]) -> Result:
    """The first of the worst; the severity is that of the worst fail. Nothing at all is inconclusive."""
    outcome = worst(result.outcome for result in results)
    first = next((result for result in results if result.outcome is outcome), None)
    if first is None:
        return Result(Outcome.INCONCLUSIVE, "nothing was tested")
    if outcome is not Outcome.FAIL:
        return first
    failed = [result.severity or Severity.P1 for result in results if result.outcome is Outcome.FAIL]
    return Result(outcome, first.told, min(failed), first.because)


def tested_step(step: Expecting, exchange: Exchange) -> Result:
    """Test `expect` and `accept` on an answer."""
    return worst_result(tuple(_results(step, exchange)))


def _results(step: Expecting, exchange: Exchange) -> Iterator[Result]:
    for line in step.expect.lines if step.expect else ():
        result = tested(line, exchange)
        matcher = line.matcher
        yield Result(
            result.outcome,
            f"{line.text} — {result.actual}",
            matcher.severity,
            # What a wrong value means is not known where there was no value.
            None if exchange.fault is not None else matcher.else_ or matcher.because,
        )
    if step.accept:
        outcome, told = accepted(step.accept, exchange)
        yield PASSED if outcome is Outcome.PASS else Result(outcome, f"{accept_text(step.accept)} — {told}")


def is_targets_trouble(exchange: Exchange) -> bool:
    """Whether the target itself is broken here: it gave no answer by its own fault, or a 5xx."""
    if exchange.fault is not None and exchange.fault.whose in (Whose.TARGET, Whose.EDGE):
        return True
    return exchange.status is not None and exchange.status >= 500


def may_have_written(exchange: Exchange) -> bool:
    """Whether there may be something to restore: a request other than a read reached the target."""
    if exchange.method in ("GET", "HEAD"):
        return False
    return exchange.fault is None or exchange.fault.kind not in NOT_CONNECTED


def told_body(exchange: Exchange) -> str:
    """The start of a 4xx or 5xx answer's body, to stand after its status: there the reason is told."""
    is_refusal = exchange.fault is None and exchange.status is not None and exchange.status >= 400
    return f": {shown(exchange.body)}" if is_refusal and exchange.body else ""


def tested_race(together: Together, race: Race) -> Result:
    """Right answers count only when all requests were under way at one moment."""
    answers = tested_answers(together, race)
    if answers.outcome is not Outcome.PASS or overlapped(race):
        return answers
    tries = f", {race.tries} tries" if race.tries > 1 else ""
    first_end_ms = min(race.ends_ms, default=0.0)
    return Result(
        Outcome.INCONCLUSIVE,
        f"the requests did not overlap in time (starts {race.spread_ms:.1f} ms apart, the first ended "
        f"after {first_end_ms:.1f} ms{tries}): a race was not tested",
    )


def overlapped(race: Race) -> bool:
    """Whether the last request began before the first one ended."""
    timed = len(race.starts_ms) == len(race.ends_ms) == len(race.exchanges) > 0
    return race.overlapped and timed and max(race.starts_ms) < min(race.ends_ms)


def tested_answers(together: Together, race: Race) -> Result:
    """Count the answers of each status, and test what each request of the race expects of its own."""
    results = [_counted(together, race)]
    if len(race.exchanges) == together.size:
        own = [request for request in together.requests for _ in range(together.times)]
        results += [
            tested_step(step, answer)
            for step, answer in zip(own, race.exchanges, strict=True)
            if step.expect is not None or step.accept
        ]
    return worst_result(results)


def _counted(together: Together, race: Race) -> Result:
    wanted = together.wanted()
    faults = [exchange.fault for exchange in race.exchanges if exchange.fault is not None]
    seen = Counter(
        exchange.status
        for exchange in race.exchanges
        if exchange.fault is None and exchange.status is not None
    )
    told = _told_counts(wanted, seen, race)
    if any(count > wanted.get(status, 0) for status, count in seen.items()):
        return Result(Outcome.FAIL, told)
    if faults:
        outcomes = [fault_outcome(fault) for fault in faults]
        first = faults[outcomes.index(worst(outcomes))]
        return Result(worst(outcomes), f"{len(faults)} gave no answer ({told_fault(first)}); {told}")
    if len(race.exchanges) != together.size or seen != Counter(wanted):
        return Result(Outcome.INCONCLUSIVE, f"{len(race.exchanges)} of {together.size} recorded; {told}")
    return PASSED


def _told_counts(wanted: dict[int, int], seen: Counter[int], race: Race) -> str:
    statuses = [*wanted, *sorted(seen.keys() - wanted.keys())]
    counts = [f"{seen[status]} answered {status}" for status in statuses]
    listed = " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)
    right = ", ".join(f"{count} × {status}" for status, count in wanted.items())
    return f"{listed}; wanted {right}; starts {race.spread_ms:.1f} ms apart"
