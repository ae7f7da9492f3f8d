"""The section on the deployment itself: what the platform says, and which claims are shown. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform_views import DeploymentSample, deployed, looks
from deploy_verdict.expect import told_fault, worst
from deploy_verdict.markup.labels import MARK, counted, files_of, listed, moment, not_checked, observed_moment
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import Deployment as Deployed
from deploy_verdict.model import DeploymentObservation, DeploymentStep, LogLine, Outcome, Settings, Verdict
from deploy_verdict.plan import Claim
from deploy_verdict.stages.deployment.rollback_policy import Candidate, Readiness, readiness
from deploy_verdict.stages.deployment.state import State, same_commit, short, standing

MOST_ROWS = 8


@dataclass(frozen=True, kw_only=True)
class RollbackOptions:
    """The section of the report."""

    advice: str
    table: Table | None
    lost: str
    kept: str
    notes: tuple[str, ...]


def readiness_of(bundle: Bundle, now: datetime) -> Readiness:
    """From the newest look that has seen the earlier deployments."""
    seen = [look.observation for look in looks(bundle) if look.observation.offset_s == 0]
    whole = [observation for observation in seen if observation.recent] or seen
    return readiness(whole[-1] if whole else None, bundle.plan.railway, now)


def rollback_options(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> RollbackOptions | None:
    """None where the platform is not asked."""
    if "deployment" not in bundle.stages:
        return None
    ready = readiness_of(bundle, generated_at)
    target = ready.recommended
    return RollbackOptions(
        advice=ready.advice,
        table=_table(ready) if ready.candidates else None,
        lost=listed([_named(item.commit, item.commit_message) for item in ready.commits_lost], 10),
        kept=_kept(target) if target else "",
        notes=ready.notes,
    )


def _named(commit: str | None, message: str | None) -> str:
    first = (message or "").splitlines()[:1]
    return f"{short(commit)} ({first[0][:80]})" if first else short(commit)


def _kept(target: Candidate) -> str:
    if target.kept_until is None:
        return "not known"
    shortest, longest = target.kept_until
    if shortest == longest:
        return moment(shortest)
    return f"between {moment(shortest)} and {moment(longest)}, depending on the workspace's tier"


def _table(ready: Readiness) -> Table:
    rows = tuple(
        (
            short(item.deployment.id),
            short(item.deployment.commit),
            moment(item.deployment.created_at) if item.deployment.created_at else "not known",
            item.judged.outcome if item.judged else "never judged",
            item.refused or ("yes" if item.proven else "not proven: nobody judged it"),
        )
        for item in ready.candidates[:MOST_ROWS]
    )
    return Table(headers=("Deployment", "Commit", "Created", "Verdict then", "A target?"), rows=rows)


_FOUND_BY = {
    "deployment": "named by its id",
    "commit": "found by its commit",
    "newest": "the newest of the service",
}


@dataclass(frozen=True, kw_only=True)
class ShownDeployment:
    """What is known of the deployment; `created` and `status` say why where they are not known."""

    created: str
    status: str
    known: tuple[tuple[str, str], ...]
    commits: Table | None
    watched: str
    errors: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    files: str


def deployment(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> ShownDeployment:
    """A build status is only told where the platform told it."""
    seen = looks(bundle)
    found = deployed(seen)
    reason = not_checked(bundle, "deployment") or _why_unknown(seen)
    return ShownDeployment(
        created=moment(found.created_at) if found and found.created_at else reason,
        status=f"{found.status}, {_standing(bundle, seen)}" if found else reason,
        known=tuple(_known(bundle, seen, found)),
        commits=_commits(bundle, verdict),
        watched=_watched(bundle, seen),
        errors=tuple(_errors(bundle, seen)),
        notes=tuple(dict.fromkeys(note for look in seen for note in look.observation.notes)),
        lines=lines(finding for finding in verdict.findings if finding.stage in ("claims", "deployment")),
        files=files_of(bundle, "deployment"),
    )


def _why_unknown(seen: tuple[DeploymentSample, ...]) -> str:
    faults = [look.observation.fault for look in seen if look.observation.fault]
    return (
        f"not known: {told_fault(faults[0])}" if faults else "not known: the platform told of no deployment"
    )


def _standing(bundle: Bundle, seen: tuple[DeploymentSample, ...]) -> str:
    last = [look.observation for look in seen if look.observation.deployment]
    stands = standing(last[-1], bundle.subject)
    return f"at {shown_offset(last[-1].offset_s)} {stands.words}"


def _known(
    bundle: Bundle, seen: tuple[DeploymentSample, ...], found: Deployed | None
) -> Iterator[tuple[str, str]]:
    """Label and value of everything else that is known."""
    asked = {"Commit asked for": bundle.subject.commit, "Environment": bundle.subject.environment}
    yield from ((name, value) for name, value in asked.items() if value)
    if found is None:
        if bundle.subject.deployment:
            yield "Deployment", bundle.subject.deployment
        return
    first = next(look.observation for look in seen if look.observation.deployment)
    by = _FOUND_BY.get(first.found_by or "", "how it was found is not told")
    fitted = f", of {first.candidates} that fit" if first.candidates > 1 else ""
    yield "Deployment", f"{found.id} ({by}{fitted})"
    yield "Deployed commit", _code(found)
    if found.commit_message:
        yield "Commit message", found.commit_message.splitlines()[0][:200]
    if first.waited_s >= 1:
        yield "Waited for it", shown_duration(round(first.waited_s))
    if first.settings is not None:
        yield "Live means", _live_means(first.settings)
    if first.steps:
        yield "Steps", "; ".join(_step(step) for step in first.steps[:12])


def _code(found: Deployed) -> str:
    if not found.commit:
        what = (
            f"the image {found.image}" if found.image else "an upload (`railway up`), as far as can be told"
        )
        return f"not known to the platform: it runs {what}"
    told = found.commit
    told += f" on {found.branch}" if found.branch else ""
    told += f" of {found.repo}" if found.repo else ""
    return told + (f" by {found.commit_author}" if found.commit_author else "")


def _live_means(settings: Settings) -> str:
    if not settings.healthcheck_path:
        return "that the container has started: the platform has no health check for this service"
    return f"that {settings.healthcheck_path} answered 200 once, when it was deployed"


def _step(step: DeploymentStep) -> str:
    told = step.step.lower().replace("_", " ")
    if step.created_at and step.completed_at:
        told += f" {shown_duration(round((step.completed_at - step.created_at).total_seconds()))}"
    if step.error or step.reason:
        told += f" ({step.error or step.reason})"
    return told


def _watched(bundle: Bundle, seen: tuple[DeploymentSample, ...]) -> str:
    """How often it was looked at, and how often it was live then."""
    if not seen:
        return ""
    live = {
        look.observation.offset_s
        for look in seen
        if standing(look.observation, bundle.subject).state is State.LIVE
    }
    planned = len(bundle.plan.window.offsets_s)
    return f"live at {len(live)} of {counted(planned, 'planned look')}"


def _errors(bundle: Bundle, seen: tuple[DeploymentSample, ...]) -> Iterator[tuple[str, str]]:
    """The error lines of the newest look that has any: what was it, and the line."""

    def has_any(observation: DeploymentObservation) -> bool:
        return bool(observation.build_errors or observation.deploy_errors)

    newest = next((look.observation for look in reversed(seen) if has_any(look.observation)), None)
    if newest is None:
        return
    for kind, found in (("build", newest.build_errors), ("deploy", newest.deploy_errors)):
        yield from ((_when(bundle, kind, line), line.text) for line in found)


def _when(bundle: Bundle, kind: str, line: LogLine) -> str:
    return f"{kind}, {observed_moment(bundle.window, line.at)}" if line.at else f"{kind}, no time"


def _commits(bundle: Bundle, verdict: Verdict) -> Table | None:
    """Commit × evidence: what the platform names, what the document shows, what the check shows."""
    if not bundle.plan.claims:
        return None
    headers = ("Commit", "What it brings", "Platform", "OpenAPI document", "Check", "Shown")
    return Table(headers, tuple(_commit(bundle, verdict, claim) for claim in bundle.plan.claims))


def _commit(bundle: Bundle, verdict: Verdict, claim: Claim) -> tuple[str, ...]:
    rules = (("claims", claim.commit, "shown"), ("deployment", claim.commit, "deployed"))
    named = {(item.stage, item.check, item.rule): item for item in verdict.findings}
    judged = next((named[rule] for rule in rules if rule in named), None)
    by_check = _shown(bundle, verdict, claim.shown_by) if claim.shown_by else ""
    fresh = named.get(("claims", claim.commit, "fresh"))
    by_check += f"; {fresh.actual}" if fresh and fresh.outcome is Outcome.PASS else ""
    # Where nobody asked the platform, only the check can show it.
    shown = f"{MARK[judged.outcome]} {judged.actual}" if judged else _alone(by_check)
    document = f"{claim.openapi.has} in {claim.openapi.get}" if claim.openapi else ""
    names = (Code(claim.commit), claim.title, _platform(bundle, claim), document, by_check)
    return *names, shown or "the plan names nothing that shows it"


def _alone(by_check: str) -> str:
    return f"{by_check[0]} by its check alone" if by_check else ""


def _platform(bundle: Bundle, claim: Claim) -> str:
    found = deployed(looks(bundle))
    if found is None:
        return "not asked" if "deployment" not in bundle.stages else "told of no deployment"
    if same_commit(found.commit, claim.commit):
        return "is the deployed one"
    return f"{short(found.commit)} is deployed" if found.commit else "knows no commit"


def _shown(bundle: Bundle, verdict: Verdict, name: str) -> str:
    """What the claim's check says."""
    stage, _, check = name.partition("/")
    mine = [finding for finding in verdict.findings if (finding.stage, finding.check) == (stage, check)]
    if not mine:
        reason = not_checked(bundle, stage) or "not checked: there is no finding"
        return f"❔ `{name}`: {reason}"
    outcome = worst(finding.outcome for finding in mine)
    bad = [finding for finding in mine if finding.outcome is outcome]
    words = {
        Outcome.PASS: f"shown by {counted(len(mine), 'finding')} of `{name}`",
        Outcome.FAIL: f"`{name}` fails: {bad[0].expectation}, found {one_line(bad[0].actual, 80)}",
        Outcome.INCONCLUSIVE: f"`{name}` is not known: {one_line(bad[0].actual, 80)}",
    }
    return f"{MARK[outcome]} {words[outcome]}"
