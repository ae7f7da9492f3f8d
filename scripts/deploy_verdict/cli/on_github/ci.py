"""What only the workflows call: each part is one step of .github/workflows, in the order of the jobs.

    deploy-verdict ci gate --plan plans/zeues.yml --out out
    deploy-verdict ci sample --plan out/plan.yml --out out --samples 015

Nobody needs them by hand, unless to see what a step does: --dry-run, where there is one, posts nothing.
"""

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from inspect import cleandoc
from pathlib import Path
from typing import NamedTuple

from deploy_verdict.cli.options import (
    add_author,
    add_comment,
    add_logs,
    add_plan,
    add_window,
    add_without,
    offset_s,
    say,
)
from deploy_verdict.cli.parser import VerbParser, parts_lines

# Each step is a process of its own and loads only what it needs: the sampler no GitHub, the gate no report.
# ruff: noqa: PLC0415


def _gate_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add_without(parser)
    words = "the repository that holds the plan (.)"
    parser.add_argument("--service", type=Path, default=Path(), metavar="DIR", help=words)


def gate(options: argparse.Namespace) -> int:
    """Decide from a GitHub event whether a window opens; open it, and spread its samples over jobs.

        INPUTS='{}' deploy-verdict ci gate --service . --plan plans/zeues.yml --out out

    The first job of .github/workflows/post-deploy.yml. Reads the event (GITHUB_EVENT_PATH) and the workflow's
    inputs (INPUTS, as JSON), ends an older window on the same environment, asks Railway whether the
    deployment is the plan's service, waits until it is live, and writes window.json and run.json. What the
    next jobs need goes to GITHUB_OUTPUT: open, reason, matrix. DEPLOY_VERDICT_SPEED rehearses it faster.

    Exit codes: 0 decided, also when no window opens; 2 wrong usage or plan; 3 could not run.
    """
    from deploy_verdict.actions.start.gate import gate_from, gated

    print(gated(gate_from(options, say)))
    return 0


def _sample_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add = parser.add_argument
    add("--samples", required=True, metavar="NAME", help="minutes after T0, such as 015; or all; or due")
    add("--progress", action="store_true", help="publish the progress between two offsets")


def sample(options: argparse.Namespace) -> int:
    """Take every sample that is due at an offset: deployment, health, pools, the E2E suite.

        deploy-verdict ci sample --plan plans/zeues.yml --out out --samples 015
        deploy-verdict ci sample --plan plans/zeues.yml --out out --samples all --progress

    A job of the workflow's matrix. Waits for each offset's absolute time T0 + offset, however early it is
    started; what comes too late is missed. With --progress the comment on GitHub is brought up to date after
    each offset but the last. Exits 0 once the evidence is written, whatever the service answered.
    """
    from deploy_verdict.actions.during.progress import ProgressPublisher
    from deploy_verdict.window.open import open_session
    from deploy_verdict.window.sampling.sample import offsets_named, sit

    session = open_session(options, say)
    publisher = ProgressPublisher(options, session.tell)
    for path in sit(session, offsets_named(session, options.samples)):
        print(path, flush=True)
        if options.progress and publisher.publish():
            # The window has ended, so this job's later samples would have no subject.
            session.stop.request()
    publisher.end()
    return 0


def _progress_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add_without(parser)
    add_comment(parser)
    add = parser.add_argument
    add("--dry-run", action="store_true", help="print the comment, and ask GitHub nothing")
    add(
        "--end-window", action="store_true", help="cancel the run's other jobs where nothing is left to watch"
    )


def progress(options: argparse.Namespace) -> int:
    """Post how far an open window is on GitHub: the comment "in progress", a pending status, the alarm.

        GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
        deploy-verdict ci progress --plan plans/zeues.yml --out out/today --number 42

    Reads window.json and evidence/ as they are now. The comment is the one that `deploy-verdict publish`
    brings to its end; a final comment, or one of more samples, is never overwritten. A P0 or P1 that no later
    sample can undo raises the alarm, once for the window: the status is "failure", a comment of its own
    mentions people, DEPLOY_VERDICT_NOTIFY gets a message, and a rollback is offered where the plan allows it.
    With --end-window the run's other jobs are cancelled where the deployment is gone, or where the plan ends
    the window (escalation.end_on); the report comes then.

    Exit codes: 0 posted, or something newer stands there; 2 wrong usage; 3 GitHub took no comment.
    """
    from deploy_verdict.actions.during.progress import post_progress

    print(post_progress(options, say))
    return 0


def _close_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add_logs(parser)


def close(options: argparse.Namespace) -> int:
    """Read what can only be read when the window has ended: the log, the edge's HTTP log, the metrics.

        deploy-verdict ci close --plan plans/zeues.yml --out out
        RESULTS='{"sample": {"result": "cancelled"}}' deploy-verdict ci close --plan p.yml --out out

    The first step of the workflow's report job: reads the stages of the plan that are read at the end, and
    notes in window.json why a run was cut short (RESULTS: the workflow's `needs` as JSON). Exits 0 once the
    evidence is written, whatever the service answered.
    """
    from deploy_verdict.actions.end.close_window import close as closed
    from deploy_verdict.window.open import open_session

    session = open_session(options, say, log=options.logs)
    for line in closed(session, options.logs):
        print(line, flush=True)
    return 0


def _conclude_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add_without(parser)


def conclude(options: argparse.Namespace) -> int:
    """End the report job: output the outcome, and be red when the plan wants it.

        deploy-verdict ci conclude --plan plans/zeues.yml --out out

    Writes outcome to GITHUB_OUTPUT. The plan's github.fail_run_on says from which verdict on the run is red
    (critical, unless it says otherwise): a red run can hold back the same commit's other services where
    Railway waits for CI.

    Exit codes: 0 the run may be green; 10, 11, 12 as the verdict, where the plan wants it red; 2, 3 trouble.
    """
    from deploy_verdict.actions.end.conclude import is_red
    from deploy_verdict.model.enums import EXIT_CODES
    from deploy_verdict.publish.job_summary import write_outputs
    from deploy_verdict.window.directory.plan_file import environment_for
    from deploy_verdict.window.judge_directory import judged_directory, read_verdict

    options.corrected_plan = True
    bundle, _ = judged_directory(options)
    verdict = read_verdict(options.out)
    red = is_red(bundle.plan.github.fail_run_on, verdict.outcome)
    write_outputs(environment_for(options.plan), {"outcome": verdict.outcome.value})
    print(f"{verdict.outcome.shown}: the run is {'red' if red else 'green'}")
    return EXIT_CODES[verdict.outcome] if red else 0


def _follow_up_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add_without(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be started")


def follow_up(options: argparse.Namespace) -> int:
    """Start what follows a verdict: a longer window, a later sample, or the run that waits to roll back.

        deploy-verdict ci follow-up --plan plans/zeues.yml --out out            # starts it
        deploy-verdict ci follow-up --plan plans/zeues.yml --out out --dry-run  # says what it would start

    A verdict that is not STABLE gets a comment of its own, once, which mentions people. The runs go on with
    the same window, evidence and comment, by workflow_dispatch (actions: write). What follows:
    escalation.extend_to, escalation.tail_checks and escalation.rollback in the plan. A sample that no wait
    timer can hold is promised by the commit status deploy-verdict/<service>/later-sample, which
    `deploy-verdict ci start-promised` keeps.

    Exit codes: 0 started, or nothing follows; 2 wrong usage; 3 GitHub refused it.
    """
    from deploy_verdict.actions.end.conclude import what_follows

    for line in what_follows(options, say):
        print(line)
    return 0


def _roll_back_options(parser: argparse.ArgumentParser) -> None:
    add_window(parser)
    add_without(parser)
    add_author(parser)
    add = parser.add_argument
    add("--wait", type=offset_s, default=600.0, metavar="TIME", help="for the rollback to be live (10m)")


def roll_back(options: argparse.Namespace) -> int:
    """Roll back after a reviewer's consent, and say in the window's comments what became of it.

        deploy-verdict ci roll-back --plan out/plan.yml --out out

    The one step of the run that an alarm or a bad verdict offers. The job's environment has asked its
    reviewers; this asks GitHub again whether there are some. DIR holds the window's evidence so far, which is
    judged first; no rollback without a CRITICAL verdict.

    Exit codes: 0 rolled back and healthy; 11 failed, or the health checks fail; 12 not known; 2, 3 trouble.
    """
    from deploy_verdict.actions.end.roll_back import roll_back_with_consent

    code, lines = roll_back_with_consent(options, say)
    print("\n".join(lines))
    return code


def _start_promised_options(parser: argparse.ArgumentParser) -> None:
    from deploy_verdict.actions.start.gate import DEFAULT_WORKFLOW

    words = f"the workflow that verifies ({DEFAULT_WORKFLOW})"
    parser.add_argument("--workflow", default=DEFAULT_WORKFLOW, metavar="FILE", help=words)


def start_promised(options: argparse.Namespace) -> int:
    """Start the later samples that are due, which `ci follow-up` promised where no wait timer could hold.

        GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... deploy-verdict ci start-promised

    Reads the commit statuses deploy-verdict/<service>/later-sample of what --workflow verified in 8 days.
    .github/workflows/later-samples.yml runs it by the clock, unless the repository's variable
    DEPLOY_VERDICT_CLOCK is off.

    Exit codes: 0 what is due is started; 2 wrong usage; 3 GitHub refused something.
    """
    from deploy_verdict.follow_up.promised_sample import started
    from deploy_verdict.github import connection_from
    from deploy_verdict.github.runs import WorkflowRuns

    runs = WorkflowRuns(connection_from(os.environ), tell=say)
    for line in started(runs, options.workflow, datetime.now(UTC)):
        print(line)
    return 0


def _not_live_options(parser: argparse.ArgumentParser) -> None:
    from deploy_verdict.cli.options import add_plan

    add_plan(parser)
    words = "the repository that holds the plan (.)"
    parser.add_argument("--service", type=Path, default=Path(), metavar="DIR", help=words)


def not_live(options: argparse.Namespace) -> int:
    """Say in a tracking issue where the deployed branch's newest commit is merged but not live.

        GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... RAILWAY_TOKEN=... \\
        deploy-verdict ci not-live --service . --plan plans/zeues.yml

    Compares the newest commit of the branch that Railway deploys (else the default branch) with the live one.
    Where they differ for longer than github.live_within in the plan, the service's tracking issue is opened
    or updated, with the newest deployment, its status and its reason; it is closed once the commit is live.
    A commit that Railway skips because no watched file changed is not missing.
    .github/workflows/later-samples.yml runs it by the clock, unless the repository's variable
    DEPLOY_VERDICT_NOT_LIVE is off.

    Exit codes: 0 compared, whatever was found; 2 wrong usage or plan; 3 GitHub or Railway refused.
    """
    from deploy_verdict.actions.start.merged_not_live import check_live
    from deploy_verdict.window.directory.plan_file import environment_for, load_plan

    plan = load_plan(options.service / options.plan, datetime.now(UTC))
    print(check_live(plan, environment_for(options.service), say))
    return 0


def _watchdog_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--run-id", type=int, required=True, metavar="N", help="the run that has ended")
    add("--out", type=Path, required=True, metavar="DIR", help="where its artifacts lie")
    add_author(parser)


def watchdog(options: argparse.Namespace) -> int:
    """Check a run that has ended, and post what it did not report: the watchdog's one step.

        GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
        deploy-verdict ci watchdog --run-id 123456 --out verdict-out

    DIR holds the run's artifacts as far as there are any. A comment that is still "in progress" becomes
    VERIFIER LOST, with the samples until then; a run that failed before it opened a window is reported on the
    commit and in a tracking issue; where the report exists, nothing is done.

    Exit codes: 0 nothing was missing, or it is posted; 2 wrong usage; 3 GitHub refused it.
    """
    from deploy_verdict.actions.end.watchdog import rescue
    from deploy_verdict.window.directory.plan_file import PLAN_FILE, environment_for

    options.plan, options.target, options.without = options.out / PLAN_FILE, None, []
    options.corrected_plan = True
    print(rescue(options, environment_for(options.plan), say))
    return 0


def _preview_options(parser: argparse.ArgumentParser) -> None:
    add_plan(parser)
    add_comment(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the comment, and ask GitHub nothing")


def preview(options: argparse.Namespace) -> int:
    """Comment on a pull request what the window after its deployment will check, and what it cannot see.

        GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
        deploy-verdict ci preview --plan verification.yml --number 42

    One comment, edited with each push; the service is asked nothing. It says how many requests and writes
    the window takes, and for each blind spot (a gauge that nothing proves, no canary, nothing between two
    samples, a line that cannot fail) the line to add. Variables without a value are left open. A fork's token
    may only read: then the preview stands in the job's summary.

    Exit codes: 0 posted, 2 the plan has mistakes, which are posted, or wrong usage; 3 GitHub refused it.
    """
    from deploy_verdict.adopt.post_preview import previewed

    return previewed(options, say)


class CiStep(NamedTuple):
    """One part: what it does, and its options. Its help is the function's docstring."""

    main: Callable[[argparse.Namespace], int]
    options: Callable[[argparse.ArgumentParser], None]


STEPS = {
    "preview": CiStep(preview, _preview_options),
    "gate": CiStep(gate, _gate_options),
    "sample": CiStep(sample, _sample_options),
    "progress": CiStep(progress, _progress_options),
    "close": CiStep(close, _close_options),
    "conclude": CiStep(conclude, _conclude_options),
    "follow-up": CiStep(follow_up, _follow_up_options),
    "roll-back": CiStep(roll_back, _roll_back_options),
    "start-promised": CiStep(start_promised, _start_promised_options),
    "not-live": CiStep(not_live, _not_live_options),
    "watchdog": CiStep(watchdog, _watchdog_options),
}


def add_options(parser: VerbParser) -> None:
    """Add one part for each step."""
    lines = parts_lines((name, (step.main.__doc__ or "").splitlines()[0]) for name, step in STEPS.items())
    parser.description = "\n".join([__doc__ or "", "Steps:", *lines])
    for name, step in STEPS.items():
        parser.add_part(name, partial(_fill, step), called="STEP")


def _fill(step: CiStep, parser: VerbParser) -> None:
    parser.description = cleandoc(step.main.__doc__ or "")
    step.options(parser)
    parser.set_defaults(main=step.main)
