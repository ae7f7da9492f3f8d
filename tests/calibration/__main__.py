"""Write docs/calibration.md anew: `make calibrate`, or `python -m tests.calibration --windows 2000`.

Every cell has its own seed, so the same seed and number give the same table whatever runs beside it.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.calibration.cells import cells
from tests.calibration.running import counted
from tests.calibration.table import row_of, tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"
BEGIN, END = "<!-- the table: make calibrate -->", "<!-- end of the table -->"
SEED, WINDOWS = "2026", 2000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=WINDOWS, help="for each cell")
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    began, every = time.monotonic(), cells()
    jobs = [(index, options.seed, options.windows) for index in range(len(every))]
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        for index, outcomes in pool.map(run_cell, jobs):
            rows.append(row_of(every[index], outcomes))
            print(f"{index + 1} of {len(every)}: {every[index].mode}, {every[index].name}", file=sys.stderr)
    minutes = (time.monotonic() - began) / 60
    text = "\n".join([*head(options, len(every), minutes), *tables(rows)])
    if options.print:
        print(text)
    else:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def run_cell(job):
    index, seed, windows = job
    return index, counted(cells()[index], seed, windows)


def head(options, number, minutes):
    told = f"{number} cells of {options.windows:,} windows each, seed {options.seed}, "
    told += f"{datetime.now(UTC):%Y-%m-%d}, `make calibrate`, {minutes:.0f} minutes on two busy cores. "
    yield f"{told}Percent of windows, with the 95 % interval (Clopper-Pearson).\n"


if __name__ == "__main__":
    main()
