"""The parsers of `deploy-verdict` as a Markdown page."""

import argparse
import re

from tests.reference.parsers import verbs

# The form without installing; the owner's names.
SCRIPTS = {
    "check_plan.py": "check",
    "watch_deployment.py": "watch",
    "check_health.py": "sample health",
    "run_e2e.py": "sample e2e",
    "sample_pools.py": "sample pools",
    "review_logs.py": "sample logs",
    "judge_evidence.py": "judge",
    "render_report.py": "report",
    "publish_report.py": "publish",
}
HEAD = """\
# Commands

Generated from the parsers by `make docs`. `deploy-verdict VERB --help` prints the same in a terminal.

| how | command |
|---|---|
| installed (`pip install .`) | `deploy-verdict watch …` |
| with pipx, without installing | `pipx run --spec . deploy-verdict watch …` |
| with uv, without installing | `uvx --from . deploy-verdict watch …` |
| from a clone, after `make venv` | `.venv/bin/python scripts/watch_deployment.py …` |

Nine scripts call the verbs that people use by hand:

| script | verb |
|---|---|
"""


def commands_page():
    """The whole page."""
    scripts = "\n".join(f"| `scripts/{name}` | `deploy-verdict {verb}` |" for name, verb in SCRIPTS.items())
    return "\n\n".join([HEAD + scripts, *(section(verb, parser) for verb, parser in verbs().items())]) + "\n"


def section(verb, parser):
    """One verb: how it is called, what it does, its arguments and options."""
    rows = [_row(action) for action in parser._actions if action.help != argparse.SUPPRESS]
    table = ["| option | meaning |", "|---|---|", *(row for row in rows if row)]
    description = "\n".join(line.rstrip() for line in (parser.description or "").strip().splitlines())
    return "\n".join([f"## deploy-verdict {verb}", "", description, "", *table])


def _row(action):
    if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
        return ""
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    name = ", ".join(f"`{text}{value}`" for text in action.option_strings) or f"`{value.strip()}`"
    required = " (required)" if action.required and action.option_strings else ""
    text = " ".join((action.help or "").replace("%%", "%").split())
    if re.search(r"%\(\w+\)", text):
        text %= {**vars(action), "prog": "deploy-verdict"}
    return f"| {name}{required} | {text.replace('|', '/')} |"


def _metavar(action):
    if action.choices is not None:
        return "/".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())
