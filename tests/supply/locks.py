"""Read the locks: each package with its version, its platforms, its hashes, and who requires it."""

import re
from dataclasses import dataclass

from tests.running import ROOT

LOCKS = {
    "requirements.txt": "requirements.in",
    "deploy/relay/requirements.txt": "deploy/relay/requirements.in",
    "requirements-dev.txt": "requirements-dev.in",
    "requirements-audit.txt": "requirements-audit.in",
    "tests/real/requirements.txt": "tests/real/requirements.in",
}
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==(\S+)(?: ; (.*?))?(?: \\)?")


@dataclass(frozen=True)
class Locked:
    """One package of a lock; `asked_by` lists packages, or .in files as `-r FILE`."""

    name: str
    version: str
    only: str
    hashes: tuple[str, ...]
    asked_by: tuple[str, ...]


def locked(path):
    """The packages of a lock, in its order."""
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", (ROOT / path).read_text().strip()):
        lines = block.splitlines()
        name, version, only = _PINNED.fullmatch(lines[0].strip()).groups()
        via = re.search(r"# via (.*)", block)
        hashes = tuple(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
        found.append(
            Locked(name, version, only or "", hashes, tuple(via.group(1).split(", ")) if via else ())
        )
    return found


def plain(name):
    """A package's name, normalized as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def reasons(path):
    """The comment of each requirement of an .in file: beside it, or else above it."""
    found, above = {}, ""
    for line in (ROOT / path).read_text().splitlines():
        requirement, _, comment = (part.strip() for part in line.partition("#"))
        if requirement and not requirement.startswith("-r"):
            name = plain(re.match(r"[A-Za-z0-9._-]+", requirement).group())
            found[name] = comment or above
        above = comment if not requirement else above if not comment else ""
    return found
