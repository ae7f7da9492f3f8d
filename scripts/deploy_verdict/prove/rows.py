"""What of a plan must be able to fail: one row for each line, rule, limit, pattern and criterion. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy_verdict.evidence.steps import accepted, tested_answers
from deploy_verdict.expect import Matcher, tested, worst
from deploy_verdict.model import Exchange, Outcome
from deploy_verdict.plan import E2E, Alternative, Expecting, Plan, Step
from deploy_verdict.plan.references import PRE_CHECK
from deploy_verdict.plan.sections.fixtures import BEFORE_EACH_NAME, PRE_CHECK_NAME, step_name
from deploy_verdict.prove.e2e_replay import Played
from deploy_verdict.prove.evaluator import Court
from deploy_verdict.prove.scenes import Scene

Path = tuple[str | int, ...]
# None: nothing is recorded that this row could look at.
Ask = Callable[[Scene], Outcome | None]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A value that a row looks at: in the answers of `name`, by `selector`, held against `matcher`."""

    name: str
    selector: str
    matcher: Matcher


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that must be able to fail. `is_alternative`: the healthy answer may be another one.

    `is_made`: it rests on what is made up, as nobody can record it.
    """

    path: Path
    told: str
    ask: Ask
    seen: tuple[Seen, ...]
    is_alternative: bool = False
    is_made: bool = False


def line_rows(plan: Plan, court: Court) -> Iterator[Row]:
    """Every line of `expect`, and every alternative of `accept`."""
    for index, check in enumerate(plan.health):

        def exchanges(scene: Scene, check: Expecting = check, name: str = check.name) -> list[_Given]:
            return [(check, exchange) for exchange in court.exchanges(scene, name, check)]

        yield from _of_request(("health", index), check.name, check, exchanges)
    yield from _step_rows(plan, court)


_Given = tuple[Expecting, Exchange]
_Giving = Callable[[Scene], list[_Given]]


def _of_request(
    path: Path, name: str, request: Expecting, given: _Giving, filled: Expecting | None = None
) -> Iterator[Row]:
    """`filled` is the request with captured values in what it expects, where it has any."""
    told, sought = name, filled or request
    for number, line in enumerate(request.expect.lines if request.expect else ()):

        def ask(scene: Scene, number: int = number) -> Outcome | None:
            pairs = [(step.expect, exchange) for step, exchange in given(scene)]
            return _worst(tested(expect.lines[number], e).outcome for expect, e in pairs if expect)

        matcher = sought.expect.lines[number].matcher if sought.expect else line.matcher
        seen = (Seen(name=name, selector=line.selector, matcher=matcher),)
        yield Row(path=(*path, "expect", line.selector), told=f"{told}: {line.text}", ask=ask, seen=seen)
    for number, alternative in enumerate(request.accept):

        def ask_alternative(scene: Scene, number: int = number) -> Outcome | None:
            pairs = [(step.accept[number], exchange) for step, exchange in given(scene)]
            return _worst(accepted((mine,), exchange)[0] for mine, exchange in pairs)

        yield Row(
            path=(*path, "accept", number),
            told=f"{told}: accepts {alternative.text}",
            ask=ask_alternative,
            seen=_seen(name, sought.accept[number]),
            is_alternative=len(request.accept) > 1,
        )
    if len(request.accept) > 1:

        def ask_all(scene: Scene) -> Outcome | None:
            return _worst(accepted(step.accept, exchange)[0] for step, exchange in given(scene))

        told_all = f"{told}: one of {len(request.accept)} alternatives"
        # What spoils one alternative may be another one: each stands in its own row.
        status = tuple(item for item in _seen(name, request.accept[0]) if item.selector == "status")
        yield Row(path=(*path, "accept"), told=told_all, ask=ask_all, seen=status)


def _seen(name: str, alternative: Alternative) -> tuple[Seen, ...]:
    return tuple(Seen(name=name, selector=line.selector, matcher=line.matcher) for line in alternative.lines)


def _worst(outcomes: Iterator[Outcome]) -> Outcome | None:
    found = list(outcomes)
    return worst(found) if found else None


def _step_rows(plan: Plan, court: Court) -> Iterator[Row]:
    e2e = plan.e2e
    if e2e is None:
        return
    for path, named, test_name, part, steps in _parts(e2e):
        for index, step in enumerate(steps):

            def taken(
                scene: Scene, test_name: str = test_name, place: tuple[str, int] = (part, index)
            ) -> list[_Given]:
                return _exchanges(court.played(scene), test_name, place)

            name = step_name(named, step)
            if step.together is None:
                filled = next(iter(_exchanges(court.played(court.healthy), test_name, (part, index))), None)
                yield from _of_request((*path, index), name, step, taken, filled[0] if filled else None)
                continue

            def ask_race(
                scene: Scene, test_name: str = test_name, place: tuple[str, int] = (part, index)
            ) -> Outcome | None:
                return _worst(_races(court.played(scene), test_name, place))

            told = f"{name}: answers {', '.join(f'{s}: {n}' for s, n in step.together.answers.items())}"
            seen = (Seen(name=name, selector="status", matcher=Matcher(equals=200)),)
            yield Row(path=(*path, index, "together", "answers"), told=told, ask=ask_race, seen=seen)


_Part = tuple[Path, str, str, str, tuple[Step, ...]]


def _parts(e2e: E2E) -> Iterator[_Part]:
    """Path, the part's name in recorded answers, its test (none: any), its name in records, its steps."""
    yield ("e2e", "pre_check"), PRE_CHECK_NAME, PRE_CHECK, "steps", e2e.pre_check
    yield ("e2e", "before_each"), BEFORE_EACH_NAME, "", "before_each", e2e.before_each
    for number, test in enumerate(e2e.tests):
        for part in ("start", "steps", "cleanup"):
            yield ("e2e", "tests", number, part), test.name, test.name, part, getattr(test, part)


def _exchanges(tests: tuple[Played, ...], test: str, place: tuple[str, int]) -> list[_Given]:
    return [
        (item.step, item.record.exchange)
        for played in tests
        if test in ("", played.test)
        for item in played.taken
        if item.place == place and item.record.exchange is not None
    ]


def _races(tests: tuple[Played, ...], test: str, place: tuple[str, int]) -> Iterator[Outcome]:
    for played in tests:
        for item in played.taken:
            if played.test == test and item.place == place and item.step.together and item.record.race:
                yield tested_answers(item.step.together, item.record.race).outcome
