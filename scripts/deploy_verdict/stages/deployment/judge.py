"""The deployment: live at every look, the commit that was asked for, the claims in it? Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import made
from deploy_verdict.evidence.platform_views import DeploymentSample, deployed, looks
from deploy_verdict.expect import worst
from deploy_verdict.model import Deployment, DeploymentObservation, Finding, Outcome, Severity
from deploy_verdict.plan import Claim
from deploy_verdict.stages.deployment.state import (
    ONCE_LIVE,
    State,
    is_same_release,
    same_commit,
    short,
    standing,
)

STAGE = "deployment"
_FAILS = {
    State.FAILED: (Severity.P1, "the deployment failed"),
    State.CRASHED: (Severity.P0, "the deployment crashed"),
    State.STOPPED: (Severity.P0, "the deployment has stopped"),
    State.SKIPPED: (Severity.P1, "the deployment was skipped, so this commit is not live"),
    State.GONE: (Severity.P1, "the deployment was removed"),
}

_Result = tuple[Outcome, Severity | None, str, str | None]


def judge_deployment(bundle: Bundle, others: Sequence[Finding]) -> Iterator[Finding]:
    """`others` are the findings of all other stages, by which claims may be shown."""
    seen = looks(bundle)
    for offset_s in bundle.plan.window.offsets_s:
        mine = [look for look in seen if look.observation.offset_s == offset_s]
        yield _live(bundle, offset_s, mine)
    first, last = (seen[0], seen[-1]) if seen else (None, None)
    text = "the deployed commit is the one that was asked for"
    yield _finding("deployment", "commit", text, _commit(bundle, seen), first)
    text = "no other release was live within the window"
    yield _finding("deployment", "undisturbed", text, _undisturbed(bundle, seen), last)
    for claim in bundle.plan.claims:
        if claim.openapi is not None:
            # What it answers with is judged by itself: the platform's word does not count against it.
            continue
        text = f"{claim.commit} ({claim.title}) is deployed"
        yield _finding(claim.commit, "deployed", text, _claim(bundle, claim, seen, others), first)


def _live(bundle: Bundle, offset_s: float, mine: Sequence[DeploymentSample]) -> Finding:
    """A fail of any attempt stays."""
    results = [(look, _standing(bundle, look.observation)) for look in mine]
    failed = [item for item in results if item[1][0] is Outcome.FAIL]
    missing: _Result = (Outcome.INCONCLUSIVE, None, "nobody looked at the platform", None)
    kept = failed[0] if failed else results[-1] if results else None
    outcome, severity, actual, because = kept[1] if kept else missing
    return made(
        STAGE,
        ("deployment", "live"),
        "the deployment is live",
        (outcome, severity, actual),
        because=because,
        evidence=kept[0].pointer if kept else None,
        offset_s=offset_s,
    )


def _standing(bundle: Bundle, observation: DeploymentObservation) -> _Result:
    stands = standing(observation, bundle.subject)
    if stands.state is State.LIVE:
        return Outcome.PASS, None, stands.words, None
    if stands.state in _FAILS:
        severity, because = _FAILS[stands.state]
        return Outcome.FAIL, severity, stands.words, because
    return Outcome.INCONCLUSIVE, None, stands.words, None


def _finding(check: str, rule: str, text: str, result: _Result, look: DeploymentSample | None) -> Finding:
    outcome, severity, actual, because = result
    pointer = look.pointer if look else None
    return made(STAGE, (check, rule), text, (outcome, severity, actual), because=because, evidence=pointer)


def _commit(bundle: Bundle, seen: Sequence[DeploymentSample]) -> _Result:
    """Where nobody asked for a commit, there is nothing to compare: what is known is told."""
    asked, found = bundle.subject.commit, deployed(seen)
    if found is None:
        return Outcome.INCONCLUSIVE, None, "the platform told of no deployment", None
    if not _was_live(bundle, seen):
        return Outcome.INCONCLUSIVE, None, f"{known(found)}, which was never seen live", None
    if asked is None:
        return Outcome.PASS, None, f"{known(found)}; no commit was asked for", None
    if found.commit is None:
        return Outcome.INCONCLUSIVE, None, f"{known(found)}; asked for was {asked}", None
    if same_commit(found.commit, asked):
        return Outcome.PASS, None, f"commit {found.commit}", None
    return Outcome.FAIL, Severity.P1, f"{known(found)}; asked for was {asked}", "another commit is deployed"


def _was_live(bundle: Bundle, seen: Sequence[DeploymentSample]) -> bool:
    """A commit of a deployment that failed is not deployed."""
    return any(standing(look.observation, bundle.subject).state is State.LIVE for look in seen)


def _undisturbed(bundle: Bundle, seen: Sequence[DeploymentSample]) -> _Result:
    """A release that came and went between two looks, or a subject that was another one at another look."""
    found = deployed(seen)
    if found is None:
        return Outcome.INCONCLUSIVE, None, "the platform told of no deployment", None
    others = [
        look.observation.deployment
        for look in seen
        if look.observation.deployment and not is_same_release(look.observation.deployment, found)
    ]
    if others:
        told = f"the looks tell of different deployments: {short(found.id)} and {short(others[0].id)}"
        return Outcome.INCONCLUSIVE, None, told, None
    last_s = bundle.plan.window.offsets_s[-1]
    listed = [
        look.observation for look in seen if look.observation.offset_s == last_s and look.observation.recent
    ]
    if not listed:
        return Outcome.INCONCLUSIVE, None, "the deployments were not listed at the window's end", None
    between = [item for item in listed[-1].recent if _came_between(item, found)]
    if between:
        told = f"deployment {short(between[0].id)} of commit {short(between[0].commit)} was live too"
        return Outcome.INCONCLUSIVE, None, f"{told} (status {between[0].status})", None
    return Outcome.PASS, None, f"of {len(listed[-1].recent)} deployments listed at the end, none", None


def _came_between(item: Deployment, found: Deployment) -> bool:
    """Newer than the subject, of other code, and once live; a date that is missing could be any."""
    if is_same_release(item, found) or item.status not in ONCE_LIVE:
        return False
    return item.created_at is None or found.created_at is None or item.created_at > found.created_at


def known(found: Deployment) -> str:
    """What the platform knows of a deployment's code."""
    if found.commit:
        return f"commit {short(found.commit)}"
    if found.image:
        return f"an image ({found.image[:120]}), so the platform knows no commit"
    return "the platform knows no commit, as of a deployment by `railway up`"


def _claim(
    bundle: Bundle, claim: Claim, seen: Sequence[DeploymentSample], others: Sequence[Finding]
) -> _Result:
    """The platform names one commit; whether an older one is in it, only its own effect can show."""
    found = deployed(seen)
    if found is not None and not _was_live(bundle, seen):
        return Outcome.INCONCLUSIVE, None, f"{known(found)} was never seen live", None
    if found is not None and same_commit(found.commit, claim.commit):
        return Outcome.PASS, None, f"commit {short(found.commit)} is the deployed one", None
    told = known(found) if found else "the platform told of no deployment"
    if claim.shown_by is None:
        return (
            Outcome.INCONCLUSIVE,
            None,
            f"{told}, and the plan names nothing that shows {claim.commit}",
            None,
        )
    stage, _, check = claim.shown_by.partition("/")
    mine = [finding for finding in others if (finding.stage, finding.check) == (stage, check)]
    outcome = worst(finding.outcome for finding in mine)
    if mine and outcome is Outcome.PASS:
        return Outcome.PASS, None, f"shown by {claim.shown_by}, which holds ({told})", None
    why = "fails" if outcome is Outcome.FAIL else "is not known"
    return Outcome.INCONCLUSIVE, None, f"{told}, and {claim.shown_by}, which would show it, {why}", None
