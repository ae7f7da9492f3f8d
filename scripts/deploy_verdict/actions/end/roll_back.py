"""The one job of a rollback's run: rolls back after a reviewer's consent, by the evidence so far."""

from argparse import Namespace
from collections.abc import Callable

from deploy_verdict.actions.during.alarm import alarm_at, place_of, report_rollback
from deploy_verdict.actions.jobs.wait_timers import ROLLBACK_ENVIRONMENT
from deploy_verdict.actions.start.event import is_full_sha
from deploy_verdict.actions.start.own_rollback import mark_rollback
from deploy_verdict.actions.start.run_record import read_run
from deploy_verdict.base.errors import DeployVerdictError, ProviderError, UsageError
from deploy_verdict.evidence.platform.platform_views import deployment_samples
from deploy_verdict.follow_up.rollback_command import roll_back, rollback_target
from deploy_verdict.follow_up.rollback_execution import read_rollback
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import Verdict, VerdictOutcome
from deploy_verdict.publish.posts import run_from
from deploy_verdict.publish.publisher import publish
from deploy_verdict.publish.service_marks import service_of
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.window.directory.plan_file import environment_for
from deploy_verdict.window.judge_directory import (
    judged_directory,
    read_verdict,
    write_reports,
    write_verdict,
)
from deploy_verdict.window.open import open_session
from deploy_verdict.window.sampling.collect import collect


def roll_back_with_consent(options: Namespace, tell: Callable[[str], None]) -> tuple[int, list[str]]:
    """Judge, roll back once, wait, verify, and report; return the exit code and the lines to print."""
    options.corrected_plan, options.history, options.to = True, None, None
    options.whatever_the_verdict = False
    environment = environment_for(options.plan)
    connection = connection_from(environment, options.author)
    runs, github = WorkflowRuns(connection, tell=tell), GitHub(connection, tell=tell)
    bundle, now = judged_directory(options)
    # A window that has ended has its report; an open one is judged by its evidence so far.
    if (options.out / REPORT_NAME).is_file():
        final: Verdict | None = read_verdict(options.out)
    else:
        final = None
        write_verdict(bundle, options.out, now, interrupted=False)
    if not bundle.plan.escalation.rollback:
        raise UsageError("no rollback: the plan does not allow it (escalation.rollback)")
    if not runs.has_reviewers(ROLLBACK_ENVIRONMENT):
        raise UsageError(
            f"no rollback: the environment {ROLLBACK_ENVIRONMENT} has no required reviewers, so nobody has "
            "consented — add some: deploy-verdict setup-github --reviewer LOGIN"
        )
    _take_over_from_alarm(options, github, tell)
    _mark(options, runs, tell)
    try:
        code, lines = roll_back(options, tell)
        _mark(options, runs, tell)
    except DeployVerdictError as error:
        _say(options, github, str(error), tell, final=None)
        raise
    _say(options, github, "; ".join(lines), tell, final=final)
    return code, lines


def _mark(options: Namespace, runs: WorkflowRuns, tell: Callable[[str], None]) -> None:
    """Mark the target's commit before and after the request, so that its events open no window."""
    bundle, _ = judged_directory(options)
    known = read_rollback(options.out)
    try:
        target = None if known else rollback_target(bundle, options.out)
    except UsageError:
        # roll_back itself reports why there is no target.
        return
    commit = known.target_commit if known else target.deployment.commit if target else None
    subject = known.subject if known else target.subject.id if target else ""
    if commit is None or not is_full_sha(commit):
        return
    service = service_of(bundle.plan.service.name, bundle.plan.name)
    deployment = known.deployment if known else None
    try:
        mark_rollback(runs, commit, service, subject=subject, deployment=deployment)
    except ProviderError as error:
        tell(f"could not mark the rollback's commit, so its own deployment may open a window: {error}")


def _take_over_from_alarm(options: Namespace, github: GitHub, tell: Callable[[str], None]) -> None:
    """Take over the alarm's CRITICAL if its evidence is not here yet.

    A reviewer may be faster than the job that raised the alarm, whose evidence arrives when it ends. The
    alarm's comment then proves that the window is critical, and a sample taken now shows what the platform
    has.
    """
    bundle, _ = judged_directory(options)
    alarm = alarm_at(github, bundle, place_of(github, bundle, read_run(options.out).number))
    if alarm is not None and alarm.outcome is VerdictOutcome.CRITICAL:
        options.whatever_the_verdict = True
    if not any(sample.observation.offset_s == 0 for sample in deployment_samples(bundle)):
        collect(open_session(options, tell), "deployment", 0.0)


def _say(
    options: Namespace, github: GitHub, words: str, tell: Callable[[str], None], *, final: Verdict | None
) -> None:
    """Add the result to the comments about bad news, and to the final comment if there is one."""
    bundle, now = judged_directory(options)
    file, environment = read_run(options.out), environment_for(options.plan)
    try:
        report_rollback(github, bundle, file.number, words)
        if final is not None:
            write_reports(bundle, final, options.out, now)
            publish(github, bundle, final, now=now, run=run_from(environment), tell=tell, number=file.number)
    except ProviderError as error:
        tell(str(error))
