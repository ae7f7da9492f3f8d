"""Serve a GitHub for one repository on 127.0.0.1 until SIGTERM or SIGINT, then exit 0.

One line goes to stdout once it answers: `github http://127.0.0.1:PORT`, which is what GITHUB_API_URL
takes. Issue N of the repository is a page for people: http://127.0.0.1:PORT/OWNER/NAME/issues/N.
"""

import argparse
import re
import signal
import sys
import threading
from collections.abc import Sequence

from demo.github.hub import REPOSITORY, Hub
from demo.github.serving import TOKEN, github
from demo.github.switches import MEANINGS, switches_from

COULD_NOT_RUN = 3


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        switches = switches_from(options.switch)
    except ValueError as error:
        parser.error(str(error))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    hub = Hub(repository=options.repository, switches=switches)
    hub.add_issue(1, title="An issue to comment on", author="octocat")
    try:
        with github(hub, options.port) as url:
            print(f"github {url}", flush=True)
            stop.wait()
    except OSError as error:
        print(f"demo.github could not run on port {options.port}: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    for mistake in hub.mistakes:
        print(f"what GitHub would not take: {mistake}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, MEANINGS))
    switches = "\n".join(f"  {name:<{width}}  {what}" for name, what in MEANINGS.items())
    parser = argparse.ArgumentParser(
        prog="python -m demo.github",
        description=__doc__,
        epilog=f"its token is {TOKEN}\n\nswitches:\n{switches}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0, the default, takes a free one")
    add(
        "--repository",
        type=_repository,
        default=REPOSITORY,
        metavar="OWNER/NAME",
        help=f"default {REPOSITORY}",
    )
    add("--switch", action="append", default=[], metavar="NAME[=VALUE]", help="listed below; repeatable")
    return parser


def _repository(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"{text} is not a repository; write OWNER/NAME")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
