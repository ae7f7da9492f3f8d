"""A server that was queried directly: did it keep running, refuse anybody, run out of memory? Pure."""

from collections.abc import Sequence
from itertools import pairwise

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.pools.pool_samples import PoolSample, ServerState
from deploy_verdict.model import Severity

# The share of maxmemory at which the next writes are about to be refused, if nothing is evicted.
MEMORY_SHARE = 0.95


def judge_server(samples: Sequence[PoolSample]) -> Ruling:
    """Judge the worst that the server reported in any reading."""
    reports = [(state, sample) for sample in samples for state in sample.states]
    if not reports:
        why = next((reason for sample in samples for reason in sample.reasons), "no reading")
        return unknown(f"the server said nothing of itself: {why}")
    for (before, _), (now, sample) in pairwise(reports):
        up = shown_duration(round(now.up_s))
        if now.born != before.born and now.up_s > max(before.up_s, now.at_s - before.at_s):
            text = f"another server answered at {shown_offset(sample.offset_s)} (up for {up})"
            return unknown(f"{text}: a failover, or several behind one address").at(
                sample.pointer, sample.offset_s
            )
        if now.born != before.born:
            text = f"it restarted: up for {up} at {shown_offset(sample.offset_s)}"
            because = "the server restarted, and every connection with it"
            return failed(text, Severity.P1, because).at(sample.pointer, sample.offset_s)
    for (before, _), (now, sample) in pairwise(reports):
        if now.refused is not None and before.refused is not None and now.refused > before.refused:
            count = now.refused - before.refused
            text = f"it refused {count} connections before {shown_offset(sample.offset_s)}"
            because = "the server has no connections left"
            return failed(text, Severity.P1, because).at(sample.pointer, sample.offset_s)
    full = next(((state, sample) for state, sample in reports if _is_full(state)), None)
    if full is not None:
        state, sample = full
        text = f"{_memory(state)} at {shown_offset(sample.offset_s)}, and it evicts nothing"
        because = "the server runs out of memory and will refuse writes"
        return failed(text, Severity.P1, because).at(sample.pointer, sample.offset_s)
    last = reports[-1][0]
    refused = "" if last.refused is None else ", no connection refused"
    memory = f", {_memory(last)}" if last.memory is not None else ""
    return passed(f"one process, up for {shown_duration(round(last.up_s))} at the end{refused}{memory}")


def _is_full(state: ServerState) -> bool:
    if state.memory is None or not state.most_memory or state.evicts:
        return False
    return state.memory >= MEMORY_SHARE * state.most_memory


def _memory(state: ServerState) -> str:
    used = f"{(state.memory or 0) / 1e6:,.0f} MB"
    return (
        f"{used} of {state.most_memory / 1e6:,.0f} MB of memory" if state.most_memory else f"{used} of memory"
    )
