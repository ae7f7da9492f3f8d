"""Finds which repository and commit this command was installed from, which a caller workflow must name."""

import json
import re
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from deploy_verdict.base.package_data import CLONE

_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://git@|git@)github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?$"
)

# The name is Python's own (PEP 610).
_PIP_RECORD = "direct_url" + ".json"


class Source(NamedTuple):
    """A repository on GitHub as owner/name, and a commit of it; "" if unknown."""

    repository: str
    commit: str


def release_source() -> Source:
    """Read the source from pip's record of the installation, or from the clone that this runs in."""
    try:
        text = distribution("deploy-verdict").read_text(_PIP_RECORD)
    except PackageNotFoundError:
        text = None
    if text:
        record = json.loads(text)
        commit = str(record.get("vcs_info", {}).get("commit_id", ""))
        if commit:
            return Source(owner_and_name(str(record.get("url", ""))), commit)
    if not (CLONE / ".git").exists():
        return Source("", "")
    return Source(remote_of(CLONE), _git(CLONE, "rev-parse", "HEAD"))


def remote_of(folder: Path) -> str:
    """Return owner/name of the folder's git remote on GitHub, `origin` first; "" if there is none."""
    names = _git(folder, "remote").split()
    ordered = sorted(names, key=lambda name: name != "origin")
    found = (owner_and_name(_git(folder, "remote", "get-url", name)) for name in ordered)
    return next(filter(None, found), "")


def owner_and_name(address: str) -> str:
    """Return owner/name from the address of a GitHub repository, or ""."""
    match = _REMOTE.search(address.strip().removeprefix("git+"))
    return f"{match.group(1)}/{match.group(2)}" if match else ""


def _git(folder: Path, *arguments: str) -> str:
    """Return git's output; "" if there is no git, or no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607  # the git of the person who calls
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
