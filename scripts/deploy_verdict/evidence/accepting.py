"""Alternatives: an answer is as it should be when one of them holds whole. Pure."""

from collections.abc import Sequence

from deploy_verdict.expect import Tested, described, tested_all, worst
from deploy_verdict.model import Exchange, Outcome
from deploy_verdict.plan import Alternative


def accept_text(alternatives: Sequence[Alternative]) -> str:
    """All acceptable outcomes as one expectation."""
    return "accepts " + " or ".join(f"({alternative.text})" for alternative in alternatives)


def accepted(alternatives: Sequence[Alternative], exchange: Exchange) -> tuple[Outcome, str]:
    """The outcome, and what was seen in words.

    An alternative is met when its status is the answer's. A met one that fails on a value that could be
    read decides (the answer is of that kind, and wrong); else one that cannot be read leaves it open.
    """
    results = [tested_all(alternative.lines, exchange) for alternative in alternatives]
    outcomes = [worst(line.outcome for line in lines) for lines in results]
    if Outcome.PASS in outcomes:
        number = outcomes.index(Outcome.PASS)
        because = alternatives[number].because
        return Outcome.PASS, ", ".join(map(_told, results[number])) + (f" ({because})" if because else "")
    if exchange.fault is not None:
        return worst(outcomes), _first(results[0], worst(outcomes))
    for lines in results:
        if _is_met(lines) and Outcome.INCONCLUSIVE not in {line.outcome for line in lines}:
            return Outcome.FAIL, _first(lines, Outcome.FAIL)
    if Outcome.INCONCLUSIVE in outcomes:
        lines = results[outcomes.index(Outcome.INCONCLUSIVE)]
        return Outcome.INCONCLUSIVE, _first(lines, Outcome.INCONCLUSIVE)
    return Outcome.FAIL, "none of them: " + "; ".join(_first(lines, Outcome.FAIL) for lines in results)


def _is_met(lines: Sequence[Tested]) -> bool:
    status = [line.outcome for line in lines if line.expectation.selector == "status"]
    return bool(status) and all(outcome is Outcome.PASS for outcome in status)


def _first(lines: Sequence[Tested], outcome: Outcome) -> str:
    return next((_told(line) for line in lines if line.outcome is outcome), "")


def _told(line: Tested) -> str:
    selector, actual = line.expectation.selector, line.actual
    if line.outcome is Outcome.PASS:
        return f"{selector} {actual}"
    if line.outcome is Outcome.INCONCLUSIVE:
        return f"{selector}: {actual}"
    if line.no_answer:
        return actual
    return f"{selector} is {actual}, wanted {described(line.expectation.matcher, selector)}"
