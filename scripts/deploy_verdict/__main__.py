"""`python -m deploy_verdict`, and `python scripts/deploy_verdict` from any folder with nothing installed."""

import os
import sys

if not __package__:
    # Run as a folder, the package itself is the first place to search, and its http/ hides the library's.
    sys.path[0] = os.path.dirname(os.path.abspath(sys.path[0]))  # noqa: PTH100, PTH120  # pathlib imports more

from deploy_verdict.cli.command import entry

if __name__ == "__main__":
    entry()
