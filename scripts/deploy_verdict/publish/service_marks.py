"""Makes every name on GitHub that carries a service, so that two services of a repository share none. Pure.

Commit status contexts, labels and comment keys are made here and nowhere else.
"""

import hashlib
import re
from functools import cache

from deploy_verdict.github.destinations import IssueLabel
from deploy_verdict.model import VerdictOutcome

CONTEXT = "deploy-verdict"
# GitHub limits a label to 50 characters: "verdict ", the service, ": inconclusive".
MAX_LABEL = 50
MAX_SERVICE = MAX_LABEL - len("verdict ") - len(": inconclusive")
_DIGEST = 6
_LATER_SAMPLE = re.compile(rf"{CONTEXT}/([a-z0-9._-]+)/later-sample")
_KINDS = {
    VerdictOutcome.STABLE: ("2da44e", "All checks passed for the complete window"),
    VerdictOutcome.ATTENTION: ("bf8700", "It works, but something needs attention"),
    VerdictOutcome.CRITICAL: ("cf222e", "The fix does not hold, or production is broken"),
    VerdictOutcome.INCONCLUSIVE: ("6e7781", "Not everything is known, so it is not stable"),
}


def service_of(name: str | None, plan: str) -> str:
    """Return a service's name for contexts and labels: the plan's service.name, else the plan's own name.

    GitHub compares contexts and labels case-insensitively. A changed or cut name gets part of its digest, so
    that two names never become one.
    """
    full = name or plan
    safe = re.sub(r"[^a-z0-9._-]+", "-", full.lower()).strip("-.")
    if safe == full and len(safe) <= MAX_SERVICE:
        return safe
    digest = hashlib.sha256(full.encode("utf-8", "replace")).hexdigest()[:_DIGEST]
    return f"{safe[: MAX_SERVICE - _DIGEST - 1].rstrip('-.') or 'service'}-{digest}"


def status_context(service: str) -> str:
    """Return the context of the commit status that holds a service's verdict."""
    return f"{CONTEXT}/{service}"


def later_sample_context(service: str) -> str:
    """Return the context of the commit status that promises a later sample of a service."""
    return f"{CONTEXT}/{service}/later-sample"


def rollback_context(service: str) -> str:
    """Return the context of the commit status that records a rollback of a service to the commit."""
    return f"{CONTEXT}/{service}/rollback"


def is_later_sample(context: str) -> bool:
    """Whether a commit status promises a later sample, of any service."""
    return _LATER_SAMPLE.fullmatch(context) is not None


def start_context(workflow: str) -> str:
    """Return the context for a run that failed before it knew its plan, and so its service."""
    return f"{CONTEXT}/start/{service_of(workflow.rpartition('.')[0], workflow)}"


def comment_key(service: str, subject: str) -> str:
    """Return the key of a comment: a service's deployment, or its window."""
    return f"{service}.{subject}"


@cache
def labels_of(service: str) -> dict[VerdictOutcome, IssueLabel]:
    """Return a service's label for each outcome."""
    return {
        outcome: IssueLabel(name=f"verdict {service}: {outcome.value}", color=color, description=words)
        for outcome, (color, words) in _KINDS.items()
    }
