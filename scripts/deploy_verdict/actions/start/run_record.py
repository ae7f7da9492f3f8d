"""Reads run.json, which the jobs of a run on GitHub share."""

from argparse import Namespace
from pathlib import Path

from deploy_verdict.model import RunFile
from deploy_verdict.window.directory.evidence_store import read_record

RUN_FILE = "run.json"


def read_run(out: Path) -> RunFile:
    """Read run.json of a directory; raise EvidenceError, or UsageError if there is none."""
    return read_record(out / RUN_FILE, RunFile, missing="no such file — deploy-verdict ci gate writes it")


def known_run(out: Path) -> RunFile | None:
    """Read run.json; None if the window does not belong to a run on GitHub."""
    return read_run(out) if (out / RUN_FILE).is_file() else None


def is_dry_run(out: Path) -> bool:
    """Whether this run must post nothing."""
    file = known_run(out)
    return file is not None and file.dry_run


def fill_from_run(options: Namespace) -> RunFile | None:
    """Take the issue's number and the dry run from run.json if the command line does not give them."""
    file = known_run(options.out)
    if file is not None:
        options.number = options.number or file.number
        options.dry_run = options.dry_run or file.dry_run
    return file
