"""The runs of the whole suite: one of each offset, and why one is not whole. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.model import CaseObservation, Evidence, SuiteObservation, TestObservation
from deploy_verdict.plan import E2E
from deploy_verdict.stages.e2e.judge_runs import Files, pre_check

BAD = ("failed", "error")


@dataclass(frozen=True, kw_only=True)
class SuiteRun:
    """A planned run of the suite; `incomplete` says why it is missing or was cut short, or is empty."""

    offset_s: float
    pointer: str | None = None
    observation: SuiteObservation | None = None
    cases: tuple[tuple[str, CaseObservation], ...] = ()
    incomplete: str = "the suite was not run"

    @property
    def failed(self) -> bool:
        """Whether a case of it went wrong."""
        return any(case.result in BAD for _, case in self.cases)

    @property
    def elapsed_ms(self) -> float:
        """How long it took; 0 where it was not seen."""
        return self.observation.elapsed_ms if self.observation else 0.0


def suites_of(e2e: E2E, files: Files) -> tuple[SuiteRun, ...]:
    """One for each planned offset: its first attempt with a case that failed, else its newest."""
    kept: dict[float, SuiteRun] = {}
    for name, evidence in sorted(files, key=lambda item: item[1].attempt):
        for index, observation in enumerate(evidence.observations):
            if not isinstance(observation, SuiteObservation):
                continue
            offset_s = observation.offset_s
            if offset_s in kept and kept[offset_s].failed:
                continue
            kept[offset_s] = SuiteRun(
                offset_s=offset_s,
                pointer=f"{name}#/observations/{index}",
                observation=observation,
                cases=_cases(name, evidence, offset_s),
                incomplete=_incomplete(e2e, evidence, offset_s),
            )
    return tuple(kept.get(offset_s, SuiteRun(offset_s=offset_s)) for offset_s in e2e.at)


def _cases(name: str, evidence: Evidence, offset_s: float) -> tuple[tuple[str, CaseObservation], ...]:
    return tuple(
        (f"{name}#/observations/{index}", item)
        for index, item in enumerate(evidence.observations)
        if isinstance(item, CaseObservation) and item.offset_s == offset_s
    )


def _incomplete(e2e: E2E, evidence: Evidence, offset_s: float) -> str:
    runs = [
        item
        for item in evidence.observations
        if isinstance(item, TestObservation) and item.offset_s == offset_s
    ]
    if evidence.interrupted or any(run.interrupted for run in runs):
        return "the run was interrupted"
    first = pre_check(e2e)
    absent = _absent([first.name] if first else [], [test.name for test in e2e.tests], runs)
    return f"{absent[0]} was not run" if absent else ""


def _absent(first: Sequence[str], names: Sequence[str], runs: Sequence[TestObservation]) -> list[str]:
    seen = {run.check for run in runs}
    return [name for name in (*first, *names) if name not in seen]
