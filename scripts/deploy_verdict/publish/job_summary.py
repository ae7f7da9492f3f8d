"""Writes what a GitHub Actions job shows (summary, annotations) and passes on (outputs, variables)."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy_verdict.base.atomic_files import cannot
from deploy_verdict.model import Finding, Outcome, Severity, Verdict
from deploy_verdict.redaction.control_chars import visible
from deploy_verdict.redaction.output_guard import cleaned
from deploy_verdict.report.sections import cut, utf8_bytes

MAX_SUMMARY_BYTES = 1024 * 1024
# GitHub shows ten of each kind for a step.
MAX_ANNOTATIONS = 10


def write_summary(environment: Mapping[str, str], text: str, tell: Callable[[str], None]) -> None:
    """Write the job's summary in a GitHub Actions job, cut to GitHub's limit.

    A summary that cannot be written is reported and affects nothing else: the comment follows it.
    """
    name = environment.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    path = Path(name)
    try:
        # An earlier writer in this step may have filled part of the limit.
        there = path.stat().st_size if path.exists() else 0
        shown = cut(cleaned(text).rstrip("\n") + "\n", MAX_SUMMARY_BYTES - there, utf8_bytes)
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(shown)
    except OSError as error:
        tell(f"GITHUB_STEP_SUMMARY: {path} cannot be written ({error.strerror}); the comment is not affected")


def annotations(environment: Mapping[str, str], verdict: Verdict) -> Iterator[str]:
    """Yield workflow commands: P0 and P1 as errors, P2 and inconclusive findings as warnings, worst first."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    failed = [finding for finding in verdict.findings if finding.outcome is Outcome.FAIL]
    ranked = sorted(failed, key=_severity)
    errors = [finding for finding in ranked if _severity(finding) is not Severity.P2]
    warnings = [finding for finding in ranked if _severity(finding) is Severity.P2]
    warnings += [finding for finding in verdict.findings if finding.outcome is Outcome.INCONCLUSIVE]
    for kind, findings in (("error", errors), ("warning", warnings)):
        for finding in findings[:MAX_ANNOTATIONS]:
            yield f"::{kind} title={_property(_name(finding))}::{_message(_sentence(finding))}"
    more = [max(0, len(findings) - MAX_ANNOTATIONS) for findings in (errors, warnings)]
    if any(more):
        text = f"{more[0]} more failed with P0 or P1, {more[1]} more with P2 or inconclusive: see the report"
        yield f"::notice title=deploy-verdict::{_message(text)}"


def write_outputs(environment: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Append outputs, each on one line; do nothing outside of GitHub Actions. Raise EvidenceError."""
    _append(environment.get("GITHUB_OUTPUT"), outputs)


def write_variable(environment: Mapping[str, str], name: str, value: str) -> None:
    """Set a variable for the job's later steps; do nothing outside of GitHub Actions. Raise EvidenceError."""
    _append(environment.get("GITHUB_ENV"), {name: value})


def _append(path: str | None, values: Mapping[str, str]) -> None:
    if not path:
        return
    # A line break in a value could start another output.
    lines = [f"{name}={' '.join(cleaned(value).splitlines())}\n" for name, value in values.items()]
    try:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write("".join(lines))
    except OSError as error:
        raise cannot(Path(path), error) from error


def _severity(finding: Finding) -> Severity:
    return finding.severity or Severity.P1


def _name(finding: Finding) -> str:
    is_fail = finding.outcome is Outcome.FAIL
    return f"{_severity(finding).value if is_fail else 'Inconclusive:'} {finding.stage}/{finding.check}"[:120]


def _sentence(finding: Finding) -> str:
    because = f" ({finding.because})" if finding.because else ""
    return f"expected: {finding.expectation}; found: {finding.actual}{because}"[:600]


def _message(text: str) -> str:
    """Escape a text for GitHub's runner, on one line, so that no text can be a workflow command."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
