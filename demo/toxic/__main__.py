"""Serve one trouble, or all of them, before a server that works: `python -m demo.toxic NAME UPSTREAM`.

Prints a line `NAME ADDRESS` for each and serves until it is stopped. NAME is one of the table in
docs/reference/faults.md, or `all`; UPSTREAM is the address whose answers are spoilt.
"""

import argparse
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

from demo.toxic.certificates import made
from demo.toxic.serving import toxic
from demo.toxic.troubles import TROUBLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("name", choices=[*TROUBLES, "all"], metavar="NAME")
    parser.add_argument("upstream", metavar="UPSTREAM")
    options = parser.parse_args()
    names = list(TROUBLES) if options.name == "all" else [options.name]
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(f"authority {made(directory)}")
        for name in names:
            server = stack.enter_context(toxic(name, options.upstream, directory))
            print(f"{name} {server.base_url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
