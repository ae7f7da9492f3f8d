"""Archives a window: the report, the verdict, the plan and an index of the evidence, in one folder.

archive.json says which window owns the folder. It is written first, so that the next run completes a folder
that a killed run left, and no other window takes it over.
"""

import hashlib
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime

from deploy_verdict.base.atomic_files import put_aside
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import STATUS_MARK, moment
from deploy_verdict.markup.markdown import code, inline
from deploy_verdict.markup.tables import Code, Table, table
from deploy_verdict.model import Record, Verdict, VerdictOutcome
from deploy_verdict.plan.sections.report import ArchiveSection
from deploy_verdict.report import PAGE_NAME, REPORT_NAME
from deploy_verdict.window.directory.evidence_store import read_record, write_json, write_text
from deploy_verdict.window.directory.plan_file import PLAN_FILE, beside
from deploy_verdict.window.directory.session import WINDOW_FILE
from deploy_verdict.window.judge_directory import JUNIT_FILE, ROLLBACK_FILE, VERDICT_FILE, write_reports

ARCHIVE_FILE, INDEX_FILE = "archive.json", "EVIDENCE.md"
# The files that a window's directory may hold beside its evidence.
KEPT = (REPORT_NAME, PAGE_NAME, VERDICT_FILE, WINDOW_FILE, PLAN_FILE, JUNIT_FILE, ROLLBACK_FILE)


class ArchiveFile(Record):
    """archive.json: the window that a folder belongs to, and the files that were moved there."""

    window: str
    plan_name: str
    t0: AwareDatetime
    outcome: VerdictOutcome
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Where the archive goes, and what the plan says about it; the archive must stay inside `root`."""

    path: Path
    root: Path
    move: tuple[str, ...]
    evidence: bool


def archived(bundle: Bundle, verdict: Verdict, options: Namespace, now: datetime) -> Iterator[str]:
    """Write the archive, and yield a line for each file that changed; raise UsageError, EvidenceError."""
    folder = folder_of(bundle, options, Path.cwd())
    before = owner_of(folder.path)
    if before is not None and before.window != verdict.window.id:
        raise UsageError(
            f"{folder.path} is the archive of window {before.window} ({before.outcome.shown}) — "
            "give this one another --name, or --into FOLDER"
        )
    moves = list(_moves(folder))
    _refuse_collisions(folder, moves, is_ours=before is not None)
    if not options.dry_run and not (options.out / REPORT_NAME).is_file():
        write_reports(bundle, verdict, options.out, now)
    moved = tuple(dict.fromkeys((*(before.moved if before else ()), *(path.name for path in moves))))
    mine = ArchiveFile(
        window=verdict.window.id,
        plan_name=verdict.plan_name,
        t0=verdict.window.t0,
        outcome=verdict.outcome,
        moved=moved,
    )
    changed = [line for line in _texts(bundle, verdict, options.out, folder, mine) if _differs(*line)]
    if not options.dry_run:
        if mine != before:
            write_json(folder.path / ARCHIVE_FILE, mine)
        for path, text in changed:
            write_text(path, text, as_it_is=True)
        for path in moves:
            put_aside(path, folder.path)
    verb = "would " if options.dry_run else ""
    yield from (f"{verb}write {path}" for path, _ in changed)
    yield from (f"{verb}move {path} to {folder.path}" for path in moves)
    yield f"{'would archive' if options.dry_run else 'archived'} in {folder.path}" + (
        "" if changed or moves else ": nothing has changed"
    )


def folder_of(bundle: Bundle, options: Namespace, root: Path) -> Folder:
    """Return the plan's folder below `root`, or the one that --into names; raise UsageError."""
    section: ArchiveSection | None = bundle.plan.report.archive
    move = section.move if section else ()
    evidence = options.evidence or bool(section and section.evidence)
    if options.into is not None:
        if options.name is not None:
            raise UsageError("--into names the complete folder — leave --name out")
        return Folder(path=options.into, root=root, move=move, evidence=evidence)
    if section is None:
        raise UsageError(
            "the plan does not say where — add report: {archive: {folder: docs/incidents, name: NAME}}, "
            "or give --into FOLDER"
        )
    name = options.name or section.name
    if name != Path(name).name or name.startswith("."):
        raise UsageError(f"--name {name!r}: write one name, such as {section.name}-2")
    path = Path(section.folder) / f"{bundle.window.t0:%Y-%m-%d}-{name}"
    _refuse_outside(root / path, root)
    return Folder(path=path, root=root, move=move, evidence=evidence)


def _refuse_outside(path: Path, root: Path) -> None:
    """Raise UsageError for a path that leads out of the working directory by a symbolic link."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{path} leads out of {root} by a link — give --into FOLDER where that is meant")


def owner_of(folder: Path) -> ArchiveFile | None:
    """Read archive.json of a folder; None if there is none."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file — give --into FOLDER")
    if not (folder / ARCHIVE_FILE).exists():
        return None
    return read_record(folder / ARCHIVE_FILE, ArchiveFile, missing="no archive")


def _moves(folder: Folder) -> Iterator[Path]:
    """Yield the files that the plan moves: no links, no folders, and none that is there already."""
    there = folder.path.resolve()
    for pattern in folder.move:
        for path in sorted(folder.root.glob(pattern)):
            if path.is_file() and not path.is_symlink() and path.resolve().parent != there:
                _refuse_outside(path, folder.root)
                yield path.relative_to(folder.root)


def _refuse_collisions(folder: Folder, moves: Sequence[Path], *, is_ours: bool) -> None:
    """Raise UsageError if the archive would overwrite what another window or person put there."""
    names = [path.name for path in moves]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"two files are called {twice} — narrow report.archive.move")
    own = () if is_ours else (*KEPT, INDEX_FILE, "evidence")
    for name in (*own, *names):
        if (folder.path / name).exists():
            raise UsageError(
                f"{folder.path / name} is there already, and no archive of this window wrote it — "
                "give another --name, or --into FOLDER"
            )


def _differs(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() != text.encode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return True
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read ({error.strerror})") from error


def _texts(
    bundle: Bundle, verdict: Verdict, out: Path, folder: Folder, mine: ArchiveFile
) -> Iterator[tuple[Path, str]]:
    """Yield every file of the archive with its text; what is in DIR has passed the redactor."""
    for name in dict.fromkeys((*KEPT, *beside(bundle.plan))):
        if (out / name).is_file():
            yield folder.path / name, _read(out / name)
    rows = []
    for path in sorted((out / "evidence").glob("*.json")):
        text = _read(path)
        rows.append(_row(bundle, path.name, text))
        if folder.evidence:
            yield folder.path / "evidence" / path.name, text
    yield folder.path / INDEX_FILE, _index(bundle, verdict, folder, mine, rows)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "backslashreplace")
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read ({error.strerror})") from error


def _row(bundle: Bundle, name: str, text: str) -> tuple[str, ...]:
    found = next((item.evidence for item in bundle.loaded if item.name == name), None)
    reason = next((item.reason for item in bundle.unreadable if item.name == name), "of a stage left out")
    data = text.encode("utf-8", "backslashreplace")
    return (
        Code(name),
        f"{found.stage} {shown_offset(found.offset_s)}" if found else reason,
        moment(found.finished_at) if found else "",
        f"{len(data):,}",
        Code(hashlib.sha256(data).hexdigest()),
    )


def _index(
    bundle: Bundle, verdict: Verdict, folder: Folder, mine: ArchiveFile, rows: Sequence[tuple[str, ...]]
) -> str:
    """Write the index: what each file is, with a digest that identifies it wherever it is kept."""
    run = next((item.evidence.run_url for item in bundle.loaded if item.evidence.run_url), None)
    place = (
        "In `evidence/` beside this file."
        if folder.evidence
        else "Not kept here; in the window's directory"
        + (f" and in the artifact of {code(run)}." if run else ".")
    )
    subject = bundle.subject
    facts = (
        f"{inline(subject.service or bundle.plan.name)}"
        + (f" in {inline(subject.environment)}" if subject.environment else "")
        + (f", commit {code(subject.commit)}" if subject.commit else "")
    )
    content = Table(headers=("File", "Sample", "Taken", "Bytes", "SHA-256"), rows=tuple(rows))
    lines = [
        f"# Evidence of the window of {moment(bundle.window.t0)}",
        "",
        f"{STATUS_MARK[verdict.outcome]} {verdict.outcome.shown}: {facts}. "
        f"Window {code(bundle.window.id)}, report {code(REPORT_NAME)}.",
        "",
        place,
        "",
        table(content) if rows else "No evidence.",
    ]
    lines += ["", "Moved here: " + ", ".join(code(name) for name in mine.moved) + "."] if mine.moved else []
    return "\n".join(lines) + "\n"
