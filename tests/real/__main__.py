"""Watch real services, healthy and broken (`make real`), and write docs/explanation/real-services.md.

    python -m tests.real                      # the windows that tests/real/windows.jsonl lacks
    python -m tests.real --again              # all windows again
    python -m tests.real --only flask leak    # one service, one fault; printed, kept nowhere

Eight windows run at once, each of two hours at speed 120; all take the better part of an hour. Every window
is a line of tests/real/windows.jsonl: its cell, its outcome, and the sentence of its comment. Exit code 1: a
target was missed; it is printed.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict
from queue import SimpleQueue

from tests.real.table import PAGE, WINDOWS, missed, page, written
from tests.real.windows import TooSlowError, cells, run
from tests.real.world import BIN, DATABASES, SERVICES, database
from tests.running import script

AT_ONCE = 8
# For a window whose samples came too late because the machine was busy.
TRIES = 5


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.real", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", action="store_true", help="forget the windows of earlier runs")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--only", nargs=2, metavar=("SERVICE", "FAULT"), help="two windows of each such cell")
    options = parser.parse_args()
    if not (BIN / "uvicorn").exists():
        sys.exit(f"{BIN} has no services — run `make real`, which installs tests/real/requirements.txt")
    if options.only:
        wanted = [cell for cell in cells() if [cell.service, cell.fault] == options.only]
        watched(
            [(cell, number) for cell in wanted for number in range(2)], options.at_once, lambda line: None
        )
        return 0
    if options.again:
        WINDOWS.unlink(missing_ok=True)
    known = {(json.dumps(line["cell"]), line["number"]) for line in written()}
    lacking = [
        (cell, number)
        for number in range(max(cell.windows for cell in cells()))
        for cell in cells()
        if number < cell.windows and (json.dumps(asdict(cell)), number) not in known
    ]
    with WINDOWS.open("a") as journal:
        watched(lacking, options.at_once, lambda line: print(json.dumps(line), file=journal, flush=True))
    lines = written()
    PAGE.write_text(page(lines))
    bad = list(missed(lines))
    print("\n".join(bad) or "every target was met")
    return bool(bad)


def watched(asked, at_once, keep):
    """Run the windows, `at_once` of them in parallel, each with databases of its own."""
    # The process that scripts are forked from must exist before any thread.
    script("watch_deployment", "--help")
    with ExitStack() as stack, ThreadPoolExecutor(at_once) as threads:
        free = SimpleQueue()
        for _ in range(at_once):
            free.put({kind: stack.enter_context(database(kind)) for kind in DATABASES})

        def one(cell, number):
            servers = free.get()
            service = SERVICES[cell.service]
            try:
                for attempt in range(TRIES):
                    try:
                        return run(
                            cell, service, servers[service.database], seed=f"{cell}/{number}/{attempt}"
                        )
                    except TooSlowError as error:
                        print(
                            f"{cell.service} {cell.load} {cell.fault}: {error}", file=sys.stderr, flush=True
                        )
                raise TooSlowError("this machine is too slow: fewer --at-once")
            finally:
                free.put(servers)

        futures = {threads.submit(one, *item): item for item in asked}
        for done, future in enumerate(as_completed(futures), start=1):
            cell, number = futures[future]
            found = future.result()
            keep({"cell": asdict(cell), "number": number, **found})
            print(f"{done} of {len(asked)}: {cell.service} {cell.load} {cell.fault} ({cell.numbers}): "
                  f"{found['outcome']} — {found['sentence'][:300]}", file=sys.stderr, flush=True)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
