"""Numbers in a response from which gauges are made: a sum of terms, each a value that is looked up. Pure.

A term is a constant, `$.json.path`, `number: $.json.path` (a number written as text), `text: REGEX` (its
group), `prometheus: name{label="value"}` (also sum(…), max(…), min(…) of several samples), or the name of a
database server's count. Terms are joined by " + " and " - ". There is nothing else: no expression language,
nothing that is executed.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from deploy_verdict.expect.selectors import Found, Lacking, check_selector, select_json, type_name

CONSTANT, JSON, AS_TEXT, TEXT, SAMPLE, NAME = "constant", "json", "number", "text", "prometheus", "name"
_JOINT = re.compile(r"\s+([+-])\s+(?=\$|(?:number|text|prometheus):|[0-9a-z_])")
_LOOKED_UP = re.compile(r"\$|(?:number|text|prometheus):")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_SEVERAL = re.compile(r"(sum|max|min)\((.*)\)", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*(?:\{.*\})?")
_FORMS = '$.json.path, number: $.json.path, text: REGEX, prometheus: name{label="value"}, or a number'


@dataclass(frozen=True)
class Term:
    """One part of a number: its sign, its kind, and where it stands. `of`: sum, max or min."""

    sign: int
    kind: str
    what: str
    of: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=512)
def parse_number(text: str) -> tuple[Term, ...]:
    """Return the terms of a number; raise ValueError, with what to write instead."""
    return tuple(_term(sign, piece.strip()) for sign, piece in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    sign, start = 1, 0
    for joint in _JOINT.finditer(text):
        piece = text[start : joint.start()].strip()
        # A regular expression may hold anything; a term after it is recognized by its own first word.
        if piece.startswith("text:") and not _LOOKED_UP.match(text, joint.end()):
            continue
        if not piece or (not piece.startswith("text:") and _is_open(piece)):
            continue
        yield sign, piece
        sign, start = (1 if joint.group(1) == "+" else -1), joint.end()
    yield sign, text[start:]


def _is_open(piece: str) -> bool:
    """Return whether a bracket or quotation mark of a term is not closed yet."""
    return any(piece.count(a) != piece.count(b) for a, b in ("[]", "{}", "()")) or any(
        piece.count(mark) % 2 for mark in "\"'"
    )


def _term(sign: int, piece: str) -> Term:
    kind, colon, rest = piece.partition(":")
    what = rest.strip()
    if _PLAIN_NUMBER.fullmatch(piece):
        return Term(sign, CONSTANT, piece)
    if piece.startswith("$"):
        check_selector(piece)
        return Term(sign, JSON, piece)
    if colon and kind == AS_TEXT:
        if not what.startswith("$"):
            raise ValueError(f"{piece!r}: number: takes a JSON path, such as number: $.pool.used")
        check_selector(what)
        return Term(sign, AS_TEXT, what)
    if colon and kind == TEXT:
        return _text_term(sign, what)
    if colon and kind == SAMPLE:
        return _sample_term(sign, what)
    if _NAME.fullmatch(piece):
        return Term(sign, NAME, piece)
    if re.fullmatch(r"[A-Za-z_:][\w:]*\{.*\}", piece):
        raise ValueError(f"{piece!r} is not a number of an answer — write prometheus: {piece} for a metric")
    raise ValueError(f"{piece!r} is not a number of an answer — write {_FORMS}; join them with + or -")


def _text_term(sign: int, pattern: str) -> Term:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"text: {pattern!r} is not a regular expression ({error})") from error
    if groups != 1:
        raise ValueError(f"text: {pattern!r} has {groups} groups — mark the number with one, such as (\\d+)")
    if re.search(r"\)\s+[+-]\s+[0-9.]+$", pattern):
        raise ValueError(f"text: {pattern!r} ends in a number to add — write the number first: 20 - text: …")
    return Term(sign, TEXT, pattern)


def _sample_term(sign: int, text: str) -> Term:
    several = _SEVERAL.fullmatch(text)
    of, one = (several.group(1), several.group(2).strip()) if several else ("", text)
    problem = f'prometheus: {text!r} is not a sample — write one such as db_pool_in_use{{pool="main"}}'
    if not _METRIC.fullmatch(one):
        raise ValueError(problem)
    try:
        samples = list(_samples(f"{one} 0\n"))
    except ValueError as error:
        raise ValueError(problem) from error
    if len(samples) != 1:
        raise ValueError(problem)
    name, labels, _ = samples[0]
    return Term(sign, SAMPLE, name, of, tuple(sorted(labels.items())))


def names_in_number(text: str) -> tuple[str, ...]:
    """Return the names of a server's counts that a number needs."""
    return tuple(term.what for term in parse_number(text) if term.kind == NAME)


def metrics_alone(text: str) -> tuple[str, ...] | None:
    """Return the metrics that a number needs, if it needs nothing else of the response; else None."""
    terms = [term for term in parse_number(text) if term.kind != CONSTANT]
    return tuple(term.what for term in terms) if all(term.kind == SAMPLE for term in terms) else None


def number_in(text: str, body: str | None, *, truncated: bool = False) -> float | str:
    """Return the number in a response's body, or why there is none."""
    total = 0.0
    for term in parse_number(text):
        value = _value(term, body, truncated)
        if isinstance(value, str):
            return value
        total += term.sign * value
    return total


def _value(term: Term, body: str | None, truncated: bool) -> float | str:
    if term.kind == CONSTANT:
        return float(term.what)
    if body is None:
        return "the answer has no body"
    if term.kind in (TEXT, SAMPLE):
        if truncated:
            return f"the answer was cut at {len(body):,} characters — raise service.max_body"
        return _in_text(term.what, body) if term.kind == TEXT else _in_metrics(term, body)
    path = f"$.{term.what}" if term.kind == NAME else term.what
    found = select_json(path, body, truncated=truncated)
    return found.reason if isinstance(found, Lacking) else _as_float(term, found)


def _as_float(term: Term, found: Found) -> float | str:
    if len(found.several) > 1:
        return f"{term.what} selects {len(found.several)} values, and one is needed"
    value = found.value
    if term.kind == AS_TEXT:
        return _written(term.what, value) if isinstance(value, str) else _not_text(term.what, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = f" (number: {term.what} reads it)" if _is_written_number(value) else ""
        return f"{term.what} is {type_name(value)}, not a number{hint}"
    try:
        return float(value)
    except OverflowError:
        return f"{term.what} is a number of {len(str(value))} digits"


def _is_written_number(value: object) -> bool:
    return isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value.strip()) is not None


def _not_text(what: str, value: object) -> float | str:
    """Return a plain number, as a service that writes numbers as text may sometimes do, or why it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{what} is {type_name(value)}, not a number"
    return float(value)


def _written(what: str, text: str) -> float | str:
    if not _PLAIN_NUMBER.fullmatch(text.strip()):
        return f"{what} is {text[:40]!r}, not a number"
    return float(text)


def _in_text(pattern: str, body: str) -> float | str:
    found = list(dict.fromkeys(re.findall(pattern, body)))
    if not found:
        start = " ".join(body.split())[:60]
        return f"text: {pattern} is not in the answer ({start!r})"
    if len(found) > 1:
        values = ", ".join(found[:3])
        return f"text: {pattern} has {len(found)} values in the answer ({values}), and one is needed"
    return _written(f"text: {pattern}", found[0])


def _in_metrics(term: Term, body: str) -> float | str:
    shown = shown_sample(term)
    try:
        found = [
            value
            for name, labels, value in _samples(metric_lines(body, (term.what,)))
            if name == term.what and all(labels.get(key, "") == wanted for key, wanted in term.labels)
        ]
    except ValueError as error:
        return f"prometheus: {shown} cannot be read: {error}"
    if not found:
        others = sum(1 for line in body.splitlines() if line.startswith(term.what))
        beside = f"; {others} of its lines have other labels" if others else ""
        return f"the answer has no sample {shown}{beside}"
    if len(found) > 1 and not term.of:
        return f"{len(found)} samples match {shown} — write sum({shown}) or max({shown})"
    if not all(map(math.isfinite, found)):
        return f"{shown} is NaN or infinite, which is not a number"
    return {"max": max, "min": min}.get(term.of, math.fsum)(found)


def shown_sample(term: Term) -> str:
    """Return a metric with its labels, as the plan writes it."""
    labels = ", ".join(f'{name}="{value}"' for name, value in term.labels)
    return f"{term.what}{{{labels}}}" if labels else term.what


def metric_lines(body: str, names: tuple[str, ...]) -> str:
    """Return a metrics page's lines with these metrics; its hundreds of others say nothing of a pool."""
    starts = tuple(f"{name}{end}" for name in names for end in ("{", " ", "\t"))
    kept = [line for line in map(str.strip, body.splitlines()) if line.startswith(starts)]
    return "".join(f"{line}\n" for line in kept)


def _samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Yield the samples in lines without comments; raise ValueError for what is not a sample."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415  # slow to import

    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                yield sample.name, sample.labels, float(sample.value)
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError("it is not written as a sample") from error
