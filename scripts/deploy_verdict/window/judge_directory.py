"""Judges a directory of evidence, which may come from other runners, and writes its verdict and reports."""

import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from jinja2 import FileSystemLoader
from pydantic import ValidationError

from deploy_verdict import __version__
from deploy_verdict.base.atomic_files import remove
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.base.package_data import data_folder
from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle, bundled
from deploy_verdict.evidence.measures import captured, suite_results
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples
from deploy_verdict.model import (
    DeploymentObservation,
    Loaded,
    RollbackFile,
    SentNotification,
    TestObservation,
    Verdict,
    VerdictOutcome,
    WindowFile,
)
from deploy_verdict.plan import Plan, laid_out
from deploy_verdict.report import (
    PAGE_NAME,
    REPORT_NAME,
    render_comment,
    render_report,
    template_environment,
)
from deploy_verdict.report.after.badge import badge, render_badge
from deploy_verdict.report.page import render_page
from deploy_verdict.report.page.comparison import ComparedRun
from deploy_verdict.stages.e2e.junit_out import junit_xml
from deploy_verdict.verdict.coverage import covered
from deploy_verdict.verdict.judge import judge
from deploy_verdict.verdict.what_if import WhatIf, what_if
from deploy_verdict.window.directory.captured_runs import read_capture, with_captures
from deploy_verdict.window.directory.evidence_store import (
    read_attempts,
    read_evidence,
    read_record,
    write_json,
    write_text,
)
from deploy_verdict.window.directory.history import append_to_history, earlier_verdicts
from deploy_verdict.window.directory.plan_file import PLAN_FILE, kept_variables, load_plan
from deploy_verdict.window.directory.session import WINDOW_FILE, history_file, read_window, target_of
from deploy_verdict.window.open import checked_stages

VERDICT_FILE = "verdict.json"
COMMENT_FILE = "comment.md"
JUNIT_FILE = "junit.xml"
SENT_FILE, ROLLBACK_FILE = "notified.json", "rollback.json"
Noted = TypeVar("Noted", SentNotification, RollbackFile)
BADGE_FILE, BADGE_PICTURE = "badge.json", "badge.svg"
RENDERED = (REPORT_NAME, PAGE_NAME, COMMENT_FILE, BADGE_FILE, BADGE_PICTURE)
# Railway and git abbreviate no shorter than this.
SHORTEST_ID = 4
TEMPLATES = FileSystemLoader(data_folder("report_templates"))


def read_bundle(
    plan: Plan, out: Path, file: WindowFile, left_out: tuple[str, ...], *, corrected_plan: bool = False
) -> Bundle:
    """Read all evidence of a directory, with its plan; raise UsageError or EvidenceError."""
    unknown = [stage for stage in left_out if stage not in plan.stages]
    if unknown:
        known = ", ".join(plan.stages)
        raise UsageError(f"--without {unknown[0]}: the plan has no such stage — it has: {known}")
    same = (file.window.length_s, file.window.offsets_s) == (plan.window.length, plan.window.offsets_s)
    if not same and not corrected_plan:
        raise EvidenceError(f"{out}/window.json does not have this plan's window — was it edited?")
    found = bundled(
        plan,
        file.window,
        file.subject,
        read_evidence(out / "evidence"),
        left_out=left_out,
        corrected_plan=corrected_plan,
        ended=file.ended,
    )
    notified = _read_optional(out / SENT_FILE, SentNotification)
    of_this = notified if notified and notified.window == file.window.id else None
    rolled_back = _read_optional(out / ROLLBACK_FILE, RollbackFile)
    return replace(found, remarks=file.remarks, notified=of_this, rolled_back=rolled_back)


def _read_optional(path: Path, kind: type[Noted]) -> Noted | None:
    """Read what a later step recorded in the directory; None if unreadable, as it is only shown."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_verdict(bundle: Bundle, out: Path, judged_at: datetime, *, interrupted: bool) -> Verdict:
    """Judge, then write verdict.json and, for a suite, its results as JUnit XML."""
    for name in (VERDICT_FILE, JUNIT_FILE, *RENDERED):
        # If writing fails, an older verdict must not pass for this one.
        remove(out / name)
    verdict = judge(bundle, judged_at=judged_at, tool_version=__version__, interrupted=interrupted)
    write_json(out / VERDICT_FILE, verdict)
    if "e2e" in bundle.stages:
        write_text(out / JUNIT_FILE, _junit(bundle, verdict))
    return verdict


def remember_verdict(bundle: Bundle, verdict: Verdict, history: Path) -> None:
    """Append the verdict to the history. Call it last, so that its failure costs no report."""
    found = deployed(deployment_samples(bundle))
    link = next((item.evidence.run_url for item in bundle.loaded if item.evidence.run_url), None)
    deployment, commit = (found.id, found.commit) if found else (None, None)
    append_to_history(history, verdict, deployment, commit, link=link)


def _junit(bundle: Bundle, verdict: Verdict) -> str:
    """Format the suite's results as JUnit XML."""
    tests = [
        observation
        for item in bundle.of_stage("e2e")
        for observation in item.evidence.observations
        if isinstance(observation, TestObservation)
    ]
    return junit_xml(suite_results(bundle, verdict.findings), tests, bundle.plan.name)


def read_verdict(out: Path) -> Verdict:
    """Read the verdict of a directory; raise EvidenceError, or UsageError if there is none."""
    missing = "no verdict yet — run deploy-verdict judge first"
    return read_record(out / VERDICT_FILE, Verdict, missing=missing)


def refuse_without_evidence(bundle: Bundle, verdict: Verdict, out: Path) -> None:
    """Raise EvidenceError if evidence that a verdict rests on has disappeared."""
    there = {item.name for item in bundle.loaded} | {item.name for item in bundle.unreadable}
    named = {finding.evidence.partition("#")[0] for finding in verdict.findings if finding.evidence}
    gone = sorted(name for name in named - there if name.endswith(".json"))
    now = {(slot.stage, slot.offset_s): slot.state for slot in covered(bundle).slots}
    for slot in verdict.coverage.slots:
        state = now.get((slot.stage, slot.offset_s), "missing")
        if slot.state in ("taken", "late") and state not in ("taken", "late"):
            gone.append(f"the sample {slot.stage} {shown_offset(slot.offset_s)}")
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        said = f"{out / VERDICT_FILE} says {verdict.outcome.shown}, but its evidence has gone"
        raise EvidenceError(f"{said}: {gone[0]}{more} — bring it back, or run deploy-verdict judge")


def write_reports(bundle: Bundle, verdict: Verdict, out: Path, generated_at: datetime) -> Path:
    """Write the report, report.html, the comment and the badge; return the report's path."""
    environment = template_environment(TEMPLATES)
    # An absolute path means nothing on another machine; a relative one works where the user stands.
    directory = None if out.is_absolute() else str(out)
    for name, render in ((REPORT_NAME, render_report), (COMMENT_FILE, render_comment)):
        text = render(
            bundle,
            verdict,
            environment,
            generated_at=generated_at,
            tool_version=__version__,
            directory=directory,
        )
        write_text(out / name, text)
    page = render_page(bundle, verdict, TEMPLATES, generated_at=generated_at, tool_version=__version__)
    write_text(out / PAGE_NAME, page)
    shown = badge(bundle, verdict)
    write_text(out / BADGE_FILE, json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    write_text(out / BADGE_PICTURE, render_badge(shown, TEMPLATES) + "\n")
    return out / REPORT_NAME


def judged_directory(options: Namespace, changes: Sequence[str] = ()) -> tuple[Bundle, datetime]:
    """Read the evidence of --out; return it with the current time.

    Without --plan, use the plan's copy in the directory. `changes` to it are PATH=VALUE.
    """
    file = read_window(options.out)
    if file is None:
        raise UsageError(f"{options.out}: no window was opened here — run deploy-verdict open first")
    target = options.target or target_of(file)
    path, variables = options.plan, None
    if path is None:
        path = options.out / PLAN_FILE
        if not path.is_file():
            raise UsageError(f"{path}: no plan in this directory — give --plan FILE")
        variables = kept_variables(path, file.variables)
    read = load_plan(path, file.window.t0, target, variables=variables, changes=changes)
    plan = laid_out(read, file.layout)
    left_out = checked_stages(plan, [*file.left_out, *options.without])
    bundle = read_bundle(plan, options.out, file, left_out, corrected_plan=options.corrected_plan)
    return with_earlier(with_captures(bundle, path.parent), history_of(options)), datetime.now(UTC)


def history_of(options: Namespace) -> Path:
    """Return the file that holds earlier verdicts."""
    named: Path | None = getattr(options, "history", None)
    return named or history_file(options.out)


def with_earlier(bundle: Bundle, history: Path) -> Bundle:
    """Add the history's verdicts on the same service."""
    return replace(bundle, earlier=earlier_verdicts(history, bundle.subject, bundle.plan.name))


def would_be(options: Namespace) -> tuple[WhatIf, VerdictOutcome]:
    """Return what --what-if would change, and the verdict it would give. Nothing is written."""
    bundle, now = judged_directory(options)
    was = judge(bundle, judged_at=now, tool_version=__version__)
    # The changed plan has another hash; evidence that counted before still counts.
    kept = {item.name for item in bundle.loaded}
    other, _ = judged_directory(Namespace(**{**vars(options), "corrected_plan": True}), options.what_if)
    foreign = [item.name for item in other.loaded if item.name not in kept]
    if foreign:
        raise UsageError(
            f"{foreign[0]} was collected under another version of the plan — add --corrected-plan"
        )
    verdict = judge(other, judged_at=now, tool_version=__version__)
    return what_if(was, verdict, tuple(options.what_if)), verdict.outcome


def run_of(path: Path) -> ComparedRun:
    """Judge a run's directory by its own plan, or read a captured run, which keeps no samples."""
    if path.is_file():
        return ComparedRun(column=read_capture(path))
    options = Namespace(plan=None, out=path, target=None, without=[], corrected_plan=False)
    bundle, now = judged_directory(options)
    verdict = judge(bundle, judged_at=now, tool_version=__version__)
    column = captured(bundle, verdict, path.resolve().name)
    found = deployed(deployment_samples(bundle))
    if found is not None and column.subject.commit is None:
        subject = column.subject.model_copy(update={"commit": found.commit})
        column = column.model_copy(update={"subject": subject})
    return ComparedRun(column=column, bundle=bundle)


def run_named(name: str, among: Path) -> Path:
    """Find a run by its path, else the newest window in `among` whose deployment or commit begins so."""
    if Path(name).exists():
        return Path(name)
    found: list[tuple[datetime, Path]] = []
    known: list[str] = []
    for path in sorted(among.glob(f"*/{WINDOW_FILE}")):
        file = read_window(path.parent)
        ids = [*_ids(path.parent, file)] if file else []
        known += [f"{path.parent}: {' '.join(item[:12] for item in ids)}"] if ids else []
        if file and len(name) >= SHORTEST_ID and any(item.startswith(name) for item in ids):
            found.append((file.window.t0, path.parent))
    if not found:
        there = "; ".join(known[-5:]) or "no window"
        raise UsageError(f"{name}: no such run, and no window in {among} is of this deployment ({there})")
    return max(found)[1]


def _ids(out: Path, file: WindowFile) -> Iterator[str]:
    """Yield a window's deployments and commits: what its first sample saw, then what opened it."""
    for item in read_attempts(out / "evidence", "deployment", 0.0):
        for observation in item.evidence.observations if isinstance(item, Loaded) else ():
            if isinstance(observation, DeploymentObservation) and observation.deployment is not None:
                yield from filter(None, (observation.deployment.id, observation.deployment.commit))
    yield from filter(None, (file.subject.deployment, file.subject.commit))
