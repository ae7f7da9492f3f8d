"""Publishing a judged window: the comment, the labels, the commit status, the job's summary."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy_verdict.bundle import Bundle
from deploy_verdict.errors import ProviderError, UsageError
from deploy_verdict.github import Destination, GitHub, is_refused_place
from deploy_verdict.leaving import cleaned
from deploy_verdict.lifecycle import short
from deploy_verdict.model import Finding, Outcome, Verdict, VerdictOutcome
from deploy_verdict.platform_looks import deployed, looks
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.verdicts import COMMENT_FILE

# Pull request bodies take 65,536 characters; the rest is room for the marker.
MAX_COMMENT = 65_000
MAX_SUMMARY_BYTES = 1024 * 1024
MAX_ANNOTATIONS = 10
LABELS = {outcome: f"verdict: {outcome.value}" for outcome in VerdictOutcome}
STATES = {
    VerdictOutcome.STABLE: "success",
    VerdictOutcome.ATTENTION: "failure",
    VerdictOutcome.CRITICAL: "failure",
    VerdictOutcome.INCONCLUSIVE: "error",
}
Tell = Callable[[str], None]


def key_of(verdict: Verdict) -> str:
    """What one comment is about: the deployment where it is known, else the window."""
    return verdict.subject.deployment or verdict.window.id


def commit_of(bundle: Bundle) -> str | None:
    """The deployed commit, whole; an abbreviated one names no commit to GitHub."""
    found = deployed(looks(bundle))
    for commit in (found.commit if found else None, bundle.subject.commit):
        if commit and re.fullmatch(r"[0-9a-f]{40}", commit):
            return commit
    return None


def comment_text(out: Path) -> str:
    """The comment with the whole report folded in; where that is too long, the comment alone."""
    comment = cleaned(_read(out / COMMENT_FILE)).rstrip()
    report = cleaned(_read(out / REPORT_NAME)).rstrip()
    whole = f"{comment}\n\n<details>\n<summary>The whole report</summary>\n\n{report}\n\n</details>\n"
    if len(whole) <= MAX_COMMENT:
        return whole
    note = f"\n\nThe whole report is too long for a comment: see {REPORT_NAME} among the run's artifacts.\n"
    return comment[: MAX_COMMENT - len(note)] + note


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: there is none — run scripts/render_report.py first") from error


def publish(
    github: GitHub,
    bundle: Bundle,
    verdict: Verdict,
    out: Path,
    *,
    number: int | None,
    run_url: str | None,
    tell: Tell,
) -> str:
    """Everything that goes to GitHub; returns the comment's address. The status is set last."""
    key, commit = key_of(verdict), commit_of(bundle)
    title = f"Post-deployment verification: {cleaned(bundle.plan.name)}"
    title += f" ({short(commit)})" if commit else ""
    place = github.destination(number=number, commit=commit, key=key, title=title)
    address, place = _said(github, place, key, title, comment_text(out), tell)
    github.label(place, LABELS[verdict.outcome], tuple(LABELS.values()))
    github.set_open(place, is_open=verdict.outcome is not VerdictOutcome.STABLE)
    if commit is None:
        tell("no commit is known by its whole id, so no commit status is set")
    else:
        github.set_status(commit, STATES[verdict.outcome], _line(verdict), run_url or address)
    return address


def _said(
    github: GitHub, place: Destination, key: str, title: str, text: str, tell: Tell
) -> tuple[str, Destination]:
    """A place that cannot be written to must not cost the report: then the tracking issue."""
    try:
        return github.say(place, key, text), place
    except ProviderError as error:
        if place.kind == "tracking issue" or not is_refused_place(error):
            raise
        tell(f"{error}; using the tracking issue instead")
    place = github.tracking_issue(key, title)
    return github.say(place, key, text), place


def _line(verdict: Verdict) -> str:
    failed = sum(finding.outcome is Outcome.FAIL for finding in verdict.findings)
    open_ = sum(finding.outcome is Outcome.INCONCLUSIVE for finding in verdict.findings)
    return f"{verdict.outcome.shown}: {failed} failed, {open_} not known, of {len(verdict.findings)} findings"


def write_summary(environment: Mapping[str, str], text: str) -> None:
    """The job's summary, where this runs as a job of GitHub Actions; cut at what GitHub takes."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if path:
        data = cleaned(text).encode()[: MAX_SUMMARY_BYTES - 1].decode("utf-8", "ignore")
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(data + "\n")


def annotations(environment: Mapping[str, str], verdict: Verdict) -> Iterator[str]:
    """Workflow commands for the worst failed findings; GitHub shows ten of each kind in a step."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    failed = [finding for finding in verdict.findings if finding.outcome is Outcome.FAIL]
    worst = sorted(failed, key=lambda finding: finding.severity or "P1")
    for finding in worst[:MAX_ANNOTATIONS]:
        yield f"::error title={_property(_name(finding))}::{_message(_told(finding))}"


def _name(finding: Finding) -> str:
    return f"{finding.severity or 'P1'} {finding.stage}/{finding.check}"[:120]


def _told(finding: Finding) -> str:
    because = f" ({finding.because})" if finding.because else ""
    return f"expected {finding.expectation}; found {finding.actual}{because}"[:600]


def _message(text: str) -> str:
    """As GitHub's runner reads it: no line of its own, so that no text can be a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def run_url(environment: Mapping[str, str]) -> str | None:
    """The GitHub Actions run that this is part of."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    parts = [environment.get(name) for name in names]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else None
