"""The report's section on the deployment: what the platform says, and which claims are shown. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import DeploymentSample, deployed, deployment_samples
from deploy_verdict.expect import fault_text, worst
from deploy_verdict.markup.labels import MARK, counted, files_of, listed, moment, not_checked, observed_moment
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import Deployment as Deployed
from deploy_verdict.model import DeploymentObservation, DeploymentStep, LogLine, Outcome, Settings, Verdict
from deploy_verdict.plan import Claim
from deploy_verdict.stages.deployment.rollback_policy import Candidate, Readiness, readiness
from deploy_verdict.stages.deployment.state import (
    HEALTHCHECK,
    State,
    same_commit,
    short,
    standing,
    waking_words,
)

MOST_ROWS = 8


@dataclass(frozen=True, kw_only=True)
class RollbackOptions:
    """The section on rollback options."""

    advice: str
    table: Table | None
    lost: str
    kept: str
    notes: tuple[str, ...]


def readiness_of(bundle: Bundle, now: datetime) -> Readiness:
    """Return the rollback options by the newest sample at T+0 that lists the earlier deployments."""
    at_start = [
        sample.observation for sample in deployment_samples(bundle) if sample.observation.offset_s == 0
    ]
    complete = [observation for observation in at_start if observation.recent] or at_start
    return readiness(complete[-1] if complete else None, bundle.plan.railway, now)


def rollback_options(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> RollbackOptions | None:
    """Return the section on rollback options; None if the plan has no platform."""
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
            item.refused or ("yes" if item.proven else "not proven: never judged"),
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
    """What is known of the deployment. If `created` or `status` is unknown, it says why."""

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
    """Return the section on the deployment. It has a build status only if the platform reported one."""
    samples = deployment_samples(bundle)
    found = deployed(samples)
    reason = not_checked(bundle, "deployment") or _why_unknown(samples)
    return ShownDeployment(
        created=moment(found.created_at) if found and found.created_at else reason,
        status=f"{found.status}, {_standing(bundle, samples)}" if found else reason,
        known=tuple(_known(bundle, samples, found)),
        commits=_commits(bundle, verdict),
        watched=_watched(bundle, samples),
        errors=tuple(_errors(bundle, samples)),
        notes=tuple(dict.fromkeys(_notes(samples))),
        lines=lines(finding for finding in verdict.findings if finding.stage in ("claims", "deployment")),
        files=files_of(bundle, "deployment"),
    )


def _notes(samples: tuple[DeploymentSample, ...]) -> Iterator[str]:
    for sample in samples:
        yield from sample.observation.notes
        for field in sample.observation.retired:
            yield f"Railway's API no longer knows {field}; what it said is unknown. Update deploy-verdict"


def _why_unknown(samples: tuple[DeploymentSample, ...]) -> str:
    faults = [sample.observation.fault for sample in samples if sample.observation.fault]
    return (
        f"not known: {fault_text(faults[0])}" if faults else "not known: the platform reported no deployment"
    )


def _standing(bundle: Bundle, samples: tuple[DeploymentSample, ...]) -> str:
    last = [sample.observation for sample in samples if sample.observation.deployment]
    stands = standing(last[-1], bundle.subject)
    return f"at {shown_offset(last[-1].offset_s)} {stands.words}"


def _known(
    bundle: Bundle, samples: tuple[DeploymentSample, ...], found: Deployed | None
) -> Iterator[tuple[str, str]]:
    """Yield label and value of everything else that is known."""
    requested = {"Requested commit": bundle.subject.commit, "Environment": bundle.subject.environment}
    yield from ((name, value) for name, value in requested.items() if value)
    if found is None:
        if bundle.subject.deployment:
            yield "Deployment", bundle.subject.deployment
        return
    first = next(sample.observation for sample in samples if sample.observation.deployment)
    by = _FOUND_BY.get(first.found_by or "", "how it was found is not recorded")
    fitted = f", of {first.candidates} that fit" if first.candidates > 1 else ""
    yield "Deployment", f"{found.id} ({by}{fitted})"
    yield "Deployed commit", _code(found)
    if found.commit_message:
        yield "Commit message", found.commit_message.splitlines()[0][:200]
    if first.waited_s >= 1:
        yield "Waited for it", shown_duration(round(first.waited_s))
    if first.settings is not None:
        yield "Live means", _live_means(first.settings, first.retired)
    slept = [sample.observation for sample in samples if sample.observation.waking]
    if slept:
        yield "Sleeps without traffic (serverless)", "; ".join(map(_slept, slept[:MOST_ROWS]))
    if first.steps:
        yield "Steps", "; ".join(_step(step) for step in first.steps[:12])


def _code(found: Deployed) -> str:
    if not found.commit:
        what = f"the image {found.image}" if found.image else "an upload (`railway up`), as far as is known"
        return f"not known to the platform: it runs {what}"
    text = found.commit
    text += f" on {found.branch}" if found.branch else ""
    text += f" of {found.repo}" if found.repo else ""
    return text + (f" by {found.commit_author}" if found.commit_author else "")


def _slept(observation: DeploymentObservation) -> str:
    waking = observation.waking
    return f"{shown_offset(observation.offset_s)} was {waking.was}, {waking_words(waking)}" if waking else ""


def _live_means(settings: Settings, retired: Sequence[str]) -> str:
    if HEALTHCHECK in retired:
        return f"not known: Railway's API no longer knows {HEALTHCHECK}"
    if not settings.healthcheck_path:
        return "that the container has started: the platform has no health check for this service"
    return f"that {settings.healthcheck_path} answered 200 once, when it was deployed"


def _step(step: DeploymentStep) -> str:
    text = step.step.lower().replace("_", " ")
    if step.created_at and step.completed_at:
        text += f" {shown_duration(round((step.completed_at - step.created_at).total_seconds()))}"
    if step.error or step.reason:
        text += f" ({step.error or step.reason})"
    return text


def _watched(bundle: Bundle, samples: tuple[DeploymentSample, ...]) -> str:
    """Describe in how many of the scheduled samples the deployment was live."""
    if not samples:
        return ""
    live = {
        sample.observation.offset_s
        for sample in samples
        if standing(sample.observation, bundle.subject).state is State.LIVE
    }
    scheduled = len(bundle.plan.window.offsets_s)
    return f"live in {len(live)} of {counted(scheduled, 'scheduled sample')}"


def _errors(bundle: Bundle, samples: tuple[DeploymentSample, ...]) -> Iterator[tuple[str, str]]:
    """Yield the error lines of the newest sample that has any, each with its log and time."""

    def has_any(observation: DeploymentObservation) -> bool:
        return bool(observation.build_errors or observation.deploy_errors)

    newest = next((sample.observation for sample in reversed(samples) if has_any(sample.observation)), None)
    if newest is None:
        return
    for kind, found in (("build", newest.build_errors), ("deploy", newest.deploy_errors)):
        yield from ((_when(bundle, kind, line), line.text) for line in found)


def _when(bundle: Bundle, kind: str, line: LogLine) -> str:
    return f"{kind}, {observed_moment(bundle.window, line.at)}" if line.at else f"{kind}, no time"


def _commits(bundle: Bundle, verdict: Verdict) -> Table | None:
    """Return the table of commits: what the platform, the document and the check show of each."""
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
    # Without the platform, only the check can show it.
    shown = f"{MARK[judged.outcome]} {judged.actual}" if judged else _alone(by_check)
    document = f"{claim.openapi.has} in {claim.openapi.get}" if claim.openapi else ""
    names = (Code(claim.commit), claim.title, _platform(bundle, claim), document, by_check)
    return *names, shown or "the plan names nothing that shows it"


def _alone(by_check: str) -> str:
    return f"{by_check[0]} by its check alone" if by_check else ""


def _platform(bundle: Bundle, claim: Claim) -> str:
    found = deployed(deployment_samples(bundle))
    if found is None:
        return "not checked" if "deployment" not in bundle.stages else "reported no deployment"
    if same_commit(found.commit, claim.commit):
        return "is the deployed one"
    return f"{short(found.commit)} is deployed" if found.commit else "knows no commit"


def _shown(bundle: Bundle, verdict: Verdict, name: str) -> str:
    """Describe what the claim's check shows."""
    stage, _, check = name.partition("/")
    findings = [item for item in verdict.findings if (item.stage, item.check) == (stage, check)]
    if not findings:
        reason = not_checked(bundle, stage) or "not checked: no finding"
        return f"❔ `{name}`: {reason}"
    outcome = worst(finding.outcome for finding in findings)
    bad = [finding for finding in findings if finding.outcome is outcome]
    words = {
        Outcome.PASS: f"shown by {counted(len(findings), 'finding')} of `{name}`",
        Outcome.FAIL: f"`{name}` fails: {bad[0].expectation}, found {one_line(bad[0].actual, 80)}",
        Outcome.INCONCLUSIVE: f"`{name}` is not known: {one_line(bad[0].actual, 80)}",
    }
    return f"{MARK[outcome]} {words[outcome]}"
