"""Watch a deployment through its complete window and end with the verdict and the report.

Asks the health checks, samples the pools, runs the E2E suite, reviews the log, judges and renders,
all in this process:

    deploy-verdict watch --plan plans/zeues.yml --target https://service.example.com \\
        --logs backend.log --without railway --out out/today

DIR then holds evidence/, verdict.json, POST-DEPLOYMENT-MONITORING-REPORT.md, the same as a page in
report.html, and comment.md. Stop it at any moment; the same command goes on with what is there. To
rehearse, add --speed 600. When the window has ended, the same command with --later waits for the next of
the plan's later samples (escalation.tail_checks: T+6 h, T+24 h), takes it and judges anew.

Exit codes: 0 stable, 10 attention, 11 critical, 12 inconclusive, 2 wrong usage or plan, 3 could not run.
"""

import argparse
from functools import partial

from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_logs, add_window, add_without, length_s
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.follow_up.extend_window import grown
from deploy_verdict.model import Layout, Verdict, WindowFile
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.plan import densely, of_length, own_layout
from deploy_verdict.window.directory.captured_runs import capture_path
from deploy_verdict.window.directory.plan_file import load_plan
from deploy_verdict.window.directory.session import Session, dumps, read_window, target_of
from deploy_verdict.window.judge_directory import VERDICT_FILE
from deploy_verdict.window.open import open_session
from deploy_verdict.window.sampling.progress_display import ProgressDisplay
from deploy_verdict.window.sampling.schedule import scheduled_samples
from deploy_verdict.window.watch import end_window, watch


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser)
    add_logs(parser, "the service's log, as text or JSON lines")
    parser.add_argument(
        "--capture", metavar="NAME", help="keep what is measured as captures/NAME.json beside the plan"
    )
    parser.add_argument(
        "--length",
        type=length_s,
        metavar="TIME",
        help="the window's length, such as 30m, instead of the plan's",
    )
    add_without(parser)
    parser.add_argument(
        "--later", action="store_true", help="wait for the next later sample of the plan, and take it"
    )
    parser.add_argument(
        "--keep-watching",
        action="store_true",
        help="go on with the window where the service answers none of its health checks from T+0 on",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    known = read_window(options.out)
    if options.later:
        _go_on(options, known)
    elif known is not None and known.finished:
        raise UsageError(
            f"{options.out} holds a finished window — choose another --out to watch again, or add --later "
            "for the plan's next later sample"
        )
    capture = capture_path(options.plan, options.capture)
    progress = ProgressDisplay()
    layout = layout_wanted(options)
    session = open_session(options, progress.tell, left_out=options.without, log=options.logs, layout=layout)
    left_out = session.file.left_out
    planned = len(scheduled_samples(session.plan, left_out))
    with progress.of(session.pace, session.plan.window.length, planned):
        watched = watch(
            session, progress, options.logs, partial(_alarm, session), keep_watching=options.keep_watching
        )
    ended = end_window(session, watched, options.plan, capture)
    for line in ended.ending:
        progress.closing(line)
    outcome, report = ended.verdict.outcome, ended.report
    result = {"outcome": outcome, "report": str(report), "verdict": str(options.out / VERDICT_FILE)}
    print(dumps(result) if options.json else f"{outcome.shown}  {report}")
    return EXIT_CODES[outcome]


def _go_on(options: argparse.Namespace, known: WindowFile | None) -> None:
    """Add the next later sample to the window; one that was added but not finished is continued."""
    if known is None or not (known.finished or (known.layout and known.layout.tails_s)):
        raise UsageError(f"{options.out}: no window has ended here — --later comes after the complete window")
    if known.finished:
        plan = load_plan(options.plan, known.window.t0, options.target or target_of(known))
        grown(options.out, plan, "tail")


def _alarm(session: Session, _: Bundle, verdict: Verdict) -> None:
    """Notify people at once where DEPLOY_VERDICT_NOTIFY is set; `notify` then does not repeat it."""
    from deploy_verdict.publish.alarm_notification import send_alarm  # noqa: PLC0415  # only for bad news

    send_alarm(verdict, session.out, session.environment, session.tell)


def layout_wanted(options: argparse.Namespace) -> Layout | None:
    """Return --length's or the plan's layout with pool samples in between, but not for a rehearsal.

    None if the layout is the plan's own.
    """
    if options.length is None and options.speed > 1:
        return None
    plan = load_plan(options.plan, WallClock().now(), options.target)
    own = own_layout(plan)
    layout = own if options.length is None else of_length(plan, options.length)
    layout = layout if options.speed > 1 else densely(plan, layout)
    return None if layout == own else layout
