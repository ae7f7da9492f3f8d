"""Open a window: fix T0, the length and the offsets for every script that follows in the same --out.

    python scripts/open_window.py --plan plans/zeues.yml --target https://service.example.com --out out/today

Run again it changes nothing and prints the window that is there.
"""

import sys

from deploy_verdict.cli.options import add_without, parser, run
from deploy_verdict.model import dumped
from deploy_verdict.window.open import open_session
from deploy_verdict.window.session import dumps


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_without(options_parser)
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr), left_out=options.without)
    print(dumps(dumped(session.file)))
    return 0


if __name__ == "__main__":
    run(main)
