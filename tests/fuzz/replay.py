"""Replay inputs that once broke a reader, and those built to be slow or large, without the fuzzer.

    python -m tests.fuzz.replay plan

Prints the time of the slowest input and the process's peak memory.
"""

import sys
import time

sys.path.insert(0, "scripts")

from tests.fuzz.bombs import BOMBS
from tests.fuzz.limits import checked
from tests.fuzz.planted import PLANTED
from tests.fuzz.seeds import found_of
from tests.fuzz.targets import TARGETS
from tests.matrix.child import peak_mb


def main(name):
    target = checked({**TARGETS, **PLANTED}[name])
    inputs = {path.name: path.read_bytes() for path in found_of(name)} | BOMBS.get(name, dict)()
    slowest = (0.0, "")
    for told, data in (inputs or {"two": b"ab"}).items():
        began_s = time.process_time()
        target(data)
        slowest = max(slowest, (time.process_time() - began_s, told))
    print(f"{name}: {len(inputs)} inputs, the slowest {slowest[1]} in {slowest[0]:.2f} s, {peak_mb():.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1])
