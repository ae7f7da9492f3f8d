"""Take samples of one stage and write their evidence.

    deploy-verdict sample health --plan plans/zeues.yml --target https://service.example.com --out out/today
    deploy-verdict sample pools --plan plans/zeues.yml --out out/today --offset 30m
    deploy-verdict sample logs --plan plans/zeues.yml --out out/today --logs backend.log

The first sample in a directory opens the window. Exits 0 once the evidence is written, whatever was answered:
only the judge has an opinion. `deploy-verdict sample STAGE --help` has a stage's options.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_logs, add_window, offset_s, say
from deploy_verdict.cli.parser import VerbParser, parts_lines
from deploy_verdict.stages.registry import sampled
from deploy_verdict.stages.stage import Asks, Due, Late, Stage

if TYPE_CHECKING:
    from deploy_verdict.window.directory.session import Session

# Each sample of a job starts a new process: --help loads no library, and a stage only what it needs.
# ruff: noqa: PLC0415

# The stages with an option of their own.
POOLS, E2E = "pools", "e2e"
WIDTH = 100


def add_options(parser: VerbParser) -> None:
    """Add one part for each stage, with that stage's options."""
    lines = parts_lines((stage.name, stage.title) for stage in sampled())
    parser.description = "\n".join([__doc__ or "", "Stages:", *lines])
    for stage in sampled():
        parser.add_part(stage.name, partial(_fill, stage), called="STAGE")


def _fill(stage: Stage, parser: VerbParser) -> None:
    parser.description = help_of(stage)
    add_window(parser)
    if stage.name == POOLS:
        words = "a planned offset, such as 30m (default: all)"
        parser.add_argument("--offset", action="append", type=offset_s, metavar="TIME", help=words)
    elif stage.due is Due.OFFSETS:
        words = "a planned offset, such as 30m (0m)"
        parser.add_argument("--offset", type=offset_s, default=0.0, metavar="TIME", help=words)
    if stage.due is Due.OFFSETS:
        words = "do nothing where this sample is not scheduled, already taken, or too late"
        parser.add_argument("--if-due", action="store_true", help=words)
    if stage.name == E2E:
        parser.add_argument("--junit", type=Path, metavar="FILE", help="where the JUnit XML goes")
    if stage.asks is Asks.LOG:
        add_logs(parser)
    parser.set_defaults(main=partial(main, stage))


def help_of(stage: Stage) -> str:
    """Return the text of `sample STAGE --help` before its options, with an example of each use."""
    example = f"    deploy-verdict sample {stage.name} --plan plans/zeues.yml --out out/today"
    examples = [f"{example} --logs backend.log"] if stage.asks is Asks.LOG else []
    if stage.due is Due.OFFSETS and not stage.is_load:
        examples.append(f"{example} --offset 30m    # a later sample")
    ended = "Run it when the window has ended. " if stage.due is Due.END else ""
    note = f"{stage.sampling} {ended}Exits 0 once the evidence is written, whatever the service answered."
    head = f"Take samples of this stage and write their evidence: {stage.title}."
    return "\n\n".join([head, "\n".join([example, *examples]), fill(note.strip(), WIDTH)])


def main(stage: Stage, options: argparse.Namespace) -> int:
    """Take the stage's samples; return the exit code."""
    from deploy_verdict.window.open import open_session

    log = getattr(options, "logs", None)
    session = open_session(options, say, log=log)
    if stage.name == POOLS:
        taken = _at_all_offsets(session, stage, options)
    elif stage.due is Due.OFFSETS:
        taken = _at_offset(session, stage, options)
    else:
        taken = _at_end(session, stage, options, log)
    for path in taken:
        print(path, flush=True)
    return 0


def _is_wanted(session: Session, stage: Stage, options: argparse.Namespace, planned_s: float) -> bool:
    """Whether to take this sample; raise UsageError if the plan has no such stage."""
    from deploy_verdict.window.sampling.sample import is_due

    if options.if_due:
        return is_due(session, stage.name, planned_s)
    _check_planned(session, stage, options)
    return True


def _check_planned(session: Session, stage: Stage, options: argparse.Namespace) -> None:
    if stage.missing and stage.name not in session.plan.stages:
        raise UsageError(f"{options.plan} has {stage.missing}")


def _at_all_offsets(session: Session, stage: Stage, options: argparse.Namespace) -> Iterator[Path]:
    from deploy_verdict.window.sampling.sample import take, wanted

    for planned_s in wanted(session, options.offset):
        path = take(session, planned_s) if _is_wanted(session, stage, options, planned_s) else None
        if path is not None:
            yield path
        if session.stop.requested:
            return


def _at_offset(session: Session, stage: Stage, options: argparse.Namespace) -> Iterator[Path]:
    from deploy_verdict.window.sampling.collect import collect

    if not _is_wanted(session, stage, options, options.offset):
        return
    planned_s = session.plan.planned_offsets_s.get(stage.name, ())
    # A sample that must not be late has a scheduled offset; any other one counts for the offset given.
    if stage.late is Late.MISSED and options.offset not in planned_s:
        known = ", ".join(f"{offset / 60:g}m" for offset in planned_s[:20])
        raise UsageError(f"--offset: the plan has no sample there — it has: {known}")
    session.pace.wait_until(options.offset)
    if session.stop.requested:
        return
    path = collect(session, stage.name, options.offset)
    yield path
    if stage.name == E2E:
        _write_junit(session, options, path)


def _at_end(session: Session, stage: Stage, options: argparse.Namespace, log: Path | None) -> Iterator[Path]:
    from deploy_verdict.window.sampling.collect import collect, names_log

    _check_planned(session, stage, options)
    if stage.asks is Asks.LOG and log is None and not names_log(session.plan):
        raise UsageError(f"{options.plan} has no railway section, so name the log's file: --logs FILE")
    (planned_s,) = session.plan.planned_offsets_s[stage.name]
    yield collect(session, stage.name, planned_s, log)


def _write_junit(session: Session, options: argparse.Namespace, path: Path) -> None:
    """Write the judge's findings on this one run as JUnit XML."""
    from deploy_verdict.model import Loaded, TestObservation
    from deploy_verdict.stages.e2e.judge import judge_e2e
    from deploy_verdict.stages.e2e.junit_out import junit_xml
    from deploy_verdict.window.directory.evidence_store import parse_evidence, write_text

    loaded = parse_evidence(path.name, path.read_bytes())
    if isinstance(loaded, Loaded) and session.plan.e2e is not None:
        one_run = session.plan.e2e.model_copy(update={"at": (options.offset,)})
        plan = session.plan.model_copy(update={"e2e": one_run})
        findings = judge_e2e(plan, [(loaded.name, loaded.evidence)])
        tests = [item for item in loaded.evidence.observations if isinstance(item, TestObservation)]
        junit = options.junit or options.out / "junit" / path.with_suffix(".xml").name
        write_text(junit, junit_xml(findings, tests, session.plan.name))
