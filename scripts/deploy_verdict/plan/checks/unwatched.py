"""Says in sentences what a plan leaves unwatched; shown before the window and beside its verdict. Pure."""

from collections.abc import Iterator

from deploy_verdict.plan.plan import Plan


def unwatched(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for each thing that nothing watches, with what to add to the plan."""
    return (*_checks(plan), *_sections(plan))


def _checks(plan: Plan) -> Iterator[str]:
    beside = {name for pool in plan.pools for name in pool.beside}
    once = [
        check.name
        for check in plan.health
        if check.name not in beside and plan.check_offsets_s(check) == plan.window.claim_offsets_s
    ]
    if once and len(plan.window.offsets_s) > 1:
        yield (
            f"{_listed(once)} {_verb(once)} sent at T+0 only, so what breaks later does not show — write "
            "`at: every sample`, or name it in a pool's `beside`"
        )
    status_only = [check.name for check in plan.health if check.looks_at_status_only]
    if status_only:
        yield (
            f"{_listed(status_only)}: only the status is looked at, so a catch-all HTML page or an error in "
            "a 200 passes — add a line such as `$.orders: {type: array}`"
        )


def _sections(plan: Plan) -> Iterator[str]:
    reads = any(not check.writes and plan.is_ours(check.host) for check in plan.health)
    if not reads and not plan.pools:
        yield "whether the service answers between the suite's runs — add a health check that reads"
    if plan.beat is None:
        yield "the time between the samples — add a health check that reads, or `heartbeat: {get: /health}`"
    if plan.logs is None:
        yield "the service's log: nobody reads it — add `logs: {novelty: {before: 1h}}`"
    if plan.traffic is None:
        how = "add `traffic: {}`" if plan.railway is not None else "add railway and traffic sections"
        yield f"the requests of others: nobody counts their errors — {how}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
