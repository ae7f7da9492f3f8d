"""What `deploy-verdict rollback` does with a judged window: advise, or roll back and verify."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping

from deploy_verdict import __version__
from deploy_verdict.base.clock import Pace, Stop, WallClock
from deploy_verdict.base.errors import EXIT_COULD_NOT_RUN, UsageError
from deploy_verdict.evidence.bundle import Bundle, bundled
from deploy_verdict.evidence.platform_views import looks
from deploy_verdict.follow_up.rollback_execution import Rollback, RollbackFile, Target, chosen, read_rollback
from deploy_verdict.http.probe import Probe
from deploy_verdict.model import (
    DeploymentObservation,
    Evidence,
    Finding,
    Loaded,
    Outcome,
    VerdictOutcome,
    WindowRef,
)
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.model.window import evidence_name
from deploy_verdict.railway.connection import linked
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.deployment.state import short
from deploy_verdict.stages.health.collect import check_health
from deploy_verdict.stages.health.judge import judge_health
from deploy_verdict.window.history import read_history
from deploy_verdict.window.judge_directory import history_of, judged_directory, read_verdict
from deploy_verdict.window.plan_file import environment_for
from deploy_verdict.window.session import remark
from deploy_verdict.window.signals import stop_on_signals


def advice(bundle: Bundle, options: Namespace) -> Iterator[str]:
    """The verdict, and what may be done about it; nothing is asked of the platform."""
    verdict = read_verdict(options.out)
    yield f"verdict: {verdict.outcome.shown}"
    yield f"rollback options: {_ready_words(bundle, options)}"
    if verdict.outcome is VerdictOutcome.CRITICAL:
        yield "to see what a rollback would do: the same command with --rollback --dry-run"


def _ready_words(bundle: Bundle, options: Namespace) -> str:
    try:
        target = _target(bundle, options)
    except UsageError as error:
        return str(error)
    return f"roll back to {_named(target)}"


def _named(target: Target) -> str:
    return f"deployment {target.deployment.id} of commit {short(target.deployment.commit)}"


def _observation(bundle: Bundle, options: Namespace) -> DeploymentObservation | None:
    """The look at T+0 with all verdicts that are known by now."""
    seen = [look.observation for look in looks(bundle) if look.observation.offset_s == 0]
    whole = [observation for observation in seen if observation.recent] or seen
    if not whole:
        return None
    judged = (*whole[-1].judged, *read_history(history_of(options), bundle.subject))
    return whole[-1].model_copy(update={"judged": judged})


def _target(bundle: Bundle, options: Namespace) -> Target:
    observation = _observation(bundle, options)
    return chosen(observation, bundle.plan.railway, WallClock(), options.to)


def would_do(bundle: Bundle, options: Namespace) -> Iterator[str]:
    """What --rollback would do, and why; raises UsageError where it would refuse."""
    target = _target(bundle, options)
    verdict = read_verdict(options.out)
    subject = f"{short(target.subject.id)} (commit {short(target.subject.commit)})"
    yield f"would roll back {subject}, judged {verdict.outcome.shown}"
    yield f"to {_named(target)}" + (
        ", as you named it" if options.to else ", the newest that was judged STABLE"
    )
    yield "by the mutation deploymentRollback, once; then wait until it is live, and ask the health checks"
    yield f"its image is kept until: {target.kept_until}"
    for item in target.lost:
        message = (item.commit_message or "no message").splitlines()[0]
        yield f"lost would be: {short(item.commit)} ({message[:80]})"
    yield from target.notes
    if verdict.outcome is not VerdictOutcome.CRITICAL:
        yield "the verdict is not CRITICAL: it would be refused without --whatever-the-verdict"


def roll_back(options: Namespace, tell: Callable[[str], None]) -> tuple[int, list[str]]:
    """Roll back once, wait, verify; the exit code and what to tell."""
    bundle, _ = judged_directory(options)
    stop = stop_on_signals()
    clock = WallClock(stop)
    environment = environment_for(options.plan)
    link = linked(bundle.plan, environment, clock=clock, redactor=Redactor.from_environment(environment))
    rollback = Rollback(link, options.out, bundle.plan.railway, clock=clock, stop=stop, tell=tell)
    asked = read_rollback(options.out)
    if asked is None:
        asked = _asked(bundle, options, rollback)
    else:
        tell(f"a rollback to {short(asked.target)} was asked for at {asked.asked_at:%H:%M:%S}: not again")
    if asked.state == "refused":
        return EXIT_COULD_NOT_RUN, [
            f"Railway refused the rollback: {asked.detail}",
            "remove rollback.json to ask again",
        ]
    asked = rollback.follow(asked, options.wait)
    if asked.state != "live":
        code = EXIT_CODES[VerdictOutcome.CRITICAL if asked.state == "failed" else VerdictOutcome.INCONCLUSIVE]
        told = [f"the rollback is {asked.state}: {asked.detail}", "look at the platform by hand now"]
    else:
        code, told = _verified(bundle, asked, environment, clock, stop)
    remark(options.out, f"Rollback: {'; '.join(told)}.")
    return code, told


def _asked(bundle: Bundle, options: Namespace, rollback: Rollback) -> RollbackFile:
    verdict = read_verdict(options.out)
    if verdict.outcome is not VerdictOutcome.CRITICAL and not options.whatever_the_verdict:
        raise UsageError(
            f"no rollback: the verdict is {verdict.outcome.shown}, not CRITICAL ISSUES — to do it "
            "all the same, add --whatever-the-verdict"
        )
    observation = _observation(bundle, options)
    target = _target(bundle, options)
    if observation is None:
        raise UsageError("no rollback: no sample of the platform at T+0")
    return rollback.perform(target, observation)


def _verified(
    bundle: Bundle, asked: RollbackFile, environment: Mapping[str, str], clock: WallClock, stop: Stop
) -> tuple[int, list[str]]:
    """The plan's health checks on what is live now."""
    findings = _health_findings(bundle, environment, clock, stop)
    told = [f"rolled back: {asked.detail}"]
    told += [
        f"{finding.outcome}: {finding.check} {finding.expectation}; found {finding.actual}"
        for finding in findings
        if finding.outcome is not Outcome.PASS
    ]
    passed = sum(finding.outcome is Outcome.PASS for finding in findings)
    told.append(f"{passed} of {len(findings)} health findings pass")
    if passed < len(findings):
        told.append("expectations that only the new code can meet fail on the old one: read each of them")
    if any(finding.outcome is Outcome.FAIL for finding in findings):
        return EXIT_CODES[VerdictOutcome.CRITICAL], told
    known = findings and passed == len(findings)
    return EXIT_CODES[VerdictOutcome.STABLE if known else VerdictOutcome.INCONCLUSIVE], told


def _health_findings(
    bundle: Bundle, environment: Mapping[str, str], clock: WallClock, stop: Stop
) -> tuple[Finding, ...]:
    """One round of the health stage, kept out of the window's evidence: it is about another deployment."""
    plan = bundle.plan
    redactor = Redactor.from_environment(environment, plan.headers)
    now = clock.now()
    window = bundle.window.model_copy(update={"id": f"{bundle.window.id}-rollback", "t0": now})
    probe = Probe(
        base_url=plan.service.base_url,
        timeout_s=plan.service.timeout,
        max_body_bytes=plan.service.max_body,
        clock=clock,
        redactor=redactor,
        window_id=window.id,
    )
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
    taken = Loaded(name=evidence_name("health", 0.0, 1), evidence=evidence)
    return tuple(judge_health(bundled(plan, window, bundle.subject, [taken])))
