"""Repeats the steps of a test for a drive or a top-up: set up once, counted, cleaned up.

Each request passes the guard like any other; the test's cleanup follows a failed run. A response that breaks
a never rule also ends its run: good responses are only counted, so the rule could not check them later.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from deploy_verdict.evidence.answers.never_rules import forbidden
from deploy_verdict.model import Exchange, FailedRun, StepRecord, Tally, Unrestored
from deploy_verdict.plan import Step, Test
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.requests import TestRun, of_own_cookies
from deploy_verdict.stages.e2e.steps import Part, clean_up, close_entry, entity_lock, take_step
from deploy_verdict.stages.write_ledger import OpenEntry


class Counted:
    """Counts good responses by step, method and address, and keeps failed runs complete."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str, str], Counter[str]] = {}
        self.failures: list[FailedRun] = []
        self.done = 0

    @property
    def failed(self) -> int:
        """How many runs a step ended."""
        return len(self.failures)

    def count(self, name: str, exchanges: Iterable[Exchange]) -> None:
        """Count the responses to one step."""
        for exchange in exchanges:
            key = (name, exchange.method, exchange.url)
            self._answers.setdefault(key, Counter())[str(exchange.status)] += 1

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """The counts as the evidence holds them."""
        return tuple(
            Tally(name=name, method=method, url=url, answers=dict(counts))
            for (name, method, url), counts in self._answers.items()
        )


class Cycles(Counted):
    """The repeated runs of one test. `before` is called before each request with the number sent so far."""

    def __init__(self, context: Context, test: Test, before_each: tuple[Step, ...]) -> None:
        super().__init__()
        self._context, self._test, self._before_each = context, test, before_each
        entry = OpenEntry(context.ledger, test.name, context.pace.clock.now)
        self._test_run = TestRun(of_own_cookies(context), entry=entry, cleanup=test.cleanup)
        self.requests = 0

    @property
    def beside(self) -> tuple[Exchange, ...]:
        """The requests before the first run, and those after failed runs and the last one."""
        return tuple(exchange for record in self._test_run.records for exchange in sent_in(record))

    @property
    def unrestored(self) -> tuple[Unrestored, ...]:
        """What the cleanup left behind."""
        return tuple(self._test_run.unrestored)

    def through(self, runs: Callable[[], str | None]) -> str | None:
        """Lock the entities, set up the test, call `runs`, clean up; return why it ended early, or None."""
        with entity_lock(self._context, self._test, self._before_each) as held:
            if held is not None:
                return held
            try:
                return self._set_up() or runs()
            finally:
                if self._test_run.writes:
                    clean_up(self._test_run, self._test.cleanup)
                close_entry(self._test_run)

    def _set_up(self) -> str | None:
        parts: tuple[Part, Part] = ("before_each", "start")
        for part, steps in zip(parts, (self._before_each, self._test.start), strict=True):
            for index, step in enumerate(steps):
                if self._context.stop.requested:
                    return "asked to stop"
                reason = take_step(self._test_run, part, index, step)
                if reason:
                    return f"the cycles' start was not reached: {reason}"
        return None

    def run(self, before: Callable[[int], None]) -> None:
        """Take the steps once."""
        plan = self._context.plan
        for index, step in enumerate(self._test.steps):
            before(self.requests)
            captured = dict(self._test_run.captured)
            reason = take_step(self._test_run, "steps", index, step)
            record = self._test_run.records.pop()
            self.requests += 1 + len(record.earlier)
            if reason is None:
                reason = next(filter(None, (forbidden(plan, item) for item in sent_in(record))), None)
            if reason is not None:
                self.failures.append(FailedRun(step=record, captured=captured))
                clean_up(self._test_run, self._test.cleanup)
                return
            self.count(record.name, sent_in(record))
        self.done += 1


def sent_in(record: StepRecord) -> tuple[Exchange, ...]:
    """Return every exchange of a step."""
    return (*record.earlier, *([record.exchange] if record.exchange else []))
