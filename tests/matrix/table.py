"""The matrix as a table: runs the columns and writes docs/reference/faults.md (`make matrix`)."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from demo.github.hub import Hub
from demo.github.serving import github
from demo.running import running
from demo.toxic.certificates import made
from demo.toxic.serving import toxic
from demo.toxic.troubles import TROUBLES
from deploy_verdict.github.caller import MAX_TRIES
from tests.matrix.child import BUDGET_S, TIMEOUT_S
from tests.running import ROOT, scrubbed
from tests.servers import json_service

PAGE = ROOT / "docs" / "reference" / "faults.md"
MOST_MB = 200
COLUMNS = {"service": "the service", "railway": "Railway's API", "github": "GitHub's API"}
# The plan's timeout for each request of a window; Railway's budget for a question; for one to GitHub its
# tries, whose waits are only counted here (the asker bounds their sum). And one second.
BOUND_S = {"service": TIMEOUT_S + 1, "railway": BUDGET_S + 1, "github": MAX_TRIES * TIMEOUT_S + 1}
ALL_IN_A_CELL = 5
WORDS = {**{name: trouble.words for name, trouble in TROUBLES.items()},
         "clock": "the runner's clock steps by an hour, back and forth"}  # fmt: skip
HEAD = """\
# Faults: what happens when

`demo/toxic` is a server that misbehaves on real sockets. This page shows each of its troubles, met by each of
our three clients. `make matrix` writes it, and `tests/test_fault_matrix.py` runs all of it again. In every
cell

- the client ended in time: the plan's timeout for each request and one second; for Railway the question's
  budget; for GitHub the question's tries, whose waits are counted and not waited
- the column's process stayed below {most} MB of memory (its resident high-water mark)
- no client followed a redirect to another host
- the report was on disk at the end

A cell gives the fault and whose it was, the outcome, and the first message.

"""


@contextmanager
def upstream(column, directory):
    """A server that works, for one column."""
    if column == "github":
        hub = Hub()
        hub.add_issue(1, body="the incident", author="somebody")
        with github(hub) as url:
            yield url
        return
    if column == "service":
        # Always the same numbers but one, at the end, so that the page is always the same.
        moving = itertools.cycle([3, 4])

        def pool(method, path, body):
            found = {"max_connections": 20, "utilization_percent": 15.0, "alert": None, "more": "x" * 40}
            return 200, {**found, "active_connections": next(moving)}

        with json_service(pool) as server:
            yield server.url
        return
    with running(log=directory / "demo.log", speed=1.0) as demo:
        url = urlsplit(demo.railway_url)
        yield f"{url.scheme}://{url.netloc}"


def names_of(column):
    """The troubles of a column: those of the server, and the runner's own clock."""
    return [*TROUBLES, "clock"]


def cells_of(column, directory, names=None):
    """Run a column; each cell as a dict, with `trapped` when somebody went where nobody may."""
    names = names or names_of(column)
    authority = made(directory)
    with ExitStack() as stack:
        url = stack.enter_context(upstream(column, directory))
        servers = {name: stack.enter_context(toxic("none" if name == "clock" else name, url, directory))
                   for name in names}  # fmt: skip
        asked = {"cells": {name: server.base_url for name, server in servers.items()},
                 "out": str(directory / "out")}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "tests.matrix.child", column],
            input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, check=False, timeout=1200,
            env=scrubbed({"REQUESTS_CA_BUNDLE": str(authority), "PYTHONPATH": f"{ROOT}:{ROOT}/scripts"}),
        )  # fmt: skip
        cells = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert len(cells) == len(names), done.stderr[-3000:]
        for cell in cells:
            cell["trapped"] = bool(servers[cell["name"]].trapped)
    return cells


def broken_bounds(column, cell):
    """Which promises a cell broke, in words."""
    bound_s = BOUND_S[column]
    if cell["slowest_s"] > bound_s:
        yield f"one request took {cell['slowest_s']:.1f} s, more than {bound_s:g} s"
    if cell["took_s"] > ALL_IN_A_CELL * bound_s:
        yield f"it took {cell['took_s']:.1f} s"
    if cell["peak_mb"] > MOST_MB:
        yield f"it took {cell['peak_mb']:.0f} MB"
    if not cell["report"]:
        yield "there is no report"
    if cell["trapped"]:
        yield "a redirect to another host was followed"


def shown(cell):
    """A cell of the table."""
    faults = ", ".join(f"`{kind}` ({whose})" for kind, whose in cell["faults"])
    told = " ".join(cell["told"].split()).replace("|", "¦")
    parts = [faults, f"**{cell['outcome']}**", f"<sub>{_code(told[:150])}</sub>" if told else ""]
    return " ".join(part for part in parts if part)


def _code(text):
    return "`" + text.replace("`", "'") + "`"


def page(columns):
    """The whole page, of the cells of all columns."""
    found = {column: {cell["name"]: shown(cell) for cell in cells} for column, cells in columns.items()}
    lines = ["| | trouble | " + " | ".join(COLUMNS.values()) + " |", "|---|---|---|---|---|"]
    for name, words in WORDS.items():
        row = [f"`{name}`", words, *(found[column].get(name, "–") for column in COLUMNS)]
        lines.append("| " + " | ".join(row) + " |")
    return HEAD.format(most=MOST_MB) + "\n".join(lines) + "\n"


def main():
    columns = {}
    for column in COLUMNS:
        with tempfile.TemporaryDirectory() as directory:
            columns[column] = cells_of(column, Path(directory))
        for cell in columns[column]:
            for words in broken_bounds(column, cell):
                print(f"{column}/{cell['name']}: {words}", file=sys.stderr)
        slowest = max(columns[column], key=lambda cell: cell["slowest_s"])
        peak = max(cell["peak_mb"] for cell in columns[column])
        print(f"{column}: slowest {slowest['name']} {slowest['slowest_s']:.2f} s, peak {peak:.0f} MB")
    PAGE.write_text(page(columns))
    print(os.path.relpath(PAGE))


if __name__ == "__main__":
    main()
