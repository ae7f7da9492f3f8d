"""Drafts a commented plan of at most 40 lines, each of which held when it was drafted. Pure."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy_verdict.adopt.openapi_reads import document_of, promised_fields
from deploy_verdict.adopt.recognition import (
    Line,
    PoolDraft,
    health_lines,
    json_of,
    json_pools,
    member,
    metric_pools,
)
from deploy_verdict.adopt.survey import (
    DOCUMENTS,
    HEALTH,
    HIKARI,
    HOME,
    METRICS,
    POOLS,
    VERSIONS,
    Survey,
    is_html,
)
from deploy_verdict.expect import Expectation, Matcher, parse_matcher, tested
from deploy_verdict.model import Exchange, Outcome

MOST_LINES = 40
MOST_HEALTH, MOST_READ_CHECKS, MOST_POOLS = 2, 3, 2
# A window of two hours without growth proves six hours only with this many connections free, and one hour
# with three (plan/checks/horizon.py).
FREE_FOR_SIX_H, FREE_FOR_ONE_H = 12, 3
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_PLAIN_SELECTOR = re.compile(r"(\$(\.[A-Za-z_]\w*)*|text|status)")
_YAML_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "none"}


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person adds to what the service answers. `headers` are as the plan will have them."""

    base_url: str
    name: str
    is_on_railway: bool = False
    log: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    schema_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class DraftedPlan:
    """The plan's text, and in sentences what was found and what was not."""

    text: str
    found: tuple[str, ...]
    not_found: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Check:
    name: str
    path: str
    lines: tuple[Line, ...]
    comment: str = ""


def drafted(seen: Survey, wishes: Wishes) -> DraftedPlan:
    """Draft the plan that fits these answers."""
    health, reads = _health(seen), _reads(seen)
    checks = [*health, *reads]
    for more in (_version(seen), _home(seen)):
        if more and len(checks) < MOST_HEALTH + MOST_READ_CHECKS:
            checks.append(more)
    if not checks:
        checks = [
            _Check(name="home", path=HOME, lines=(), comment="nothing else was found: say what must hold")
        ]
    pools = _pools(seen)
    canary = _canary(seen, checks)
    lines = [*_head(wishes), *_health_section(checks), *_pool_section(pools, checks)]
    lines += _rest(wishes, canary)
    return DraftedPlan(
        text="\n".join(lines) + "\n",
        found=tuple(_found(seen, health, reads, pools)),
        not_found=tuple(_not_found(seen, wishes, health, pools, canary)),
    )


def _head(wishes: Wishes) -> Iterator[str]:
    if wishes.schema_url:
        yield f"# yaml-language-server: $schema={wishes.schema_url}"
    yield f"# Drafted by `deploy-verdict init` from what {wishes.base_url} answered. Read every line of it:"
    yield "# it is what must hold after each deployment. Then `deploy-verdict doctor` and `watch`."
    yield "version: 1"
    yield f"name: {_flow(wishes.name)}"
    more = f", headers: {_flow(wishes.headers)}" if wishes.headers else ""
    address = json.dumps(f"${{TARGET_URL:-{wishes.base_url}}}")
    yield f"service: {{name: {_flow(wishes.name)}, base_url: {address}{more}}}"
    if wishes.is_on_railway:
        yield 'railway: {project: "${RAILWAY_PROJECT_ID:-}", service: "${RAILWAY_SERVICE_ID:-}"}'
    yield "window: {length: 2h, sample_every: 15m}"
    yield ""


def _health_section(checks: Sequence[_Check]) -> Iterator[str]:
    yield "health:"
    for check in checks:
        yield f"  - name: {_flow(check.name)}" + (f"   # {check.comment}" if check.comment else "")
        yield f"    get: {_flow(check.path)}"
        shown = ", ".join(f"{_key(selector)}: {_flow(value)}" for selector, value in check.lines)
        yield f"    expect: {{status: 200{', ' if shown else ''}{shown}}}"
    yield ""
    yield "never:"
    yield "  - {name: server errors, status: 500..599, severity: P1}"
    yield ""


def _pool_section(pools: Sequence[PoolDraft], checks: Sequence[_Check]) -> Iterator[str]:
    if not pools:
        return
    yield "pools:   # read 30 times at each sample; now " + ", ".join(
        f"{pool.used_now:g} of {pool.limit_now:g}" for pool in pools
    )
    for pool in pools:
        yield f"  - name: {_flow(pool.name)}"
        yield f"    get: {_flow(pool.path)}"
        yield f"    used: {_flow(pool.used)}"
        yield f"    limit: {_flow(pool.limit)}"
        if pool.free:
            yield f"    free: {_flow(pool.free)}"
        room = pool.limit_now - pool.used_now
        if FREE_FOR_ONE_H <= room < FREE_FOR_SIX_H:
            yield "    safe_for: 1h   # a window of two hours cannot prove more for a pool so small"
    load = f"exercise: {{ask: [{_flow(checks[0].name)}], at_once: 6}}"
    yield f"    # {load}   # a short load of reads; without it an idle gauge proves nothing"
    yield ""


def _rest(wishes: Wishes, canary: str | None) -> Iterator[str]:
    if wishes.is_on_railway or wishes.log:
        yield "logs:"
        yield "  novelty: {before: 1h}   # errors of a kind that the log had not before"
        if canary:
            yield f"  canary: {{regex: {_flow(canary)}, at_least: 90%}}   # our own requests must be in it"
    if wishes.is_on_railway:
        yield "traffic: {}   # the errors of everybody's requests, from Railway's edge"


def _health(seen: Survey) -> list[_Check]:
    """Return checks of the health addresses; of two with the same answer, the first."""
    checks: list[_Check] = []
    said: list[Any] = []
    for path in HEALTH:
        answer = seen.found(path)
        if answer is None or is_html(answer) or answer.status in (301, 302, 307, 308, 400, 401, 403):
            continue
        lines = _holding(health_lines(answer), answer)
        is_healthy = answer.status is not None and 200 <= answer.status < 300
        if (is_healthy and not lines) or (not is_healthy and json_of(answer) is None):
            continue
        if (answer.status, lines) in said:
            continue
        said.append((answer.status, lines))
        comment = "" if is_healthy else f"it answers {answer.status} now"
        checks.append(_Check(name=_name(path), path=path, lines=tuple(lines), comment=comment))
    return checks[:MOST_HEALTH]


def _reads(seen: Survey) -> list[_Check]:
    """Return checks of the OpenAPI document's addresses that answered as it promises."""
    tree = document_of(seen.answers[seen.document]) if seen.document else None
    if tree is None:
        return []
    checks = []
    for path in seen.reads:
        answer = seen.found(path)
        if answer is None or answer.status != 200:
            continue
        body = json_of(answer)
        if body is None:
            continue
        wanted: list[Line] = [(place, {"type": kind}) for place, kind in promised_fields(tree, path)]
        lines = _holding(wanted or list(_live_types(body)), answer) or _holding(_live_types(body), answer)
        checks.append(_Check(name=_name(path), path=path, lines=tuple(lines)))
    return checks[:MOST_READ_CHECKS]


def _live_types(body: Any) -> list[Line]:
    """Return lines for the type of the answer, or of its first fields."""
    if isinstance(body, list):
        return [("$", {"type": "array"})]
    if not isinstance(body, dict):
        return []
    kinds = ((bool, "boolean"), (str, "string"), (int | float, "number"), (list, "array"), (dict, "object"))
    typed = (
        (member("$", key), next((word for kind, word in kinds if isinstance(value, kind)), None))
        for key, value in body.items()
    )
    return [(place, {"type": kind}) for place, kind in typed if kind][:2]


def _version(seen: Survey) -> _Check | None:
    """Return a check of the version by its type only, as the next deployment changes the value."""
    for path in VERSIONS:
        answer = seen.found(path)
        if answer is not None and answer.status == 200 and isinstance(json_of(answer), dict):
            lines = tuple(_holding(_live_types(json_of(answer)), answer))
            comment = "a claim can be shown by its version (docs/plan/claims.md)"
            return _Check(name=_name(path), path=path, lines=lines, comment=comment) if lines else None
    return None


def _home(seen: Survey) -> _Check | None:
    answer = seen.answers.get(HOME)
    if answer is None or answer.status != 200:
        return None
    title = re.search(r"<title[^>]*>\s*([^<]{2,60}?)\s*</title>", answer.body or "", re.IGNORECASE)
    body = json_of(answer)
    if title and "&" not in title.group(1) and html.unescape(title.group(1)) == title.group(1):
        lines = _holding([("text", f"{' '.join(title.group(1).split())}</title>")], answer)
        lines = lines or _holding([("text", title.group(1))], answer)
    elif body is not None:
        lines = _holding(_live_types(body), answer)
    else:
        words = " ".join((answer.body or "").split())
        lines = _holding([("text", words)], answer) if 0 < len(words) <= 60 and "<" not in words else []
    return _Check(name="home", path=HOME, lines=tuple(lines)) if lines else None


def _pools(seen: Survey) -> list[PoolDraft]:
    found: list[PoolDraft] = []
    hikari = _hikari(seen)
    for path in (*HEALTH, *POOLS):
        answer = seen.found(path)
        found += json_pools(path, answer) if answer is not None and answer.status == 200 else ()
    found += [hikari] if hikari and not found else []
    for path in METRICS:
        answer = seen.found(path)
        if answer is not None and answer.status == 200 and not is_html(answer):
            found += metric_pools(path, answer)
            break
    unique = {(pool.used_now, pool.limit_now, pool.used): pool for pool in found}
    named = {pool.name: pool for pool in reversed(unique.values())}
    return list(reversed(named.values()))[:MOST_POOLS]


def _hikari(seen: Survey) -> PoolDraft | None:
    """Return Spring's Hikari pool, which has an address for each number; None if there is none."""
    bodies = [json_of(seen.answers[path]) if path in seen.answers else None for path in HIKARI]
    numbers = [_measured(body) for body in bodies]
    if numbers[0] is None or not numbers[1]:
        return None
    place = "$.measurements[0].value"
    return PoolDraft(
        name="hikari",
        path=HIKARI[0],
        used=place,
        limit={"get": HIKARI[1], "from": place},
        used_now=numbers[0],
        limit_now=numbers[1],
    )


def _measured(body: Any) -> float | None:
    rows = body.get("measurements") if isinstance(body, dict) else None
    value = rows[0].get("value") if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None
    return value if isinstance(value, int | float) else None


def _canary(seen: Survey, checks: Sequence[_Check]) -> str | None:
    """Return a pattern that finds our own requests in the log; None if the log has none."""
    for check in checks:
        pattern = f"GET {re.escape(check.path)}" + (r"\b" if check.path[-1].isalnum() else " ")
        if sum(bool(re.search(pattern, line)) for line in seen.log_lines):
            return pattern
    return None


def _holding(lines: Sequence[Line], answer: Exchange) -> list[Line]:
    """Return the lines that hold for this answer, by the plan's own matchers."""
    held = []
    for selector, value in lines:
        try:
            expectation = Expectation(selector, Matcher.model_validate(parse_matcher(value, selector)))
        except ValueError:
            continue
        if tested(expectation, answer).outcome is Outcome.PASS:
            held.append((selector, value))
    return held


def _found(
    seen: Survey, health: Sequence[_Check], reads: Sequence[_Check], pools: Sequence[PoolDraft]
) -> Iterator[str]:
    for check in health:
        yield f"health at {check.path}" + (f" ({check.comment})" if check.comment else "")
    if seen.document:
        yield f"an OpenAPI document at {seen.document}; {len(reads)} of its addresses that only read are used"
    for pool in pools:
        yield f"pool {pool.name} at {pool.path}: {pool.used_now:g} of {pool.limit_now:g} in use"


def _not_found(
    seen: Survey,
    wishes: Wishes,
    health: Sequence[_Check],
    pools: Sequence[PoolDraft],
    canary: str | None,
) -> Iterator[str]:
    guarded = [path for path, answer in seen.answers.items() if answer.status in (401, 403)]
    if guarded:
        header = "--header 'Authorization: Bearer ${API_TOKEN}'"
        yield f"what needs a login ({', '.join(guarded[:3])}): run init again with {header}"
    if seen.answers_everywhere:
        yield (
            "a difference between addresses that exist and others: unknown ones answer 200 too, so a status "
            "alone proves nothing"
        )
    if not health:
        yield "a health endpoint by a usual name: name yours under health"
    if not seen.document:
        yield f"an OpenAPI document ({', '.join(DOCUMENTS[:3])}, …): name addresses under health"
    if not pools:
        yield "a gauge of connections: add `pools: [{name: db, get: /stats, used: $.…, limit: $.…}]`"
    if not (wishes.is_on_railway or wishes.log):
        yield "the service's log: run init again with --log FILE or --railway"
    elif not canary:
        yield "our own requests in the log: add `canary: {regex: 'GET /health'}` once it has them"
    yield "what your users do: E2E tests and test data are yours to name (docs/plan/e2e.md)"


def _name(path: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path.partition("?")[0])
    return "-".join(words[-2:] if words[:1] == ["api"] and len(words) > 2 else words).lower() or "home"


def _key(selector: str) -> str:
    return selector if _PLAIN_SELECTOR.fullmatch(selector) else json.dumps(selector, ensure_ascii=False)


def _flow(value: Any) -> str:
    """Format a value in YAML's flow style, quoted only where it must be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key_text(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        plain = (
            _PLAIN.fullmatch(value) or _PLAIN_SELECTOR.fullmatch(value) or re.fullmatch(r"/[\w./-]*", value)
        )
        if plain and value.lower() not in _YAML_WORDS and value == value.strip():
            return value
        # Single quotes keep the backslashes of regular expressions readable.
        return json.dumps(value, ensure_ascii=False) if "'" in value else f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def _key_text(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else json.dumps(key)
