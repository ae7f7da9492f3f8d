"""The verbs of `deploy-verdict` and their parsers, as the command line builds them."""

import argparse
from functools import cache

from deploy_verdict.cli.command import build_parser


@cache
def verbs():
    """Verb, such as "check" or "ci gate" → its argparse parser."""
    return verbs_of(_filled(build_parser()))


def _filled(parser):
    """Fill every parser; the command line fills a verb's parser only when it is used."""
    for inner in parser.parts.values():
        _filled(inner)
    return parser


def verbs_of(parser, before=""):
    """Verb → parser, of any parser with subparsers, in the order in which they were added."""
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
