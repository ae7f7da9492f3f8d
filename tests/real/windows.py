"""One window on one service: its plan, the fault, the verdict and the sentences that give the reason."""

import json
import random
import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.real.world import LIGHT_PER_S, SERVICES, World
from tests.running import script

# Two hours in a minute, and a burst of 30 readings in half a second.
SPEED, LENGTH_S = 120, 60.0
PLAN = """\
version: 1
name: {name}
service: {{name: {name}, base_url: "{url}", timeout: 5s}}
window: {{length: 2h, sample_every: 15m}}
health:
  - {{name: health, get: /health, expect: {{status: 200, $.status: healthy}}}}
  - {{name: work, get: /work, expect: {{status: 200}}}}
pools:
"""
OWN = """\
  - name: own
    get: /pool
    {gauge}
    burst: {{for: 60s, every: 2s}}
    exercise: {{ask: [work], at_once: 6}}
"""
SERVER = """\
  - name: server
    {kind}: "${{DATABASE_URL}}"
    {counts}
    limit: {limit}
    burst: {{for: 60s, every: 2s}}
    safe_for: 3h
"""
COUNTS = {
    "redis": "used: clients\n    of: {name: web}",
    "postgres": "used: connections\n    of: {application_name: web}",
}
OWN_ALONE, SERVER_ALONE, BOTH = "its own gauge", "the server's count", "both, joined by `server:`"
HEALTHY = "healthy"
FAULTS = {
    "leak": "a leak of 4/h",
    "exhausted": "the pool exhausted",
    "database": "the database killed and restarted",
    "process": "the service restarted",
}
# What the comment's first paragraph must say of the cause.
NAMES = {
    "leak": r"connections grow over the window, as a leak does",
    "exhausted": r"the pool is exhausted|has no connection left|pool is full since",
    "database": r"the server restarted, and every connection with it|(Redis|PostgreSQL) refused",
    "process": r"The service was restarted within the window|another process answers .*: it restarted",
}
MARKS = (". ", "; ", " - ")


@dataclass(frozen=True)
class Cell:
    """What a window is run on; `numbers` is what its plan reads, `is_target` whether a target counts it."""

    service: str
    load: str
    fault: str
    numbers: str = BOTH
    names_itself: bool = False
    is_target: bool = True
    windows: int = 20


def cells():
    """All cells: the targets, and other plans of a service with several workers."""
    both = ("idle", "light")
    found = []
    for name, service in SERVICES.items():
        many = service.workers > 1
        for load in both:
            found.append(Cell(name, load, HEALTHY, names_itself=many))
            found += [Cell(name, load, fault, names_itself=many, windows=4) for fault in FAULTS]
            if many:
                for numbers, named in (
                    (OWN_ALONE, True),
                    (OWN_ALONE, False),
                    (SERVER_ALONE, False),
                    (BOTH, False),
                ):
                    found.append(Cell(name, load, HEALTHY, numbers, named, is_target=False, windows=5))
    return found


def plan_of(cell, service, url):
    """The text of the cell's plan."""
    own = OWN.format(gauge=service.gauge.replace(", limit:", "\n    limit:"))
    own += "    server: server\n" if cell.numbers == BOTH else ""
    server = SERVER.format(kind=service.database, counts=COUNTS[service.database], limit=service.limit)
    parts = {OWN_ALONE: own, SERVER_ALONE: server, BOTH: own + server}
    return PLAN.format(name=f"real-{cell.service}", url=url) + parts[cell.numbers]


class TooSlowError(Exception):
    """The machine did not keep up with the window's speed, so that its verdict says nothing."""


def run(cell, service, server, seed, keep=None):
    """Run one window; returns its outcome and the conclusion of its comment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(keep or name)
        world = World(service, server, folder, names_itself=cell.names_itself)
        try:
            world.start()
            return _watched(cell, world, folder, random.Random(seed))
        finally:
            world.stop()


def _watched(cell, world, folder, rng):
    plan, out = folder / "plan.yml", folder / "out"
    plan.write_text(plan_of(cell, world.service, world.url))
    done = threading.Event()
    breaker = threading.Thread(
        target=_break, args=(cell, world, out, rng.uniform(0.2, 0.8), done), daemon=True
    )
    with world.loaded(LIGHT_PER_S if cell.load == "light" else 0):
        breaker.start()
        asked = ["--plan", plan, "--target", world.url, "--speed", SPEED, "--out", out]
        ended = script("watch_deployment", *asked, environment={"DATABASE_URL": world.database_url})
        done.set()
        breaker.join()
    assert (out / "verdict.json").exists(), ended.stderr[-3000:]
    verdict = json.loads((out / "verdict.json").read_text())
    coverage = verdict["coverage"]
    if coverage["taken"] < coverage["planned"]:
        raise TooSlowError(f"{coverage['planned'] - coverage['taken']} samples came too late")
    return {"outcome": verdict["outcome"], "sentence": _sentence((out / "comment.md").read_text())}


def _break(cell, world, out, share, done):
    """Start a leak with the window, or another fault at this share of it."""
    while not (out / "window.json").exists():
        if done.wait(0.05):
            return
    if cell.fault == "leak":
        world.leak(LENGTH_S / 8)
    elif cell.fault != HEALTHY and not done.wait(share * LENGTH_S):
        world.break_by(cell.fault)


def cause(fault, told):
    """The clause of the conclusion that names the fault, or None."""
    found = re.search(NAMES[fault], told)
    if found is None:
        return None
    before = [
        told.rfind(mark, 0, found.start()) + len(mark) for mark in MARKS if mark in told[: found.start()]
    ]
    begin = max(before, default=0)
    end = min((at for mark in MARKS if (at := told.find(mark, found.end())) >= 0), default=len(told))
    return re.sub(r"^(- )?\*\*(P\d)\*\* (.*)", r"\3 (\2)", told[begin:end].rstrip("."))


def _sentence(comment):
    """The comment's conclusion: the paragraph between its title and its first table."""
    paragraphs = comment.split("\n\n")
    return " ".join(paragraphs[1].split())
