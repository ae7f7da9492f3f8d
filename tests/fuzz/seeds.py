"""The seeds of fuzzing: the repository's plans, evidence and logs, and inputs that once broke a reader."""

import json
from pathlib import Path

from tests.fuzz.targets import TARGETS
from tests.relay.process import current, older
from tests.running import ROOT

FOUND = Path(__file__).parent / "found"
# Each mutation of a shorter text changes more of it.
_MOST = {"plan": 6_000, "evidence": 40_000, "log": 4_000, "relay": 4_000}
_PIECES = (
    'name: x\nservice: {base_url: "http://x"}\nhealth: [{name: a, get: /, expect: {status: 200}}]\n',
    'name: x\nservice: {base_url: "http://x"}\nnever: [{status: 500..599}, {text: boom, severity: P0}]\n'
    "pools: [{name: p, get: /, used: $.a, limit: $.b, attention: 70%, burst: {for: 30s, every: 1s}}]\n",
    'name: x\nservice: {base_url: "${TARGET_URL:-http://x}"}\nlogs: {must_not_appear: [{regex: "a+"}]}\n'
    "criteria: [{name: c, findings: [logs], target: none}]\n",
)
_LINES = (
    b'{"timestamp":"2026-02-02T12:00:01Z","message":"m","severity":"error","attributes":[{"key":"level",'
    b'"value":"\\"info\\""}],"tags":{}}',
    b'{"time":1770033601.5,"level":"ERROR","event":"x","exception":"Traceback (most recent call last):\\n'
    b'  File \\"a.py\\", line 1\\nKeyError: 1"}',
    b"2026-02-02 12:00:01,123 ERROR app: boom\nTraceback (most recent call last):\n  File 'a'\nKeyError: 1",
    b"\x1b[31mCRITICAL\x1b[0m [02/Feb/2026:12:00:01 +0100] no time here",
)


def seeds_of(name):
    """The seeds of a target, without duplicates."""
    return tuple(dict.fromkeys([*_found(name), *_GIVEN[name]()]))


def found_of(name):
    """The paths of the inputs that once broke a target."""
    folder = FOUND / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _found(name):
    return [path.read_bytes() for path in found_of(name)]


def _plans():
    zeues = (ROOT / "plans/zeues.yml").read_text()
    head = "\n".join(line for line in zeues.split("\n\n")[0].splitlines() if not line.startswith("#"))
    parts = [part for part in zeues.split("\n\n") if len(part) < _MOST["plan"]]
    yield (ROOT / "tests/cases/plan.yml").read_bytes()[: _MOST["plan"]]
    for piece in (*_PIECES, *parts):
        yield f"version: 1\n{piece}".encode()
        yield f"{head}\n{piece}\n".encode()


def _evidence():
    for path in sorted((ROOT / "tests/cases").glob("*/evidence/*.json")):
        if path.stat().st_size < _MOST["evidence"]:
            yield path.read_bytes()


def _logs():
    for path in sorted((ROOT / "plans/zeues").glob("*.log")):
        yield path.read_bytes()[: _MOST["log"]]
    yield from _LINES
    yield b"\n".join(_LINES)


def _events():
    for shape in (current(), older(), current(kind="DEPLOYMENT_DEPLOYED"), older(status="FAILED"), {}, []):
        yield json.dumps(shape).encode()
    yield b"\xef\xbb\xbf{}"


_GIVEN = {"plan": _plans, "evidence": _evidence, "log": _logs, "relay": _events}
assert _GIVEN.keys() == TARGETS.keys()
