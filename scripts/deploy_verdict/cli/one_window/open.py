"""Open a window: fix T0, the length and the offsets for every verb that follows in the same --out.

    deploy-verdict open --plan plans/zeues.yml --target https://service.example.com --out out/today

Run again it changes nothing and prints the window that is there.
"""

import argparse

from deploy_verdict.cli.options import add_window, add_without, say
from deploy_verdict.model import dumped
from deploy_verdict.window.directory.session import dumps
from deploy_verdict.window.open import open_session


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser)
    add_without(parser)


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    session = open_session(options, say, left_out=options.without)
    print(dumps(dumped(session.file)))
    return 0
