"""The verbs of `deploy-verdict` with their parsers, as the command line itself has them."""

import argparse
import importlib.util
from functools import cache


@cache
def verbs():
    """Verb, such as "check" or "ci gate" → its argparse parser."""
    if importlib.util.find_spec("deploy_verdict.cli.command") is None:
        from tests.reference import interim

        return interim.verbs()
    from deploy_verdict.cli.command import build_parser

    return verbs_of(build_parser())


def verbs_of(parser, before=""):
    """The same, of any parser with subparsers; in the order in which they were added."""
    found = {}
    for name, inner in _children(parser).items():
        deeper = verbs_of(inner, f"{before}{name} ")
        found |= deeper or {f"{before}{name}": inner}
    return found


def _children(parser):
    several = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: inner for action in several for name, inner in action.choices.items()}


def options(parser):
    """Every option of a parser, such as --out."""
    return {text for action in parser._actions for text in action.option_strings}
