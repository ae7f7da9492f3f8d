"""The E2E section of a plan: tests of steps, captures, races, cleanup, or an external suite. Pure."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import Expecting, Part, Selector, UrlPath


class Capture(Part):
    """A value taken from an answer: `id: $.id`, or the nth of several that a path selects."""

    from_: Selector = Field(alias="from")
    nth: int = Field(default=0, ge=0, description="which of the selected values, counted from 0")
    count: bool = Field(
        default=False, description="how many members the value has, for `more_than` in a later step"
    )


def _capture(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class RaceRequest(Expecting):
    """One request of a race; the race's `answers` judge it, so it need not expect anything itself."""

    def _must_expect(self) -> bool:
        return False


class Together(Part):
    """Requests sent through one barrier, and how many must get which status: {200: 1, 409: rest}."""

    requests: tuple[RaceRequest, ...] = Field(strict=False, min_length=1)
    times: int = Field(default=1, ge=1, le=50, description="each request so many times")
    answers: dict[str, int | str] = Field(description="status → how many; `rest` for all others")

    @model_validator(mode="after")
    def _answers_add_up(self) -> Self:
        for status, count in self.answers.items():
            if not (status.isdigit() and 100 <= int(status) <= 599):
                raise ValueError(f"answers: {status!r} is not a status — write {{200: 1, 409: rest}}")
            if isinstance(count, str) and count != "rest":
                raise ValueError(f"answers: {count!r} — write a number, or rest")
        if self.size < 2:
            raise ValueError("together needs at least two requests — add one, or write times: 2")
        rests = sum(count == "rest" for count in self.answers.values())
        fixed = sum(count for count in self.answers.values() if isinstance(count, int))
        if rests > 1 or fixed > self.size or (rests == 0 and fixed != self.size):
            raise ValueError(
                f"answers: {self.size} requests are sent — name an answer for each, one of them rest"
            )
        return self

    @property
    def size(self) -> int:
        """The number of requests sent together."""
        return len(self.requests) * self.times

    def wanted(self) -> dict[int, int]:
        """Return the wanted number of answers for each status."""
        fixed = {int(status): n for status, n in self.answers.items() if isinstance(n, int)}
        rest = {int(s): self.size - sum(fixed.values()) for s, n in self.answers.items() if n == "rest"}
        return fixed | rest


class Step(Expecting):
    """One request of a test, or a race. `{name}` in texts stands for a captured value."""

    name: str = ""
    capture: dict[
        str, Annotated[Capture, BeforeValidator(_capture, json_schema_input_type=str | Capture)]
    ] = Field(default={})
    together: Together | None = None
    if_no_route: UrlPath | None = Field(
        default=None, description="the path to use instead where the service answers 404 or 405 to the first"
    )

    def _needs_method(self) -> bool:
        return self.together is None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.together is not None and (self.capture or self.expect or self.accept or self.if_no_route):
            raise ValueError("together stands alone in its step — move capture and expect to another step")
        if not self.name:
            text = (
                f"{self.together.size} requests together" if self.together else f"{self.method} {self.path}"
            )
            object.__setattr__(self, "name", text)
        return self


class Test(Part):
    """A declared test: bring the entity to its start state, run the steps, always clean up."""

    __test__ = False  # pytest: not a test class
    name: str
    because: str | None = None
    start: tuple[Step, ...] = Field(
        default=(), strict=False, description="unreached: the test is inconclusive"
    )
    steps: tuple[Step, ...] = Field(strict=False, min_length=1)
    cleanup: tuple[Step, ...] = Field(default=(), strict=False)


class E2E(Part):
    """The suite: declared tests, an external command, or both; run at each offset of `at`."""

    at: tuple[Duration, ...] = Field(default=(0.0,), strict=False, min_length=1)
    limit: Duration | None = Field(default=None, description="the longest that one run may take")
    pre_check: tuple[Step, ...] = Field(default=(), strict=False, description="run once before the tests")
    before_each: tuple[Step, ...] = Field(default=(), strict=False, description="steps before each test")
    tests: tuple[Test, ...] = Field(default=(), strict=False)
    cookies: bool = Field(default=False, description="each test keeps the cookies that answers set")
    held_by: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="JSON fields that say who we are: a 409 that names one is another window of ours",
    )
    command: tuple[str, ...] = Field(default=(), strict=False, description="a suite of yours to run as well")
    junit: str | None = Field(
        default=None, description="the JUnit XML that the command writes; `target/*/TEST-*.xml` names several"
    )
    skipped: Literal["allowed"] | None = Field(
        default=None, description="cases that the command skips, or expects to fail, are as they should be"
    )
    flaky: Literal["allowed"] | None = Field(
        default=None, description="cases that pass only when the command repeats them are good enough"
    )
    command_timeout: Duration = 600.0
    expected_cases: int | None = Field(
        default=None, ge=1, description="how many cases the command must report"
    )

    @property
    def writes(self) -> bool:
        """Whether a run may change data; a command may, as nothing shows that it does not."""
        steps = [*self.pre_check, *self.before_each]
        steps += [step for test in self.tests for step in (*test.start, *test.steps, *test.cleanup)]
        sent = (
            request for step in steps for request in (step.together.requests if step.together else (step,))
        )
        return bool(self.command) or any(request.writes for request in sent)

    @model_validator(mode="after")
    def _tests_or_command(self) -> Self:
        if len(set(self.at)) != len(self.at):
            raise ValueError("an offset of `at` stands twice — keep one")
        if not self.tests and not self.command:
            raise ValueError("neither tests nor command — add one, or drop e2e")
        if bool(self.command) != (self.junit is not None):
            raise ValueError(
                "command and junit go together: an exit code alone proves nothing — write "
                "junit: results.xml, where the suite's reporter writes JUnit XML"
            )
        return self
