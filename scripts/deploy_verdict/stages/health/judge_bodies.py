"""What answers say where the plan does not look: copies, failures in a 200, a catch-all page. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.cached import copies
from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import unknown
from deploy_verdict.expect import Found, read_json, shown
from deploy_verdict.model import Finding
from deploy_verdict.plan import Check

_NO = re.compile(r"(is_?)?(success(ful)?|ok|succeeded|healthy|valid|passed|alive|ready|up)")
_STATES = re.compile(r"(\w+_)?(status|state|result|outcome|health|availability|estado|zustand|statut|etat)")
_ERRORS = re.compile(
    r"errors?|exceptions?|faults?|error_?(message|code|description|detail|text)|stack_?trace"
)
_CODES = ("status", "status_code", "http_status", "statuscode")
# The parts of a service, as health endpoints list them; lists of a business object's states are none.
_PARTS = re.compile(
    r"health|details|components?|checks?|entries|dependenc(y|ies)|services|(sub)?systems|probes|indicators"
    r"|database|db|cache|redis|queue|broker|storage|postgres(ql)?|mysql|mongo(db)?|rabbitmq|kafka"
)
_ENVELOPES = ("data", "payload", "result", "response")
_BAD = re.compile(
    r"(not|no|un|dis|in|non)[ _-]?(ok|ready|healthy|available|connected|up|alive|reachable|disponible"
    r"|operational|serving)"
    r"|err(or|ors|ed)?|errored|fail(ed|ure|ing)?|faulty|down|ko|nok|crit(ical)?|fatal"
    r"|degraded([ _-]performance)?"
    r"|(partial|major|minor)[ _-]outage|broken|out[ _-]of[ _-]service|offline|stopped|dead|crash(ed|ing"
    r"|loop)?"
    r"|timed?[ _-]?out|timeout|refused|red|impaired|unstable|exhausted|overloaded|false|maintenance"
    r"|[45]\d\d|fehler|fehlerhaft|gest(ö|oe)rt|ausgefallen|kaputt|wartung|fallo|fallido|ca(í|i)do|degradado"
    r"|falha|erro"
    r"|indisponible|indispon(í|i)vel|en[ _-]panne|(é|e)chec|erreur|hors[ _-]service|errore|guasto|offline"
    r"|storing"
    r"|ошибка|недоступен|сбой|故障|异常|エラー|障害|停止"
)
_BAD_TEXT = re.compile(
    r"(?i)internal (server )?error|service (temporarily )?unavailable|bad gateway|gateway time-?out"
    r"|not authenticated"
    r"|unauthori[sz]ed|access denied|too many (requests|connections)|under maintenance|out of service"
)
_STATUS_LINE = re.compile(r"[45]\d\d [A-Z]")
_MOST_DEPTH = 4
_NOTHING = ("none", "no", "null", "ok", "false", "0")
# What some frameworks put before their JSON, so that no page can run it.
_GUARD = ")]}',\n"
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_BAD_TITLE = re.compile(
    r"(?i)error|not found|unavailable|maintenance|exception|sign[ -]?in|log[ -]?(in|on)|forbidden|denied"
    r"|\b[45]\d\d\b"
    r"|bad gateway|anmeld|wartung|fehler|nicht (gefunden|verf)|iniciar sesi|acceso|no encontrad"
    r"|mantenimiento|connexion"
    r"|erreur|introuvable|accedi|entrar|erro\b|вход|ошибка|登录|ログイン|エラー"
)
_HEADING = re.compile(r"(?is)<h[12][^>]*>(.*?)</h[12]>")
_HTML = re.compile(r"(?is)^\ufeff?\s*(<!--.*?-->\s*)*(<!doctype html|<html)")


def judge_bodies(bundle: Bundle) -> Iterator[Finding]:
    """A finding only where something is wrong: the plan asks for none of it."""
    sent: dict[str, list[Sent]] = {}
    for item in bundle.sent:
        if item.check is not None and item.exchange.fault is None and "/readings/" not in item.pointer:
            sent.setdefault(item.check, []).append(item)
    pages = _pages(bundle, sent)
    for check in bundle.plan.health:
        answers = sent.get(check.name, [])
        yield from _copied(check, answers)
        if check.looks_at_status_only:
            yield from _of_itself(check, answers, pages)


def _copied(check: Check, answers: Sequence[Sent]) -> Iterator[Finding]:
    by_exchange = {id(item.exchange): item for item in answers}
    found = [] if check.writes else list(copies(item.exchange for item in answers))
    if found:
        first, reason = by_exchange[id(found[0][0])], found[0][1]
        text = (
            f"{len(found)} of {len(answers)} answers are copies out of a cache ({reason} at "
            f"{shown_offset(first.offset_s)}): they say nothing about the service — "
            "ask a path without a cache"
        )
        remedy = f"Let {check.name} ask a path that is not cached, and run the window again"
        ruling = unknown(text, remedy).at(first.pointer, first.offset_s)
        yield ruling.as_finding("health", check.name, "fresh", "the service itself answers")


def _of_itself(check: Check, answers: Sequence[Sent], pages: dict[str, set[str]]) -> Iterator[Finding]:
    """Where the status is good, and the body says something else."""
    told = [(item, words) for item in answers if (words := _complaint(check, item, pages)) is not None]
    if not told:
        return
    item, words = told[0]
    text = (
        f"{len(told)} of {len(answers)} answers have a body that {words}, and the plan looks at the status "
        "only — add a line for the body, such as `$.success: true`"
    )
    ruling = unknown(text).at(item.pointer, item.offset_s)
    yield ruling.as_finding("health", check.name, "body", "the body does not contradict the status")


def _complaint(check: Check, item: Sent, pages: dict[str, set[str]]) -> str | None:
    status, body = item.exchange.status, item.exchange.body or ""
    if status is None or not 200 <= status < 300:
        return None
    if _HTML.match(body):
        heads = [" ".join(text.split())[:80] for text in (_TITLE.findall(body) or _HEADING.findall(body))]
        bad = next((text for text in heads[:1] if _BAD_TITLE.search(text)), None)
        if bad is not None:
            return f"is a page with the title {bad!r}"
        others = sorted(pages.get(body, set()) - {check.path})
        return f"is the same page as that of {others[0]}" if others else None
    document = read_json(body.removeprefix(_GUARD))
    if isinstance(document, Found):
        return _failure(document.value)
    text = body.strip()
    if _is_bad(text) or _BAD_TEXT.match(text) or _STATUS_LINE.match(text):
        return f"reads {shown(text[:80])}"
    is_cut = text[:1] in ("{", "[") and not item.exchange.body_truncated
    return f"begins as JSON and is none: {document.reason}" if is_cut else None


def _failure(value: Any, depth: int = 0, *, in_parts: bool = False) -> str | None:
    """What JSON says of the service or one of its parts: success false, an error, a bad state."""
    if isinstance(value, str):
        return f"says {shown(value)}" if _is_bad(value) or _BAD_TEXT.match(value) else None
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        return "says false" if value is False and not depth else None
    for key, item in value.items():
        name = re.sub(r"(?<=[a-z])(?=[A-Z])|-", "_", str(key)).lower()
        is_code = name == "code" and "message" in value and isinstance(item, int) and 400 <= item <= 599
        if is_code or _says_bad(name, item):
            return f"says {key}: {shown(item)}"
        is_part = in_parts or _PARTS.fullmatch(name) is not None
        below = _parts(item) if is_part else [item] if name in _ENVELOPES and isinstance(item, dict) else ()
        found = next(filter(None, (_failure(one, depth + 1, in_parts=is_part) for one in below)), None)
        if found:
            return f"{found} in {key}"
    return None


def _parts(value: Any) -> Iterator[Any]:
    """The parts that an object or a list tells of; of a list only those that have names."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict) and "name" in one)


def _says_bad(name: str, item: Any) -> bool:
    is_no = item is False or (isinstance(item, str) and item.strip().lower() in ("false", "no"))
    if _NO.fullmatch(name):
        return is_no
    if _ERRORS.fullmatch(name):
        return bool(item) and not (isinstance(item, str) and item.strip().lower() in _NOTHING)
    if name in _CODES and isinstance(item, int) and 400 <= item <= 599:
        return True
    if _STATES.fullmatch(name):
        return item is False or (isinstance(item, str) and _is_bad(item))
    if not isinstance(item, str):
        return False
    if name in ("message", "detail", "title"):
        return _BAD_TEXT.match(item) is not None or (name == "message" and _is_bad(item))
    return _PARTS.fullmatch(name) is not None and _is_bad(item)


def _is_bad(text: str) -> bool:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.strip().rstrip(".!")).lower()
    return _BAD.fullmatch(plain) is not None


def _pages(bundle: Bundle, sent: dict[str, list[Sent]]) -> dict[str, set[str]]:
    """The paths that gave each HTML page; of a catch-all they are several."""
    pages: dict[str, set[str]] = {}
    for check in bundle.plan.health:
        for item in sent.get(check.name, []):
            body = item.exchange.body or ""
            if _HTML.match(body) and item.exchange.status == 200:
                pages.setdefault(body, set()).add(check.path)
    return pages
