"""Break 200 random points of the pipeline and print how each ended: `make kill`.

    python -m tests.killing                   # a seed of its own, which is printed
    python -m tests.killing --seed 7 --points 50
    python -m tests.killing --seed 7 --only 31    # the 31st point of that seed, again

A third of the points each on a healthy demo, on one whose log is silent, which must stay INCONCLUSIVE, and on
one with a bug, which must stay CRITICAL.
Exit codes: 0 everything held at every point; 1 something did not, which is printed.
"""

import argparse
import random
import secrets
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from tests.killing.points import drawn, run_point
from tests.killing.world import OUTCOMES, PIPELINES, world


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.killing",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--only", type=int, help="this point of the seed, and no other")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    failed, met, verdicts, faults, whole = [], 0, Counter(), Counter(), Counter()
    for part, fault in enumerate(OUTCOMES):
        for number, point, result in points_of(options, part, fault, whole):
            faults[f"{point.fault}"] += 1
            print(f"{number:4} {point}: {result}", flush=True)
            if isinstance(result, AssertionError):
                print("".join(traceback.format_exception(result)[-4:]), flush=True)
                failed.append(number)
            else:
                met += result[0]
                verdicts[f"{fault}: {result[1] or 'looked after by the watchdog'}"] += 1
    print(f"{met} of {sum(faults.values())} points met; {dict(faults)}; {dict(verdicts)}")
    failed += [f"uninterrupted {told}" for told in map(": ".join, OUTCOMES.items()) if not whole[told]]
    print(f"uninterrupted: {dict(whole)}")
    print(f"failed: {failed}" if failed else "everything held")
    return bool(failed)


def points_of(options, part, fault, whole):
    """Run every third point of the seed, on a demo with this fault; yields number, point and result."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), fault) as here:
        for pipeline in PIPELINES:
            here.refresh(pipeline)
        # Two runs need not have as many operations; the seed's points are those of the first.
        operations = dict(here.operations)
        for number in range(1 + part, options.points + 1, len(OUTCOMES)):
            point = drawn(random.Random(f"{options.seed}/{number}"), operations)
            if options.only in (None, number):
                here.refresh()
                try:
                    result = run_point(here, point)
                except AssertionError as error:
                    result = error
                yield number, point, result
        whole.update({f"{fault}: {outcome}": count for outcome, count in here.uninterrupted.items()})


if __name__ == "__main__":
    sys.exit(main())
