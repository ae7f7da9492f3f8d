"""Tell people of a verdict that is not good, and of the recovery after one, by Slack, Teams, e-mail and more.

    DEPLOY_VERDICT_NOTIFY='slack://...' deploy-verdict notify --plan plans/zeues.yml --out out/today
    deploy-verdict notify --plan plans/zeues.yml --out out/today --dry-run    # prints the message

DEPLOY_VERDICT_NOTIFY holds one Apprise address a line (github.com/caronc/apprise); without it notifications
are off. A verdict that is not STABLE is sent once for each window (again, if a run was killed before it noted
so). STABLE is sent once where the plan says `notify: {on: [stable]}`, else only after one of these: after
--previous, else what this window sent, else the newest of history.

Exit codes: 0 sent, or nothing to send; 2 wrong usage; 3 a service did not take it.
"""

import argparse
from functools import partial
from importlib.util import find_spec

from deploy_verdict.actions.start.run_record import is_dry_run
from deploy_verdict.base.errors import DeployVerdictError, UsageError
from deploy_verdict.cli.options import add_window, offset_s
from deploy_verdict.model import Verdict, VerdictOutcome
from deploy_verdict.publish.delivery import redact_with, send
from deploy_verdict.publish.notification import addresses_of
from deploy_verdict.publish.sent_notifications import keep_sent, news
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.window.directory.plan_file import environment_for, load_plan
from deploy_verdict.window.directory.session import read_window, run_url, target_of
from deploy_verdict.window.judge_directory import history_of, judged_directory, read_verdict, write_reports


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser)
    add = parser.add_argument
    add(
        "--previous",
        choices=[outcome.value for outcome in VerdictOutcome],
        help="the last outcome that was sent",
    )
    add("--link", metavar="URL", help="where the report is (default: the run of GitHub Actions)")
    add("--timeout", type=offset_s, default=30.0, metavar="TIME", help="for all services together (30s)")
    add("--dry-run", action="store_true", help="print the message, and tell nobody")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    options.dry_run = options.dry_run or is_dry_run(options.out)
    environment = environment_for(options.plan)
    addresses = addresses_of(environment.get("DEPLOY_VERDICT_NOTIFY", ""))
    if not addresses and not options.dry_run:
        print("notifications are off: DEPLOY_VERDICT_NOTIFY is not set")
        return 0
    if not options.dry_run and find_spec("apprise") is None:
        raise UsageError("Apprise is missing, which sends them — install deploy-verdict[notify]")
    verdict = read_verdict(options.out)
    message = news(
        options.out,
        verdict,
        previous=VerdictOutcome(options.previous) if options.previous else None,
        history=history_of(options),
        link=options.link or run_url(environment),
        redact=redact_with(environment, addresses),
        also_stable=partial(_sends_stable, options, verdict),
    )
    if isinstance(message, str) or options.dry_run:
        print(message if isinstance(message, str) else f"{message.title}\n\n{message.body}")
        return 0
    send(addresses, message, total_s=options.timeout, environment=environment)
    keep_sent(options.out, verdict, addresses)
    print(f"sent: {message.title}")
    if (options.out / REPORT_NAME).is_file():
        _render_again(options, verdict)
    return 0


def _render_again(options: argparse.Namespace, verdict: Verdict) -> None:
    """Render the report again, which says who was notified; if that fails, it stays as it was."""
    directory = argparse.Namespace(
        **{**vars(options), "without": [*verdict.left_out], "corrected_plan": True}
    )
    try:
        bundle, now = judged_directory(directory)
        write_reports(bundle, verdict, options.out, now)
    except DeployVerdictError as error:
        print(f"the report does not say so: {error}")


def _sends_stable(options: argparse.Namespace, verdict: Verdict) -> bool:
    """Whether the plan has STABLE verdicts sent too."""
    file = read_window(options.out)
    target = options.target or (target_of(file) if file else None)
    plan = load_plan(options.plan, verdict.window.t0, target)
    return VerdictOutcome.STABLE.value in plan.notify.on
