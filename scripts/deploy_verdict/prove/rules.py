"""The rows that look at more than one answer: never rules, pools, response times, logs, criteria. Pure."""

from collections.abc import Iterator

from deploy_verdict.expect import Matcher, worst
from deploy_verdict.model import Outcome
from deploy_verdict.plan import LogPattern, Logs, NeverRule, Plan, Pool
from deploy_verdict.prove.evaluator import Court
from deploy_verdict.prove.rows import Row, Seen
from deploy_verdict.prove.scenes import Scene
from deploy_verdict.stages.logs.judge import judge_logs

ANY_NUMBER = Matcher(below=0)


def never_row(plan: Plan, court: Court, index: int, rule: NeverRule) -> Row:
    """A never rule: here its matchers describe what must not be."""
    known = {*(check.name for check in plan.health), *(pool.name for pool in plan.pools)}

    def ask(scene: Scene) -> Outcome | None:
        names = [rule.of] if rule.of else list(known)
        if not any(name in scene.answers for name in names):
            return None
        return court.finding(scene, "never", rule.name, "count")

    names = (rule.of,) if rule.of else tuple(check.name for check in plan.health) or tuple(known)
    seen = tuple(
        Seen(name=name, selector=line.selector, matcher=line.matcher)
        for name in names
        if name
        for line in rule.lines
    )
    return Row(path=("never", index), told=f"never: {rule.name}", ask=ask, seen=seen)


POOL_RULES = {
    "used": ("samples", "gauge", "band", "exhaustion"),
    "limit": ("samples", "gauge", "band", "exhaustion"),
    "attention": ("band",),
    "critical": ("band",),
    "growth": ("growth",),
    "stays_within": ("stability",),
}


def pool_rows(court: Court, index: int, pool: Pool) -> Iterator[Row]:
    """What a pool is judged by, each with the key that decides it."""
    told = {
        "used": f"{pool.used} below {pool.limit}",
        "limit": f"{pool.limit} is above {pool.used}",
        "attention": f"attention from {pool.attention:g} %",
        "critical": f"critical from {pool.critical:g} %",
        "growth": "no growth over the window",
    }
    if pool.stays_within is not None:
        told["stays_within"] = f"stays within {pool.stays_within.points:g} points"
    for key, words in told.items():

        def ask(scene: Scene, rules: tuple[str, ...] = POOL_RULES[key]) -> Outcome | None:
            if not scene.answers.get(pool.name):
                return None
            return court.finding(scene, "pools", pool.name, *rules)

        selector = pool.limit if key == "limit" else pool.used
        seen: tuple[Seen, ...] = (Seen(name=pool.name, selector=selector, matcher=ANY_NUMBER),)
        path = ("pools", index) if key == "growth" else ("pools", index, key)
        if key in ("growth", "stays_within"):
            # These look at how it moves through the window: a pool that stays full does not.
            seen = ()
        yield Row(path=path, told=f"{pool.name}: {words}", ask=ask, seen=seen)


def time_rows(plan: Plan, court: Court) -> Iterator[Row]:
    """The limit of the answers' times, for each of them."""
    section = plan.response_times
    for label, name in section.of.items() if section else ():

        def ask(scene: Scene, label: str = label, name: str = name) -> Outcome | None:
            if not scene.answers.get(name):
                return None
            return court.finding(scene, "response_times", label, "limit")

        limit_ms = section.limit * 1000 if section else 0.0
        seen = (Seen(name=name, selector="elapsed", matcher=Matcher(below=limit_ms)),)
        told = f"{label}: every answer in less than {limit_ms:.0f} ms"
        yield Row(path=("response_times", "of", label), told=told, ask=ask, seen=seen)


LogRow = tuple[Row, LogPattern | None]


def log_rows(logs: Logs) -> Iterator[LogRow]:
    """The patterns, and the limit of errors; with what is sought, where it is a pattern."""
    for rule in ("must_not_appear", "must_appear"):
        for index, pattern in enumerate(getattr(logs, rule)):
            told = f"{rule.replace('_', ' ')}: {pattern.name}"
            yield _log_row(logs, ("logs", rule, index), told, pattern.name, rule), pattern
    if logs.max_errors is not None:
        told = f"at most {logs.max_errors} lines of level ERROR"
        yield _log_row(logs, ("logs", "max_errors"), told, "log", "errors"), None


def _log_row(logs: Logs, path: tuple[str | int, ...], told: str, check: str, rule: str) -> Row:
    def ask(scene: Scene) -> Outcome | None:
        if scene.log is None:
            return None
        findings = judge_logs(logs.model_copy(update={"canary": None}), scene.log, evidence=None)
        return worst(item.outcome for item in findings if (item.check, item.rule) == (check, rule))

    return Row(path=path, told=told, ask=ask, seen=())


def criterion_rows(plan: Plan, court: Court) -> Iterator[Row]:
    """The success table."""
    for index, criterion in enumerate(plan.criteria):

        def ask(scene: Scene, name: str = criterion.name) -> Outcome | None:
            return court.criterion(scene, name)

        yield Row(path=("criteria", index), told=f"criterion {criterion.name}", ask=ask, seen=())
