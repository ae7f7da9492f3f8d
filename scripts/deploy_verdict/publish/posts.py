"""The text that is posted about a window: the report, its progress, or that the verifier was lost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import suite_tally
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples
from deploy_verdict.github.client import MAX_DESCRIPTION
from deploy_verdict.markup.labels import counted
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Outcome, Verdict, VerdictOutcome
from deploy_verdict.publish.comment_state import CommentState, status_line, tally_words
from deploy_verdict.publish.service_marks import comment_key, service_of
from deploy_verdict.report import (
    Progress,
    folded,
    progress,
    render_comment,
    render_lost,
    render_progress,
    report_sections,
    template_environment,
)
from deploy_verdict.stages.deployment.state import short
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.session import run_url
from deploy_verdict.window.judge_directory import TEMPLATES

# GitHub's API accepts 65,536 characters; the rest is a margin, as how it counts is not documented.
MAX_COMMENT = 65_000
# The two hidden lines above the text, and a line about other pull requests.
MAX_HIDDEN = 2_500


@dataclass(frozen=True, kw_only=True)
class PostingRun:
    """The run of GitHub Actions that posts; empty if there is none.

    `artifact_url` is the report's; `out` is the window's directory, which remembers its comment.
    """

    id: str = ""
    attempt: int = 1
    url: str | None = None
    artifact_url: str | None = None
    out: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Post:
    """One post: `key` identifies its comment; `commit` is the deployed one if its full SHA is known."""

    service: str
    key: str
    commit: str | None
    title: str
    text: str
    state: CommentState


def run_from(
    environment: Mapping[str, str], artifact_url: str | None = None, out: Path | None = None
) -> PostingRun:
    """Read the run from GITHUB_RUN_ID and related variables."""
    attempt = environment.get("GITHUB_RUN_ATTEMPT", "")
    return PostingRun(
        id=environment.get("GITHUB_RUN_ID", ""),
        attempt=int(attempt) if attempt.isdecimal() else 1,
        url=run_url(environment),
        artifact_url=artifact_url or None,
        out=out,
    )


def key_of(bundle: Bundle) -> str:
    """Return the comment's key: the service's deployment if it is known, else its window."""
    return comment_key(bundle_service(bundle), bundle.subject.deployment or bundle.window.id)


def bundle_service(bundle: Bundle) -> str:
    """Return the service of a window as contexts and labels carry it."""
    return service_of(bundle.plan.service.name, bundle.plan.name)


def commit_of(bundle: Bundle) -> str | None:
    """Return the deployed commit's full SHA, as GitHub accepts no shorter one; None if unknown."""
    found = deployed(deployment_samples(bundle))
    for commit in (found.commit if found else None, bundle.subject.commit):
        if commit and re.fullmatch(r"[0-9a-f]{40}", commit):
            return commit
    return None


def title_of(bundle: Bundle) -> str:
    """Return a tracking issue's title: service, environment and commit, as far as they are known."""
    found, subject = deployed(deployment_samples(bundle)), bundle.subject
    commit = (found.commit if found else None) or subject.commit
    service = subject.service or bundle.plan.name
    where = f" in {subject.environment}" if subject.environment else ""
    title = f"Post-deployment verification: {service}{where}"
    return one_line(f"{title} ({short(commit)})" if commit else title, 200)


def comment_text(bundle: Bundle, verdict: Verdict, now: datetime, artifact_url: str | None = None) -> str:
    """Write the comment with the report's sections folded in, and name those that do not fit."""
    environment = template_environment(TEMPLATES)
    head = render_comment(
        bundle, verdict, environment, generated_at=now, tool_version=__version__, report_url=artifact_url
    )
    parts = report_sections(bundle, verdict, environment, generated_at=now, tool_version=__version__)
    return folded(head, parts, MAX_COMMENT - MAX_HIDDEN)


def final_post(bundle: Bundle, verdict: Verdict, now: datetime, run: PostingRun) -> Post:
    """Return the post of a judged window."""
    artifacts = f"{run.url}#artifacts" if run.url else None
    text = comment_text(bundle, verdict, now, run.artifact_url or artifacts)
    shown = progress(bundle, verdict, now)
    return _post(
        bundle,
        run,
        shown,
        text=text,
        state="final",
        outcome=verdict.outcome,
        line=_verdict_line(verdict),
    )


def progress_post(bundle: Bundle, now: datetime, run: PostingRun) -> Post:
    """Return the post of a window as it is now, judged in memory: no verdict is written."""
    shown = _so_far(bundle, now)
    environment = template_environment(TEMPLATES)
    text = render_progress(shown, environment)
    return _post(bundle, run, shown, text=text, state="progress", outcome=shown.outcome, line=shown.line)


def lost_post(bundle: Bundle, now: datetime, run: PostingRun, reason: str) -> Post:
    """Return the post of a window whose verifier was lost; it shows INCONCLUSIVE or worse."""
    shown = _so_far(bundle, now)
    environment = template_environment(TEMPLATES)
    text = render_lost(shown, environment, reason)
    outcome = shown.outcome or VerdictOutcome.INCONCLUSIVE
    line = f"VERIFIER LOST ({outcome.shown}; {shown.count}): {reason}"
    return _post(bundle, run, shown, text=text, state="lost", outcome=outcome, line=line)


def _so_far(bundle: Bundle, now: datetime) -> Progress:
    return progress(bundle, judge(bundle, judged_at=now, tool_version=__version__), now)


def _post(
    bundle: Bundle,
    run: PostingRun,
    shown: Progress,
    *,
    text: str,
    state: str,
    outcome: VerdictOutcome | None,
    line: str,
) -> Post:
    carried = CommentState.model_validate(
        {
            "run": run.id,
            "attempt": run.attempt,
            "state": state,
            "window": bundle.window.id,
            "length_s": bundle.window.length_s,
            "taken": shown.taken,
            "looks": shown.taken_of_all_stages,
            "outcome": outcome,
            "failed": len(shown.issues) + shown.issues_hidden,
            "line": status_line(one_line(line, MAX_DESCRIPTION), bundle.subject.environment),
        }
    )
    return Post(
        service=bundle_service(bundle),
        key=key_of(bundle),
        commit=commit_of(bundle),
        title=title_of(bundle),
        text=text,
        state=carried,
    )


def _verdict_line(verdict: Verdict) -> str:
    failed = sum(finding.outcome is Outcome.FAIL for finding in verdict.findings)
    open_ = sum(finding.outcome is Outcome.INCONCLUSIVE for finding in verdict.findings)
    findings = counted(len(verdict.findings), "finding")
    # A line that begins with an outcome counts as an earlier verdict that a rollback may choose.
    rehearsed = "Rehearsal, " if verdict.is_rehearsal and verdict.outcome is VerdictOutcome.STABLE else ""
    suite = tally_words(suite_tally(verdict))
    return f"{rehearsed}{verdict.outcome.shown}: {suite}{failed} of {findings} failed, {open_} inconclusive"
