"""What this window could not show, in sentences. Pure.

Rule of three: no event in n excludes only rates above 1 - 0.05^(1/n), about 3/n, at 95 %; no leak counted in
W hours excludes only rates above 3/W per hour.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration, shown_offset, shown_percent
from deploy_verdict.evidence.answers.unseen_stretch import longest_unseen
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_before, log_observation
from deploy_verdict.evidence.platform.platform_views import DeploymentSample, deployed, deployment_samples
from deploy_verdict.evidence.processes.process_marks import answers_by_instance, fewest_asked, most_instances
from deploy_verdict.model import Finding, Outcome
from deploy_verdict.plan.checks.unwatched import unwatched
from deploy_verdict.stages.deployment.state import HEALTHCHECK
from deploy_verdict.stages.logs.counting.novelty import compared
from deploy_verdict.stages.pools.judge_blocks import pool_blocks
from deploy_verdict.stages.registry import asking_service
from deploy_verdict.stats.blocks import FEWEST_BLOCKS
from deploy_verdict.stats.bounds import at_most, excluded_percent
from deploy_verdict.stats.growth import used_at_end


def limits(bundle: Bundle, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return one sentence for each blind spot."""
    return tuple(_limits(bundle, findings))


def _limits(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[str]:
    for stage in bundle.left_out:
        yield f"The operator left out the stage {stage}; this verdict says nothing about it."
    for words in unwatched(bundle.plan):
        yield f"Not watched: {words}."
    if bundle.window.speed > 1:
        real = shown_duration(bundle.window.length_s / bundle.window.speed)
        yield (
            f"The window ran {bundle.window.speed:g} times as fast: the service was watched for {real} "
            "of real time, so whatever takes time to show had only that long."
        )
    for name in bundle.unasked:
        yield f"The server of the pool {name} was not asked, as its address in the plan was empty."
    if "deployment" in bundle.stages:
        yield from _platform(bundle)
    if "pools" in bundle.stages:
        yield from _leaks(bundle, findings)
    yield from _logs_left_out(bundle)
    yield from _news(bundle)
    yield from _between(bundle)
    answered = sum(item.exchange.status is not None for item in bundle.sent_to_service)
    if answered:
        yield from _instances(bundle)
        yield (
            f"Errors in fewer than {shown_percent(excluded_percent(answered))} % of requests may have been "
            f"missed: this run checked {answered} answers, all to its own requests."
        )
    inconclusive = sum(finding.outcome is Outcome.INCONCLUSIVE for finding in findings)
    if inconclusive:
        verb = "is" if inconclusive == 1 else "are"
        yield f"{inconclusive} of {len(findings)} findings {verb} inconclusive; each says why."


def _between(bundle: Bundle) -> Iterator[str]:
    """Yield the longest time without a request, in which a failure could come and go."""
    if not any(stage in bundle.stages for stage in asking_service()):
        return
    gap = longest_unseen(bundle)
    if gap.length_s > 0:
        at_s, length = shown_offset(gap.from_s), shown_duration(gap.length_s)
        yield (
            "A failure that began and ended between two requests would not show: none was sent for up to "
            f"{length} (from {at_s} on)."
        )


def _instances(bundle: Bundle) -> Iterator[str]:
    """Yield among how many instances a broken one may be missed, as requests meet instances by chance."""
    asked = fewest_asked(bundle)
    if asked is None:
        return
    check, count = asked
    seen = answers_by_instance(bundle)
    known = f"{len(seen)} instances said who they were" if seen else "no answer said which instance gave it"
    yield (
        f"One broken instance among more than {most_instances(count)} may have been missed (95 %): {check} "
        f"was answered {count} times, on connections of its own; {known}."
    )


def _logs_left_out(bundle: Bundle) -> Iterator[str]:
    """Yield the logs of other services that were left out with the platform that keeps them."""
    logs = bundle.plan.logs
    if logs is None or "logs" not in bundle.stages:
        return
    asked = dict(logs.asked(bundle.left_out))
    names = [other.name for other in logs.sources if other.name not in asked]
    if names:
        yield f"The platform was left out, and with it the log of {', '.join(names)}."


def _news(bundle: Bundle) -> Iterator[str]:
    """Yield why the log could not be compared, if the plan does not require that (then it is no finding)."""
    logs, reading = bundle.plan.logs, log_observation(bundle)
    if "logs" not in bundle.stages or logs is None or logs.novelty is not None or reading is None:
        return
    doubts = compared(logs, reading, log_before(bundle), speed=bundle.window.speed).doubts
    if doubts:
        yield f"Whether the log holds new kinds of errors is not known: {'; '.join(doubts)}."


def _platform(bundle: Bundle) -> Iterator[str]:
    """Yield what the platform's statements do not prove."""
    samples = deployment_samples(bundle)
    found = deployed(samples)
    if found is not None and not found.commit:
        yield "The platform knows no commit of this deployment, so it cannot say which code was watched."
    first = next((item.observation for item in samples if item.observation.settings), None)
    settings = first.settings if first else None
    retired = first.retired if first else ()
    if settings is not None and not settings.healthcheck_path and HEALTHCHECK not in retired:
        yield (
            "The platform has no health check for this service, so its SUCCESS only means that the "
            "container started."
        )
    yield from _sleeping(samples)


def _sleeping(samples: Sequence[DeploymentSample]) -> Iterator[str]:
    """Yield what a sleeping service hides: this window wakes it, so never sees it as its users do."""
    wakings = [item.observation.waking for item in samples if item.observation.waking]
    if wakings:
        slowest_s = max(waking.took_s for waking in wakings)
        yield (
            "The service sleeps without traffic (serverless). Each sample woke it first "
            f"({slowest_s:g} s at most), so what a first user meets shows only in these wakings, and "
            "whatever grows over hours in one process could not show between two sleeps."
        )


def _leaks(bundle: Bundle, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the leaks that could not show. If a pool grew, its finding says more than any limit."""
    for pool in bundle.plan.pools:
        growing = any(
            (finding.check, finding.rule, finding.outcome) == (pool.name, "growth", Outcome.FAIL)
            for finding in findings
        )
        read = [block for block in pool_blocks(bundle.samples[pool.name]) if block.is_read]
        if growing or len(read) < FEWEST_BLOCKS:
            continue
        blocks = [block.block for block in read]
        hours = blocks[-1].at_h - blocks[0].at_h
        rate = at_most(0, hours)
        free = read[-1].levels[-1].limit - used_at_end(blocks)
        if free > 0:
            yield (
                f"A leak of fewer than {rate:.1f} {pool.title or pool.name} connections per hour could not "
                f"show in the {shown_duration(3600 * hours)} after the warm-up; with {free:.0f} free, the "
                f"pool would then last at least {free / rate:.0f} h. Check again before that."
            )
