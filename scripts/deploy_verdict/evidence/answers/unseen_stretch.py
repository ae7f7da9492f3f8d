"""The longest stretch of the window in which nothing requested anything of the service. Pure."""

from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.stages.registry import asking_service


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A stretch of the window without a request to the service, in plan seconds."""

    from_s: float
    length_s: float


def longest_unseen(bundle: Bundle) -> Unseen:
    """Return the longest such stretch between two samples or heartbeats, up to the end of the window.

    Samples after the end stand alone, so the time before them does not count.
    """
    end_s, speed, t0 = bundle.plan.window.end_s, bundle.window.speed, bundle.window.t0
    requests_s: list[tuple[float, float]] = []
    for item in bundle.loaded:
        evidence = item.evidence
        if evidence.stage not in asking_service():
            continue
        if evidence.stage == "heartbeat":
            requests_s += [
                (one.offset_s, one.offset_s) for one in evidence.observations if one.kind == "http"
            ]
            continue
        began_s, ended_s = (
            (at - t0).total_seconds() * speed for at in (evidence.started_at, evidence.finished_at)
        )
        requests_s.append((began_s, ended_s))
    seen_s, longest = 0.0, Unseen(from_s=0.0, length_s=0.0)
    for began_s, ended_s in (*sorted(requests_s), (end_s, end_s)):
        length_s = min(began_s, end_s) - seen_s
        if length_s > longest.length_s:
            longest = Unseen(from_s=seen_s, length_s=length_s)
        seen_s = max(seen_s, ended_s)
    return longest
