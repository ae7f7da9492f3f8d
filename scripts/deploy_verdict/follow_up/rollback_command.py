"""The command `deploy-verdict rollback`: advises on a judged window, or rolls back and verifies."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.base.clock import Pace, Stop, WallClock
from deploy_verdict.base.errors import EXIT_COULD_NOT_RUN, UsageError
from deploy_verdict.evidence.bundle import Bundle, bundled
from deploy_verdict.evidence.platform.platform_views import deployment_samples
from deploy_verdict.follow_up.rollback_execution import Rollback, Target, chosen, read_rollback
from deploy_verdict.http.plan_probe import probe_of
from deploy_verdict.model import (
    DeploymentObservation,
    Evidence,
    Finding,
    Loaded,
    Outcome,
    RollbackFile,
    VerdictOutcome,
    WindowRef,
)
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import asked_once
from deploy_verdict.plan.placeholders import names_of_window
from deploy_verdict.railway.connection import connect_to_service
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.deployment.state import short
from deploy_verdict.stages.health.collect import check_health
from deploy_verdict.stages.health.judge import judge_health
from deploy_verdict.window.directory.history import read_history
from deploy_verdict.window.directory.plan_file import environment_for
from deploy_verdict.window.directory.session import history_file, remark
from deploy_verdict.window.judge_directory import history_of, judged_directory, read_verdict
from deploy_verdict.window.sampling.signals import stop_on_signals


def advice(bundle: Bundle, options: Namespace) -> Iterator[str]:
    """Yield the verdict, and what may be done about it; the platform is not asked."""
    verdict = read_verdict(options.out)
    yield f"verdict: {verdict.outcome.shown}"
    yield f"rollback options: {_ready_words(bundle, options)}"
    if verdict.outcome is VerdictOutcome.CRITICAL:
        yield "to see what a rollback would do: the same command with --rollback --dry-run"


def _ready_words(bundle: Bundle, options: Namespace) -> str:
    try:
        target = rollback_target(bundle, options.out, options.to, options.history)
    except UsageError as error:
        return str(error)
    return f"roll back to {_named(target)}"


def _named(target: Target) -> str:
    return f"deployment {target.deployment.id} of commit {short(target.deployment.commit)}"


def _observation(bundle: Bundle, history: Path) -> DeploymentObservation | None:
    """Return the deployment sample at T+0, with all verdicts that are known by now."""
    first = [sample.observation for sample in deployment_samples(bundle) if sample.observation.offset_s == 0]
    usable = [observation for observation in first if observation.recent] or first
    if not usable:
        return None
    judged = (*usable[-1].judged, *read_history(history, bundle.subject, bundle.plan.name))
    return usable[-1].model_copy(update={"judged": judged})


def rollback_target(
    bundle: Bundle, out: Path, named: str | None = None, history: Path | None = None
) -> Target:
    """Return the rollback's target, or the one that `named` gives; raise UsageError without one."""
    observation = _observation(bundle, history or history_file(out))
    return chosen(observation, bundle.plan.railway, WallClock(), named)


def would_do(bundle: Bundle, options: Namespace) -> Iterator[str]:
    """Yield what --rollback would do, and why; raise UsageError if it would refuse."""
    target = rollback_target(bundle, options.out, options.to, options.history)
    verdict = read_verdict(options.out)
    subject = f"{short(target.subject.id)} (commit {short(target.subject.commit)})"
    yield f"would roll back {subject}, judged {verdict.outcome.shown}"
    yield f"to {_named(target)}" + (", as you named it" if options.to else ", the newest judged STABLE")
    yield "by the mutation deploymentRollback, once; then wait until it is live, and run the health checks"
    yield f"its image is kept until: {target.kept_until}"
    for item in target.lost:
        message = (item.commit_message or "no message").splitlines()[0]
        yield f"would be lost: {short(item.commit)} ({message[:80]})"
    yield from target.notes
    if verdict.outcome is not VerdictOutcome.CRITICAL:
        yield "refused without --whatever-the-verdict: the verdict is not CRITICAL"


def roll_back(options: Namespace, tell: Callable[[str], None]) -> tuple[int, list[str]]:
    """Roll back once, wait, verify; return the exit code and the lines to print."""
    bundle, _ = judged_directory(options)
    stop = stop_on_signals()
    clock = WallClock(stop)
    environment = environment_for(options.plan)
    redactor = Redactor.from_environment(environment)
    connection = connect_to_service(bundle.plan, environment, clock=clock, redactor=redactor)
    rollback = Rollback(connection, options.out, bundle.plan.railway, clock=clock, stop=stop, tell=tell)
    request = read_rollback(options.out)
    if request is None:
        request = _requested(bundle, options, rollback)
    else:
        tell(f"requested at {request.asked_at:%H:%M:%S}, not again: a rollback to {short(request.target)}")
    if request.state == "refused":
        return EXIT_COULD_NOT_RUN, [
            f"Railway refused the rollback: {request.detail}",
            "remove rollback.json to try again",
        ]
    request = rollback.follow(request, options.wait)
    if request.state != "live":
        outcome = VerdictOutcome.CRITICAL if request.state == "failed" else VerdictOutcome.INCONCLUSIVE
        code = EXIT_CODES[outcome]
        lines = [f"the rollback is {request.state}: {request.detail}", "check the platform by hand now"]
    else:
        code, lines = _verified(bundle, request, environment, clock, stop)
    remark(options.out, f"Rollback: {'; '.join(lines)}.")
    return code, lines


def _requested(bundle: Bundle, options: Namespace, rollback: Rollback) -> RollbackFile:
    verdict = read_verdict(options.out)
    if verdict.outcome is not VerdictOutcome.CRITICAL and not options.whatever_the_verdict:
        raise UsageError(
            f"no rollback: the verdict is {verdict.outcome.shown}, not CRITICAL ISSUES — to roll back "
            "anyway, add --whatever-the-verdict"
        )
    observation = _observation(bundle, history_of(options))
    target = rollback_target(bundle, options.out, options.to, options.history)
    if observation is None:
        raise UsageError("no rollback: there is no sample of the platform at T+0")
    return rollback.perform(target, observation)


def _verified(
    bundle: Bundle, request: RollbackFile, environment: Mapping[str, str], clock: WallClock, stop: Stop
) -> tuple[int, list[str]]:
    """Run the plan's health checks on what is live now; return the exit code and the lines to print."""
    findings = _health_findings(bundle, environment, clock, stop)
    lines = [f"rolled back: {request.detail}"]
    lines += [
        f"{finding.outcome}: {finding.check} {finding.expectation}; found {finding.actual}"
        for finding in findings
        if finding.outcome is not Outcome.PASS
    ]
    passed = sum(finding.outcome is Outcome.PASS for finding in findings)
    lines.append(f"{passed} of {len(findings)} health findings pass")
    if passed < len(findings):
        lines.append("the old code fails what only the new code can meet: read each failure")
    if any(finding.outcome is Outcome.FAIL for finding in findings):
        return EXIT_CODES[VerdictOutcome.CRITICAL], lines
    known = findings and passed == len(findings)
    return EXIT_CODES[VerdictOutcome.STABLE if known else VerdictOutcome.INCONCLUSIVE], lines


def _health_findings(
    bundle: Bundle, environment: Mapping[str, str], clock: WallClock, stop: Stop
) -> tuple[Finding, ...]:
    """Run the health stage once, outside the window's evidence, as it concerns another deployment."""
    plan = asked_once(bundle.plan)
    # What trackers counted in the window concerns the deployment that was rolled back.
    own = tuple(check for check in plan.health if not names_of_window(check))
    plan = plan.model_copy(update={"health": own})
    redactor = Redactor.from_environment(environment, plan.headers)
    now = clock.now()
    window = bundle.window.model_copy(update={"id": f"{bundle.window.id}-rollback", "t0": now})
    probe = probe_of(plan, clock=clock, redactor=redactor, window_id=window.id)
    context = Context(
        plan=plan,
        probe=probe,
        pace=Pace.starting(clock, now, 1.0),
        stop=stop,
        tell=lambda line: None,
        redact=redactor.text,
    )
    evidence = Evidence(
        stage="health",
        subject=bundle.subject,
        window=WindowRef.model_validate(window.model_dump()),
        plan_name=plan.name,
        plan_sha256=plan.sha256,
        tool_version=__version__,
        offset_s=0.0,
        planned_at=now,
        started_at=now,
        finished_at=now,
        observations=check_health(context, plan.health, 0.0),
    )
    loaded = Loaded(name=evidence_name("health", 0.0, 1), evidence=evidence)
    return tuple(judge_health(bundled(plan, window, bundle.subject, [loaded])))
