"""What exposures and their top-ups refer to: operations, and what is to do them. Pure."""

import difflib
from collections.abc import Iterable, Iterator

from deploy_verdict.base.units import path_of
from deploy_verdict.plan.plan import Plan
from deploy_verdict.plan.requests import Request
from deploy_verdict.plan.sections.exposure import Exposing, TopUp

Path = tuple[str | int, ...]
Mistake = tuple[Path, str]


def exposure_mistakes(plan: Plan) -> Iterator[Mistake]:
    """Each with its place: an operation that nobody knows, a top-up that cannot bring a run of it."""
    names: set[str] = set()
    for path, name, asked in _exposures(plan):
        if name in names:
            yield (*path, "name"), f"the name '{name}' stands twice in exposure — rename one"
        names.add(name)
        known = list(_operations(plan))
        if asked.test_name and asked.operation not in known:
            told = f"there is no check '{asked.operation}'{meant(asked.operation, known)}"
            yield (*path, "operation"), told
        elif asked.top_up is not None:
            problem = _problem(plan, asked, asked.top_up)
            if problem:
                yield (*path, "top_up", "of"), problem


def _exposures(plan: Plan) -> Iterator[tuple[Path, str, Exposing]]:
    yield from ((("exposure", i), asked.name, asked) for i, asked in enumerate(plan.exposure))
    for index, claim in enumerate(plan.claims):
        if claim.exposure is not None:
            yield ("claims", index, "exposure"), claim.commit, claim.exposure


def _operations(plan: Plan) -> Iterator[str]:
    for test in plan.e2e.tests if plan.e2e else ():
        yield f"e2e/{test.name}"
        yield from (f"e2e/{test.name}/{step.name}" for step in test.steps)


def _problem(plan: Plan, asked: Exposing, how: TopUp) -> str | None:
    known = [f"e2e/{name}" for name in cycles(plan)] + [f"health/{check.name}" for check in plan.health]
    stage, name = how.part
    if stage == "health" and any(check.name == name and check.writes for check in plan.health):
        return f"{how.of} writes, and nothing cleans up after a check — top up with a test of e2e"
    if how.of not in known:
        return f"there is nothing to run called '{how.of}'{meant(how.of, known)}"
    if runs_of_one(plan, asked, how) == 0:
        return f"{how.of} does no {asked.operation}, so it cannot top it up — name what does"
    return None


def runs_of_one(plan: Plan, asked: Exposing, how: TopUp) -> int:
    """How often the operation is run by one run of the top-up."""
    stage, name = how.part
    if asked.test_name:
        step = asked.step_of(name) if stage == "e2e" else None
        steps = plan.test_of(name)[0].steps if step else ()
        return int(step == "") + sum(item.name == step for item in steps)
    requests: Iterable[Request] = plan.test_of(name)[0].steps if stage == "e2e" else [plan.check(name)]
    return sum(asked.is_met_by(item.method, path_of(item.path)) for item in requests)


def cycles(plan: Plan) -> list[str]:
    """The tests that can be run over and over: a race is none."""
    tests = plan.e2e.tests if plan.e2e else ()
    return [test.name for test in tests if not any(step.together for step in test.steps)]


def meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f" — did you mean '{close[0]}'?" if close else f" — known: {', '.join(names[:12]) or 'none'}"
