"""Was the deployment live in every sample, of the requested commit, and are the claims in it? Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, of_attempts, passed, unknown
from deploy_verdict.evidence.platform.platform_views import (
    DeploymentSample,
    deployed,
    deployment_samples,
    remedy_of,
)
from deploy_verdict.expect import worst
from deploy_verdict.model import Deployment, DeploymentObservation, Finding, Outcome, Severity
from deploy_verdict.plan import Claim
from deploy_verdict.stages.deployment.state import (
    ONCE_LIVE,
    SERVING,
    State,
    is_same_release,
    retired_instances,
    same_commit,
    short,
    standing,
)

STAGE = "deployment"
NO_LONGER = "Railway's API no longer knows"
NO_DEPLOYMENT = "the platform reported no deployment"
_FAILS = {
    State.FAILED: (Severity.P1, "the deployment failed"),
    State.CRASHED: (Severity.P0, "the deployment crashed"),
    State.DEGRADED: (Severity.P1, "some of the deployment's replicas do not run"),
    State.STOPPED: (Severity.P0, "the deployment has stopped"),
    State.SKIPPED: (Severity.P1, "the deployment was skipped, so this commit is not live"),
    State.GONE: (Severity.P1, "the deployment was removed"),
}


def judge_deployment(bundle: Bundle, others: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings; `others` are those of all other stages, which may show claims."""
    samples = deployment_samples(bundle)
    for offset_s in bundle.plan.window.offsets_s:
        yield _live(bundle, offset_s, samples)
    first, last = (samples[0].pointer, samples[-1].pointer) if samples else (None, None)
    yield _finding(
        "deployment", "commit", "the requested commit is deployed", _commit(bundle, samples).at(first)
    )
    retired = next(filter(None, (retired_instances(sample.observation) for sample in samples)), None)
    if retired is not None:
        words = f"{NO_LONGER} {retired}; update deploy-verdict"
        yield _finding("deployment", "replicas", "every replica runs", unknown(words).at(last))
    text = "no other release during the window"
    yield _finding("deployment", "undisturbed", text, _undisturbed(bundle, samples).at(last))
    for claim in bundle.plan.claims:
        if claim.openapi is not None:
            # Its document is judged on its own; the platform's commit does not count against it.
            continue
        text = f"{claim.commit} ({claim.title}) is deployed"
        yield _finding(claim.commit, "deployed", text, _claim(bundle, claim, samples, others).at(first))


def _finding(check: str, rule: str, expectation: str, ruling: Ruling) -> Finding:
    return ruling.as_finding(STAGE, check, rule, expectation)


def _live(bundle: Bundle, offset_s: float, samples: Sequence[DeploymentSample]) -> Finding:
    attempts = [
        _standing(bundle, sample.observation).at(sample.pointer)
        for sample in samples
        if sample.observation.offset_s == offset_s
    ]
    kept = of_attempts(attempts) or unknown("no sample of the platform")
    return _finding("deployment", "live", "the deployment is live", kept.at(kept.evidence, offset_s))


def _standing(bundle: Bundle, observation: DeploymentObservation) -> Ruling:
    stands = standing(observation, bundle.subject)
    if stands.state is State.LIVE:
        return passed(stands.words)
    if stands.state in _FAILS:
        return failed(stands.words, *_FAILS[stands.state])
    return unknown(stands.words, remedy_of(observation.fault))


def _commit(bundle: Bundle, samples: Sequence[DeploymentSample]) -> Ruling:
    """Judge the deployed commit. Without a requested commit there is nothing to compare, so it passes."""
    requested, found = bundle.subject.commit, deployed(samples)
    if found is None:
        return unknown(NO_DEPLOYMENT)
    if not _was_live(bundle, samples):
        return unknown(f"{known(found)}, which was never live in any sample")
    if found.commit is None and _is_retired(samples, "Deployment.meta"):
        return unknown(f"the commit is not known: {NO_LONGER} Deployment.meta; update deploy-verdict")
    if requested is None:
        return passed(f"{known(found)} (no commit was requested, so nothing to compare)")
    if found.commit is None:
        return unknown(f"{known(found)}; requested was {requested}")
    if same_commit(found.commit, requested):
        return passed(f"commit {found.commit}")
    return failed(f"{known(found)}; requested was {requested}", Severity.P1, "another commit is deployed")


def _is_retired(samples: Sequence[DeploymentSample], field: str) -> bool:
    return any(field in sample.observation.retired for sample in samples)


def _was_live(bundle: Bundle, samples: Sequence[DeploymentSample]) -> bool:
    """Return whether the deployment served in any sample: the commit of a failed one is not deployed."""
    return any(standing(sample.observation, bundle.subject).state in SERVING for sample in samples)


def _undisturbed(bundle: Bundle, samples: Sequence[DeploymentSample]) -> Ruling:
    """Judge whether a release came between two samples, and whether all samples have the same subject."""
    found = deployed(samples)
    if found is None:
        return unknown(NO_DEPLOYMENT)
    others = [
        sample.observation.deployment
        for sample in samples
        if sample.observation.deployment and not is_same_release(sample.observation.deployment, found)
    ]
    if others:
        return unknown(f"the samples name different deployments: {short(found.id)} and {short(others[0].id)}")
    last_s = bundle.plan.window.offsets_s[-1]
    listed = [
        sample.observation.recent
        for sample in samples
        if sample.observation.offset_s == last_s and sample.observation.recent
    ]
    if not listed:
        return unknown("the deployments were not listed at the window's end")
    other = next((item for item in listed[-1] if _came_between(item, found)), None)
    if other is not None:
        name = f"deployment {short(other.id)} of commit {short(other.commit)}"
        return unknown(f"{name} was live too (status {other.status})")
    return passed(f"none of the {len(listed[-1])} deployments listed")


def _came_between(item: Deployment, found: Deployment) -> bool:
    """Return whether another release is newer than the subject and was once live.

    A missing date may be newer.
    """
    if is_same_release(item, found) or item.status not in ONCE_LIVE:
        return False
    return item.created_at is None or found.created_at is None or item.created_at > found.created_at


def known(found: Deployment) -> str:
    """Describe what the platform knows of a deployment's code."""
    if found.commit:
        return f"commit {short(found.commit)}"
    if found.image:
        return f"an image ({found.image[:120]}), so the platform knows no commit"
    return "the platform knows no commit, as of a deployment by `railway up`"


def _claim(
    bundle: Bundle, claim: Claim, samples: Sequence[DeploymentSample], others: Sequence[Finding]
) -> Ruling:
    """Judge a claim. The platform names one commit; only its own effect shows that an older one is in it."""
    found = deployed(samples)
    if found is not None and not _was_live(bundle, samples):
        return unknown(f"{known(found)} was never live in any sample")
    if found is not None and same_commit(found.commit, claim.commit):
        return passed(f"commit {short(found.commit)} is the deployed one")
    deployment = known(found) if found else NO_DEPLOYMENT
    if claim.shown_by is None:
        return unknown(f"{deployment}, and the plan names nothing that shows {claim.commit}")
    stage, _, check = claim.shown_by.partition("/")
    showing = [finding.outcome for finding in others if (finding.stage, finding.check) == (stage, check)]
    if worst(showing) is Outcome.PASS:
        return passed(f"shown by {claim.shown_by}, which holds ({deployment})")
    why = "fails" if worst(showing) is Outcome.FAIL else "is not known"
    text = f"{deployment}, and {claim.shown_by}, which would show it, {why}"
    return unknown(text, rests_on=[claim.shown_by])
