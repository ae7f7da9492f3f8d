"""Fuzz one reader until its time is over or it fails.

    python -m tests.fuzz plan --seconds 60 --kept out/fuzz        # keeps the inputs that reached new code
    python -m tests.fuzz plan --runs 2000                         # this many inputs, the same ones each time

Exit codes: 0 no failure; otherwise the traceback is printed, and the input is written to --kept (or to the
working directory) as crash-…, timeout-… or oom-…: fix the bug, and add the input to tests/fuzz/found/TARGET/.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, "scripts")

# Only modules imported in this block report their coverage to the fuzzer.
with atheris.instrument_imports(include=["deploy_verdict", "yaml", "tests.fuzz.planted"]):
    from tests.fuzz.limits import checked
    from tests.fuzz.mutating import changed
    from tests.fuzz.planted import PLANTED
    from tests.fuzz.seeds import seeds_of
    from tests.fuzz.targets import TARGETS

LONGEST_INPUT = 64 * 1024
# Wall-clock time: ends a target that waits without working.
MOST_WAIT_S = 10


def main():
    options = _options()
    target = checked({**TARGETS, **PLANTED}[options.target])
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder)
        for number, seed in enumerate(seeds_of(options.target) if options.target in TARGETS else ()):
            (seeds / f"seed-{number:04d}").write_bytes(seed)
        kept = Path(options.kept) / options.target if options.kept else None
        if kept:
            kept.mkdir(parents=True, exist_ok=True)
        limits = [f"-max_len={LONGEST_INPUT}", f"-timeout={MOST_WAIT_S}", "-rss_limit_mb=400"]
        budget = (
            [f"-runs={options.runs}", "-seed=1"] if options.runs else [f"-max_total_time={options.seconds}"]
        )
        told = ["-print_final_stats=1", f"-artifact_prefix={f'{kept}.' if kept else ''}"]
        folders = [str(place) for place in (kept, seeds) if place]
        atheris.Setup([sys.argv[0], *limits, *budget, *told, *folders], target, custom_mutator=_mutated)
        atheris.Fuzz()


def _options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=[*TARGETS, *PLANTED])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--kept", metavar="DIR")
    return parser.parse_args()


def _mutated(data, most, seed):
    structured = changed(data, most, seed) if seed % 2 else None
    return structured or atheris.Mutate(data, most)


if __name__ == "__main__":
    main()
