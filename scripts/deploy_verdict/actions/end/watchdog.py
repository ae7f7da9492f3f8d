"""Checks every run that has ended: no comment may stay "in progress", and no failed start go unreported."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deploy_verdict import __version__
from deploy_verdict.actions.start.concurrent_runs import superseding
from deploy_verdict.actions.start.gate import workflow_file
from deploy_verdict.actions.start.run_record import known_run
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.follow_up.extend_window import give_up_tail
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.github.runs import BY_HAND, SEPARATOR, WorkflowRun, WorkflowRuns
from deploy_verdict.model import RunFile
from deploy_verdict.publish.posts import PostingRun
from deploy_verdict.publish.publisher import publish, publish_lost
from deploy_verdict.publish.service_marks import start_context
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import judged_directory

# The conclusions of a run that published its own report, or had nothing to report.
QUIET = ("success", "skipped", "neutral", "cancelled")
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class LostRun:
    """A run that has ended without its report."""

    run: WorkflowRun
    superseded: str | None

    @property
    def reason(self) -> str:
        """Why it has no report, as a sentence."""
        text = f"run {self.run.id} ended as {self.run.conclusion or 'unknown'} without its report"
        return f"{text}: {self.superseded}" if self.superseded else text


def rescue(options: Namespace, environment: Mapping[str, str], tell: Tell) -> str:
    """Check the run of --run-id and post what is missing; return what was done. Raise ProviderError."""
    connection = connection_from(environment, options.author)
    runs = WorkflowRuns(connection, tell=tell)
    run = runs.run(options.run_id)
    workflow = workflow_file_of(run, environment)
    ended = _ended(runs, run, workflow, tell)
    file = known_run(options.out)
    if file is None:
        return _without_window(ended, workflow, lambda: GitHub(connection, tell=tell))
    if file.dry_run:
        return "it was a dry run, so nothing is posted"
    return _posted(options, ended, file, GitHub(connection, tell=tell), tell)


def workflow_file_of(run: WorkflowRun, environment: Mapping[str, str]) -> str:
    """Return the workflow file of the run in question, not of the watchdog's own."""
    return run.workflow or workflow_file(environment)


def _ended(runs: WorkflowRuns, run: WorkflowRun, workflow: str, tell: Tell) -> LostRun:
    superseded = None
    if run.conclusion == "cancelled":
        try:
            superseded = superseding(runs, run, workflow)
        except ProviderError as error:
            tell(str(error))
    return LostRun(run=run, superseded=superseded)


def _posted(options: Namespace, ended: LostRun, file: RunFile, github: GitHub, tell: Tell) -> str:
    bundle, now = judged_directory(options)
    lost = PostingRun(id=str(ended.run.id), attempt=ended.run.run_attempt, url=ended.run.html_url or None)
    if file.kind == "tail" and give_up_tail(options.out, bundle.plan, ended.reason) is not None:
        # The earlier verdict still holds; its remarks say that the later sample was lost.
        bundle, now = judged_directory(options)
        verdict = judge(bundle, judged_at=now, tool_version=__version__)
        comment = publish(github, bundle, verdict, now=now, run=lost, tell=tell, number=file.number)
    else:
        comment = publish_lost(
            github, bundle, now=now, run=lost, reason=ended.reason, tell=tell, number=file.number
        )
    return f"{'posted on' if comment.is_ours else 'nothing is missing at'} {comment.url}"


def _without_window(ended: LostRun, workflow: str, github: Callable[[], GitHub]) -> str:
    """Report a run that opened no window, if it failed."""
    run = ended.run
    if run.conclusion in QUIET:
        return f"run {run.id} opened no window and ended as {run.conclusion}"
    if run.display_title.startswith(BY_HAND + SEPARATOR):
        return f"run {run.id} was started by hand and failed; whoever started it sees that"
    client = github()
    key, commit = f"run-{run.id}", run.head_sha if run.event == "deployment_status" else None
    title = f"{run.display_title[:150]}: it could not start"
    place = client.destination(number=None, commit=commit, key=key, title=title)
    comment = client.put_comment(place, key, _start_failed(run))
    if commit is not None:
        words, context = "VERIFIER LOST: it could not start", start_context(workflow)
        client.set_status(commit, "error", words, run.html_url or None, context=context)
    return f"posted on {comment.url}"


def _start_failed(run: WorkflowRun) -> str:
    where = f"[run {run.id}]({run.html_url})" if run.html_url.startswith("http") else f"run {run.id}"
    return (
        "## ⚠️ VERIFIER LOST: it could not start\n\n"
        f"The verification of this deployment, {where}, ended as `{run.conclusion}` before it opened a "
        "window. **Nothing was checked.**\n\nThe log of its job *Gate* says why: most often a mistake in "
        "the plan, a variable that is not set, or a token. Fix it, then run the workflow again, or by hand "
        "with the commit.\n"
    )
