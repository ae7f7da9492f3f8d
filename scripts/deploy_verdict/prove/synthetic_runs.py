"""Made-up runs of an operation: one that went wrong among enough clean ones, too few, or none. Pure."""

from collections.abc import Iterator

from deploy_verdict.model import Exchange, FailedRun, Fault, Race, StepRecord, Whose
from deploy_verdict.plan import Exposure, Plan
from deploy_verdict.prove.synthetic import AT, Made, filled, runs, test_and_step
from deploy_verdict.prove.synthetic_mutants import Spoiling

_SILENT = Fault(kind="timeout", whose=Whose.TARGET, detail="no answer within the timeout")


def runs_of(plan: Plan, asked: Exposure) -> Spoiling:
    """One run that went wrong among enough clean ones; and too few, or refusals only."""

    def but(made: Made, **changes: object) -> Made:
        seen = runs(plan, asked).model_copy(update=changes)
        return made.but(runs=tuple(seen if item.check == asked.name else item for item in made.runs))

    def crossing(made: Made) -> Iterator[tuple[str, Made]]:
        yield "one run answered 500", but(made, failed=1, failures=(_failure(plan, asked, status=500),))
        yield "one run not answered", but(made, failed=1, failures=(_failure(plan, asked, fault=_SILENT),))

    def lacking(made: Made) -> Iterator[tuple[str, Made]]:
        yield "no run at all", but(made, done=0, tallies=())
        yield "one run too few", but(made, **_counts(plan, asked, asked.wanted - 1, "200"))
        if not asked.test_name:
            yield "all of them refused", but(made, **_counts(plan, asked, asked.wanted, "409"))

    return Spoiling(lacking=lacking, crossing=crossing, alone=True)


def _counts(plan: Plan, asked: Exposure, count: int, status: str) -> dict[str, object]:
    seen = runs(plan, asked, count, status)
    return {"done": seen.done, "tallies": seen.tallies}


def _failure(
    plan: Plan, asked: Exposure, *, status: int | None = None, fault: Fault | None = None
) -> FailedRun:
    """The step that ended a run, or the request that was it."""
    name, step_name = test_and_step(plan, asked)
    if not name:
        method, _, path = asked.operation.partition(" ")
        exchange = _exchange(method.upper(), plan.service.base_url + filled(path), status, fault)
        return FailedRun(step=StepRecord(part="steps", index=0, name=asked.name, exchange=exchange))
    test, _ = plan.test_of(name)
    index = next((i for i, step in enumerate(test.steps) if step.name == step_name), 0)
    step = test.steps[index]
    record = StepRecord(part="steps", index=index, name=step.name)
    if step.together is None:
        exchange = _exchange(step.method, plan.service.base_url + step.path, status, fault)
        return FailedRun(step=record.model_copy(update={"exchange": exchange}))
    size = step.together.size
    answers = tuple(_exchange("POST", "", status, fault) for _ in range(size))
    race = Race(
        exchanges=answers, starts_ms=(0.0,) * size, ends_ms=(9.0,) * size, spread_ms=0.0, overlapped=True
    )
    return FailedRun(step=record.model_copy(update={"race": race}))


def _exchange(method: str, url: str, status: int | None, fault: Fault | None) -> Exchange:
    return Exchange(at=AT, method=method, url=url, request_id="", status=status, elapsed_ms=50.0, fault=fault)
