"""Write docs/explanation/calibration.md anew: `make calibrate`, or `python -m tests.calibration`.

Every cell has its own seed, so the same seed and number give the same table whatever runs beside it. What
was counted is kept in out/calibration.jsonl: stopped and started again, it goes on, unless the code has
changed in between.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.calibration.cells import cells
from tests.calibration.headline import WINDOWS as HEADLINE_WINDOWS
from tests.calibration.headline import every_headline, in_readme, table
from tests.calibration.running import counted
from tests.calibration.table import row_of, tables
from tests.calibration.whole_counts import whole_table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE, KEPT = ROOT / "docs" / "explanation" / "calibration.md", ROOT / "out" / "calibration.jsonl"
HEADLINE, README = HERE / "headline.json", ROOT / "README.md"
HEADLINE_BEGIN, HEADLINE_END = "<!-- the headline: make calibrate -->", "<!-- end of the headline -->"
WHOLE_BEGIN, WHOLE_END = "<!-- complete windows: make calibrate -->", "<!-- end of complete windows -->"
BEGIN, END = "<!-- the table: make calibrate -->", "<!-- end of the table -->"
SEED, WINDOWS = "2026", 500


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=WINDOWS, help="for each cell")
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    parser.add_argument("--headline", action="store_true", help="the headline only")
    parser.add_argument("--whole", action="store_true", help="whole healthy windows only")
    options = parser.parse_args()
    if options.headline or options.whole:
        (write_headline if options.headline else write_whole)(options)
        return
    run = {"seed": options.seed, "windows": options.windows, "code": code()}
    every, known = cells(), kept(run)
    jobs = [(index, options.seed, options.windows) for index in range(len(every)) if index not in known]
    KEPT.parent.mkdir(exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool, KEPT.open("a") as journal:
        for index, outcomes in pool.map(run_cell, jobs):
            known[index] = outcomes
            line = {**run, "cell": key(every[index]), "outcomes": outcomes}
            print(json.dumps(line), file=journal, flush=True)
            print(f"{len(known)} of {len(every)}: {' / '.join(key(every[index]))}", file=sys.stderr)
    write_headline(options)
    write_whole(options)
    rows = [row_of(cell, known[index]) for index, cell in enumerate(every)]
    text = "\n".join([*head(options, len(every)), *tables(rows)])
    if options.print:
        print(text)
    else:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def write_headline(options):
    """Figures of models.py into headline.json, the page and README."""
    with ProcessPoolExecutor(options.processes) as pool:
        rows = every_headline(options.seed, pool)
    text = "\n".join(table(rows))
    print(text)
    if options.print:
        return
    readme = README.read_text()
    for line in in_readme(rows):
        sampled = line.partition(": precision")[0]
        readme = re.sub(rf"\b{re.escape(sampled)}: precision .*?\(median\)", line, readme)
    README.write_text(readme)
    made = {"seed": options.seed, "windows": HEADLINE_WINDOWS, "day": f"{datetime.now(UTC):%Y-%m-%d}"}
    HEADLINE.write_text(json.dumps({**made, "rows": rows}, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(HEADLINE_BEGIN)
    after = rest.partition(HEADLINE_END)[2]
    PAGE.write_text(f"{before}{HEADLINE_BEGIN}\n{text}\n{HEADLINE_END}{after}")


def write_whole(options):
    """What share of whole healthy windows alarms, and by which rule, into the page."""
    with ProcessPoolExecutor(options.processes) as pool:
        rows = []
        for row in whole_table(options.seed, pool, options.windows):
            print(row, flush=True)
            rows.append(row)
    text = "\n".join(rows)
    if not options.print:
        before, _, rest = PAGE.read_text().partition(WHOLE_BEGIN)
        after = rest.partition(WHOLE_END)[2]
        PAGE.write_text(f"{before}{WHOLE_BEGIN}\n{text}\n{WHOLE_END}{after}")


def key(cell):
    return [cell.mode, cell.group, cell.name]


def code():
    """What the table depends on: all of our code that is loaded to make it, and nothing else of it."""
    loaded = [Path(module.__file__) for module in sys.modules.values() if getattr(module, "__file__", None)]
    ours = (ROOT / "scripts" / "deploy_verdict", HERE)
    files = sorted(path for path in loaded if any(path.is_relative_to(folder) for folder in ours))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def kept(run):
    """What an earlier run of the same code, seed and number has counted, by the cell's number."""
    numbers = {tuple(key(cell)): index for index, cell in enumerate(cells())}
    found = {}
    for text in KEPT.read_text().splitlines() if KEPT.exists() else ():
        line = json.loads(text)
        outcomes, index = Counter(line.pop("outcomes")), numbers.get(tuple(line.pop("cell")))
        if line == run and index is not None:
            found[index] = outcomes
    return found


def run_cell(job):
    index, seed, windows = job
    return index, counted(cells()[index], seed, windows)


def head(options, number):
    told = f"{number} cells of {options.windows:,} windows each, seed {options.seed}, "
    told += f"{datetime.now(UTC):%Y-%m-%d}, `make calibrate`. "
    yield f"{told}Percent of windows, with the 95 % interval (Clopper-Pearson).\n"


if __name__ == "__main__":
    main()
