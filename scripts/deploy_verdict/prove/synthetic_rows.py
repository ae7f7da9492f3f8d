"""The rows that rest on what nobody can record, each with the made-up observations to turn it red. Pure.

Deployment, claims, traffic, metrics and exposure: healthy but for one thing, as a service or a platform
would really show it.
"""

from collections.abc import Iterator
from dataclasses import replace

from deploy_verdict.model import Outcome
from deploy_verdict.plan import Plan
from deploy_verdict.prove.evaluator import Court
from deploy_verdict.prove.mutants import Spoilt
from deploy_verdict.prove.rows import Path, Row
from deploy_verdict.prove.scenes import Scene
from deploy_verdict.prove.synthetic_mutants import (
    Change,
    Spoiling,
    commit_of,
    document_of,
    growth_of,
    live_of,
    memory_of,
    requests_of,
    slowness_of,
)
from deploy_verdict.prove.synthetic_runs import runs_of

MadeRow = tuple[Row, Spoilt]


def made_rows(plan: Plan, court: Court) -> Iterator[MadeRow]:
    """In the order of the plan's sections."""
    making = _Making(court)
    if plan.railway is not None:
        live, commit = ("deployment", "deployment", "live"), ("deployment", "deployment", "commit")
        yield making.row(("railway",), "the deployment is live", live, live_of())
        yield making.row(
            ("railway",), "the deployed commit is the one that was asked for", commit, commit_of()
        )
    yield from _claims(plan, making)
    yield from _traffic(plan, making)
    yield from _metrics(plan, making)
    of_claims = [("claims", i, "exposure") for i, claim in enumerate(plan.claims) if claim.exposure]
    paths: list[Path] = [*(("exposure", i) for i in range(len(plan.exposure))), *of_claims]
    for path, asked in zip(paths, plan.exposures, strict=True):
        name = ("exposure", asked.name, "runs")
        told = f"{asked.name}: {asked.wanted} clean runs of {asked.operation}"
        yield making.row(path, told, name, runs_of(plan, asked))


class _Making:
    """Rows whose scenes are the healthy one with other made-up observations."""

    def __init__(self, court: Court) -> None:
        self._court = court

    def row(self, path: Path, told: str, finding: tuple[str, str, str], spoiling: Spoiling) -> MadeRow:
        def ask(scene: Scene) -> Outcome:
            return self._court.finding(scene, *finding)

        healthy = self._court.healthy
        alone = replace(healthy, answers={}, samples={}) if spoiling.alone else healthy

        def scenes(base: Scene, change: Change) -> tuple[Scene, ...]:
            return tuple(replace(base, name=name, made=made) for name, made in change(healthy.made))

        spoilt = Spoilt(lacking=scenes(alone, spoiling.lacking), crossing=scenes(healthy, spoiling.crossing))
        return Row(path=path, told=told, ask=ask, seen=(), is_made=True), spoilt


def _claims(plan: Plan, making: _Making) -> Iterator[MadeRow]:
    """A claim that a check shows fails with that check's own rows."""
    for index, claim in enumerate(plan.claims):
        told = f"claim {claim.commit} ({claim.title})"
        if claim.openapi is not None:
            name, sought = ("claims", claim.commit, "shown"), claim.openapi
            text = f"{told}: {sought.has} is in {sought.get}"
            yield making.row(("claims", index, "openapi"), text, name, document_of(claim, sought))
        elif claim.shown_by is None:
            path: Path = ("claims", index)
            yield Row(path=path, told=told, ask=lambda _: Outcome.PASS, seen=(), is_made=True), Spoilt()


def _traffic(plan: Plan, making: _Making) -> Iterator[MadeRow]:
    asked = plan.traffic
    if asked is None:
        return
    told = f"at most {asked.max_5xx:g} % of others' requests answered 5xx"
    yield making.row(("traffic", "max_5xx"), told, ("traffic", "all", "5xx"), requests_of(plan, asked))
    if asked.p95 is not None:
        told = f"p95 of each path at most {asked.p95 * 1000:g} ms"
        yield making.row(("traffic", "p95"), told, ("traffic", "all", "p95"), slowness_of(plan, asked))


def _metrics(plan: Plan, making: _Making) -> Iterator[MadeRow]:
    asked = plan.metrics
    if asked is None:
        return
    limits = {"memory_attention": asked.memory_attention, "memory_critical": asked.memory_critical}
    for key, percent in limits.items():
        told = f"memory: {key.removeprefix('memory_')} from {percent:g} %"
        yield making.row(("metrics", key), told, ("metrics", "memory", "limit"), memory_of(plan, percent))
    yield making.row(
        ("metrics",), "no growth of memory over the window", ("metrics", "memory", "growth"), growth_of(plan)
    )
