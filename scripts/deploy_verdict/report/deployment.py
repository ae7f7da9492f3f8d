"""The section on the deployment itself: what the platform says, and which claims are shown. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.bundle import Bundle
from deploy_verdict.expect import told_fault, worst
from deploy_verdict.lifecycle import State, standing
from deploy_verdict.model import Deployment as Deployed
from deploy_verdict.model import DeploymentObservation, LogLine, Outcome, Settings, Step, Verdict
from deploy_verdict.plan import Claim
from deploy_verdict.platform_looks import Look, deployed, looks
from deploy_verdict.report.lines import Line, lines
from deploy_verdict.report.words import MARK, counted, files_of, moment, not_checked, seen_moment
from deploy_verdict.units import shown_duration, shown_offset

_FOUND_BY = {
    "deployment": "named by its id",
    "commit": "found by its commit",
    "newest": "the newest of the service",
}


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit of the plan and what shows that it is live."""

    commit: str
    title: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is known of the deployment; `created` and `status` say why where they are not known."""

    created: str
    status: str
    known: tuple[tuple[str, str], ...]
    commits: tuple[Commit, ...]
    watched: str
    errors: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    files: str


def deployment(bundle: Bundle, verdict: Verdict) -> Deployment:
    """A build status is only told where the platform told it."""
    seen = looks(bundle)
    found = deployed(seen)
    reason = not_checked(bundle, "deployment") or _why_unknown(seen)
    return Deployment(
        created=moment(found.created_at) if found and found.created_at else reason,
        status=f"{found.status}, {_standing(bundle, seen)}" if found else reason,
        known=tuple(_known(bundle, seen, found)),
        commits=tuple(_commit(bundle, verdict, claim) for claim in bundle.plan.claims),
        watched=_watched(bundle, seen),
        errors=tuple(_errors(bundle, seen)),
        notes=tuple(dict.fromkeys(note for look in seen for note in look.observation.notes)),
        lines=lines(finding for finding in verdict.findings if finding.stage == "deployment"),
        files=files_of(bundle, "deployment"),
    )


def _why_unknown(seen: tuple[Look, ...]) -> str:
    faults = [look.observation.fault for look in seen if look.observation.fault]
    return (
        f"not known: {told_fault(faults[0])}" if faults else "not known: the platform told of no deployment"
    )


def _standing(bundle: Bundle, seen: tuple[Look, ...]) -> str:
    last = [look.observation for look in seen if look.observation.deployment]
    stands = standing(last[-1], bundle.subject)
    return f"at {shown_offset(last[-1].offset_s)} {stands.words}"


def _known(bundle: Bundle, seen: tuple[Look, ...], found: Deployed | None) -> Iterator[tuple[str, str]]:
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


def _step(step: Step) -> str:
    told = step.step.lower().replace("_", " ")
    if step.created_at and step.completed_at:
        told += f" {shown_duration(round((step.completed_at - step.created_at).total_seconds()))}"
    if step.error or step.reason:
        told += f" ({step.error or step.reason})"
    return told


def _watched(bundle: Bundle, seen: tuple[Look, ...]) -> str:
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


def _errors(bundle: Bundle, seen: tuple[Look, ...]) -> Iterator[tuple[str, str]]:
    """The error lines of the newest look that has any: what was it, and the line."""

    def has_any(observation: DeploymentObservation) -> bool:
        return bool(observation.build_errors or observation.deploy_errors)

    newest = next((look.observation for look in reversed(seen) if has_any(look.observation)), None)
    if newest is None:
        return
    for kind, found in (("build", newest.build_errors), ("deploy", newest.deploy_errors)):
        yield from ((_when(bundle, kind, line), line.text) for line in found)


def _when(bundle: Bundle, kind: str, line: LogLine) -> str:
    return f"{kind}, {seen_moment(bundle.window, line.at)}" if line.at else f"{kind}, no time"


def _commit(bundle: Bundle, verdict: Verdict, claim: Claim) -> Commit:
    judged = [
        finding
        for finding in verdict.findings
        if (finding.stage, finding.check, finding.rule) == ("deployment", claim.commit, "deployed")
    ]
    shown = (
        f"{MARK[judged[0].outcome]} {judged[0].actual}" if judged else _shown(bundle, verdict, claim.shown_by)
    )
    return Commit(commit=claim.commit, title=claim.title, shown=shown)


def _shown(bundle: Bundle, verdict: Verdict, name: str | None) -> str:
    """By its check alone, where the platform was not asked."""
    if name is None:
        return "the plan names nothing that shows it"
    stage, _, check = name.partition("/")
    mine = [finding for finding in verdict.findings if (finding.stage, finding.check) == (stage, check)]
    if not mine:
        reason = not_checked(bundle, stage) or "not checked: there is no finding"
        return f"❔ `{name}`: {reason}"
    outcome = worst(finding.outcome for finding in mine)
    bad = [finding for finding in mine if finding.outcome is outcome]
    words = {
        Outcome.PASS: f"shown by {counted(len(mine), 'finding')} of `{name}`",
        Outcome.FAIL: f"`{name}` fails: {bad[0].expectation}, found {bad[0].actual}",
        Outcome.INCONCLUSIVE: f"`{name}` is not known: {bad[0].actual}",
    }
    return f"{MARK[outcome]} {words[outcome]}"
