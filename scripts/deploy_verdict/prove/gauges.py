"""Changes the gauge in a recorded answer, however the plan takes it from the answer. Pure."""

import re

from deploy_verdict.expect.numbers import AS_TEXT, CONSTANT, JSON, SAMPLE, TEXT, Term, number_in, parse_number
from deploy_verdict.plan import Answer
from deploy_verdict.prove.mutations import with_value
from deploy_verdict.prove.replay import exchange_of


def gauge_in(answer: Answer, number: str) -> float | None:
    """Return the number in a recorded answer; None if it has none."""
    found = number_in(number, exchange_of(answer).body)
    return None if isinstance(found, str) else found


def with_gauge(answer: Answer, number: str, value: float) -> Answer:
    """Return the answer in which a number has this value; its first part that is not a constant changes."""
    now = gauge_in(answer, number)
    term = next(term for term in parse_number(number) if term.kind != CONSTANT)
    if now is None:
        return answer
    by = term.sign * (value - now)
    if term.kind == JSON:
        return with_value(answer, term.what, lambda old: old + by)
    if term.kind == AS_TEXT:
        return with_value(answer, term.what, lambda old: f"{float(old) + by:g}")
    body = exchange_of(answer).body or ""
    return answer.model_copy(update={"json_": None, "body": _written(term, body, by)})


def _written(term: Term, body: str, by: float) -> str:
    """Return a text in which the number of a term is changed, wherever it is."""
    pattern = term.what if term.kind == TEXT else rf"(?m)^{re.escape(term.what)}(?:\{{.*\}})?[ \t]+(\S+)"

    def changed(match: re.Match[str]) -> str:
        start, end = (place - match.start() for place in match.span(1))
        text = match.group(0)
        return f"{text[:start]}{float(match.group(1)) + by:g}{text[end:]}"

    if term.kind == SAMPLE and term.of == "max":
        return re.sub(pattern, changed, body)
    return re.sub(pattern, changed, body, count=1 if term.kind == SAMPLE else 0)
