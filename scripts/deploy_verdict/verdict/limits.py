"""What this window could not have seen, in sentences. Pure.

Rule of three: none of n excludes only rates above 1 - 0.05^(1/n), about 3/n, at 95 %; no leak counted
in W hours excludes only rates above 3/W per hour (judging facts 1.4 and 1.8).
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import all_sent
from deploy_verdict.evidence.measures import log_before, log_observation
from deploy_verdict.evidence.platform_views import deployed, looks
from deploy_verdict.model import Finding, Outcome
from deploy_verdict.stages.logs.novelty import compared
from deploy_verdict.stages.pools.judge_blocks import pool_blocks
from deploy_verdict.stats.blocks import FEWEST_BLOCKS
from deploy_verdict.stats.bounds import at_most, excluded_percent
from deploy_verdict.stats.growth import used_at_end


def limits(bundle: Bundle, findings: Sequence[Finding]) -> tuple[str, ...]:
    """One sentence for each blind spot."""
    return tuple(_limits(bundle, findings))


def _limits(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[str]:
    for stage in bundle.left_out:
        yield f"The stage {stage} was left out by the operator's choice; nothing is said about it."
    if bundle.window.speed > 1:
        real = shown_duration(bundle.window.length_s / bundle.window.speed)
        yield (
            f"The window was run {bundle.window.speed:g} times as fast: the service was really watched "
            f"for {real}, so whatever takes time to show had only that long."
        )
    if "deployment" in bundle.stages:
        yield from _platform(bundle)
    if "pools" in bundle.stages:
        yield from _leaks(bundle, findings)
    yield from _news(bundle)
    answered = sum(item.exchange.status is not None for item in all_sent(bundle.loaded))
    if answered:
        yield (
            f"Errors rarer than {excluded_percent(answered):.2g} % of requests could have gone unseen: "
            f"{answered} answers were looked at, all of them to requests of ours."
        )
    open_ = sum(finding.outcome is Outcome.INCONCLUSIVE for finding in findings)
    if open_:
        yield f"{open_} of {len(findings)} findings are inconclusive; each says why."


def _news(bundle: Bundle) -> Iterator[str]:
    """Where nobody asked for it, a log that cannot be compared is no finding; it is told all the same."""
    logs, reading = bundle.plan.logs, log_observation(bundle)
    if "logs" not in bundle.stages or logs is None or logs.novelty is not None or reading is None:
        return
    doubts = compared(logs, reading, log_before(bundle)).doubts
    if doubts:
        yield f"Which kinds of errors in the log are new is not known: {'; '.join(doubts)}."


def _platform(bundle: Bundle) -> Iterator[str]:
    """What the platform's word is worth."""
    seen = looks(bundle)
    found = deployed(seen)
    if found is not None and not found.commit:
        yield "The platform knows no commit of this deployment, so it cannot say which code was watched."
    settings = next((look.observation.settings for look in seen if look.observation.settings), None)
    if settings is not None and not settings.healthcheck_path:
        yield (
            "The platform has no health check for this service: there, SUCCESS merely says that the "
            "container started."
        )


def _leaks(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[str]:
    """Of a pool that was seen to grow, its finding says more than any limit."""
    for pool in bundle.plan.pools:
        growing = any(
            (finding.check, finding.rule, finding.outcome) == (pool.name, "growth", Outcome.FAIL)
            for finding in findings
        )
        seen = [block for block in pool_blocks(bundle.samples[pool.name]) if block.is_read]
        if growing or len(seen) < FEWEST_BLOCKS:
            continue
        blocks = [block.block for block in seen]
        hours = blocks[-1].at_h - blocks[0].at_h
        rate = at_most(0, hours)
        free = seen[-1].levels[-1].limit - used_at_end(blocks)
        if free > 0:
            yield (
                f"A leak slower than {rate:.1f} {pool.title or pool.name} connections per hour could not "
                f"have been seen in the {shown_duration(3600 * hours)} after the warm-up; with {free:.0f} "
                f"free, the pool would then last {free / rate:.0f} h or more. Look again before that."
            )
