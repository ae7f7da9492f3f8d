"""What to do now, by outcome; and the plan's follow-ups, numbered. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import SEVERITIES, counted
from deploy_verdict.model import Finding, Outcome, Severity, Verdict, VerdictOutcome
from deploy_verdict.plan.references import PRE_CHECK, SUITE
from deploy_verdict.plan.sections.report import FollowUp, Level
from deploy_verdict.report.issues import Issue
from deploy_verdict.stages.registry import by_hand

INVESTIGATE = "Investigate: "


@dataclass(frozen=True, kw_only=True)
class Recommendations:
    """`done` are ticked lines of a stable verdict; `todo` and `to_resolve` are open boxes."""

    done: tuple[str, ...]
    todo: tuple[str, ...]
    level: str
    to_resolve: tuple[str, ...]
    follow_up: tuple[tuple[str, tuple[tuple[int, FollowUp], ...]], ...]


def recommendations(
    bundle: Bundle, verdict: Verdict, issues: Sequence[Issue], rollback_options: str | None
) -> Recommendations:
    """Nothing is ticked unless the verdict is stable."""
    stable = verdict.outcome is VerdictOutcome.STABLE
    level = _level(bundle, issues)
    todo = [f"{INVESTIGATE}{issue.title} ({issue.severity})" for issue in issues]
    todo += [*level.actions, *bundle.plan.report.when_issues] if level and issues else []
    if rollback_options and verdict.outcome is VerdictOutcome.CRITICAL:
        todo.append(f"Rollback options: {rollback_options}")
    if issues and level is None:
        todo += bundle.plan.report.when_issues
    return Recommendations(
        done=bundle.plan.report.when_stable if stable else (),
        todo=_without_repeats(todo),
        level=level.when if level and issues else "",
        to_resolve=() if stable else _without_repeats(list(_to_resolve(bundle, verdict))),
        follow_up=_numbered(bundle),
    )


def _level(bundle: Bundle, issues: Sequence[Issue]) -> Level | None:
    """The plan's rules for the worst issue; where it has none for that level, those of the next lower."""
    rules = bundle.plan.escalation
    levels = {Severity.P0: rules.critical, Severity.P1: rules.major, Severity.P2: rules.minor}
    worst = min((SEVERITIES.index(issue.severity) for issue in issues), default=len(SEVERITIES))
    return next((found for severity in SEVERITIES[worst:] if (found := levels[severity])), None)


def _without_repeats(items: Sequence[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for item in items:
        first.setdefault(" ".join(item.casefold().split()).rstrip("."), item)
    return tuple(first.values())


def _to_resolve(bundle: Bundle, verdict: Verdict) -> Iterator[str]:
    """How to resolve each inconclusive finding, one line each."""
    if not verdict.findings:
        yield "Nothing was judged: check that the plan has checks and that evidence was written"
    if verdict.interrupted:
        yield "Run the same command again: the window was interrupted and resumes where it stopped"
        return
    if verdict.ended:
        yield "Open a new window once the deployment to judge is live: this one ended early"
        return
    for finding in verdict.findings:
        if finding.outcome is Outcome.INCONCLUSIVE:
            yield _how_to_know(bundle, verdict, finding)


def _how_to_know(bundle: Bundle, verdict: Verdict, finding: Finding) -> str:
    stage, rule = finding.stage, finding.rule
    if stage == "evidence":
        return f"Find out why {finding.check} is not evidence of this run: {finding.actual}"
    if by_hand(stage):
        return _about_platform(finding)
    if stage in ("test_data", "exposure"):
        what = (
            "Restore the test data"
            if stage == "test_data"
            else f"Run {finding.check} more often, or watch longer"
        )
        return f"{what}: {finding.actual}"
    if rule == "coverage" or stage == "pools":
        return _about_samples(bundle, verdict, finding)
    if stage == "logs":
        return _about_log(finding)
    if stage == "e2e" and finding.check in (PRE_CHECK, SUITE):
        return "Run the E2E suite again"
    if stage == "e2e":
        return f"Run the E2E test {finding.check} again: {finding.actual}"
    return f"Check {finding.check} again: {finding.actual}"


def _about_log(finding: Finding) -> str:
    if finding.rule in ("readable", "errors"):
        return "Make the backend log readable (its source, our access), then review it and judge again"
    return f"Search the window's log by hand for {finding.check}"


def _about_platform(finding: Finding) -> str:
    if finding.rule == "deployed":
        return f"Verify by hand that {finding.check} is deployed: {finding.actual}"
    return by_hand(finding.stage)


def _about_samples(bundle: Bundle, verdict: Verdict, finding: Finding) -> str:
    if finding.rule == "gauge":
        return f"Check by hand that the gauge of {finding.check} is live: {finding.actual}"
    missed = sum(slot.state != "taken" for slot in verdict.coverage.slots)
    longer = bundle.plan.escalation.extend_to
    extend = f"Extend the window to {shown_duration(longer)}" if longer else "Extend the window"
    if missed:
        return f"{extend}, or run it again: {counted(missed, 'sample')} not taken as scheduled"
    return f"{extend}, and read by hand what could not be read: {finding.actual}"


def _numbered(bundle: Bundle) -> tuple[tuple[str, tuple[tuple[int, FollowUp], ...]], ...]:
    groups, number = [], 0
    for group in bundle.plan.report.follow_up:
        items = tuple(enumerate(group.items, number + 1))
        number += len(items)
        groups.append((group.term, items))
    return tuple(groups)
