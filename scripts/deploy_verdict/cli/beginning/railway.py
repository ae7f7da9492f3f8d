"""Ask Railway what a token may read, and measure how its API answers.

    RAILWAY_TOKEN=... deploy-verdict railway probe --plan plans/zeues.yml --out railway-probe.json

The parts:

  probe  each query of this tool once, with its answer's shape; how late logs and metrics come
"""

import argparse
import sys
from inspect import cleandoc
from pathlib import Path

from deploy_verdict.cli.options import add_plan, offset_s, say
from deploy_verdict.cli.parser import VerbParser


def add_options(parser: VerbParser) -> None:
    """Add one part for each probe."""
    parser.description = __doc__
    parser.add_part("probe", _fill_probe, called="PART")


def _fill_probe(parser: VerbParser) -> None:
    parser.description = cleandoc(probe.__doc__ or "")
    add_plan(parser)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="FILE", help="where the answers are written, as JSON")
    add("--target", metavar="URL", help="the service's address, instead of the plan's base_url")
    words = "for our own request to show in the logs, at most (2m)"
    add("--wait", type=offset_s, default=120.0, metavar="TIME", help=words)
    parser.set_defaults(main=probe)


def probe(options: argparse.Namespace) -> int:
    """Ask Railway each query of this tool once, and write down what came back: a file for an issue.

        RAILWAY_TOKEN=... deploy-verdict railway probe --plan plans/zeues.yml --out railway-probe.json

    Nothing is changed: queries only, about 20, and one GET to the service that marks its way through the
    logs. The file says which queries the token may ask, the names and types in each answer but never a value,
    sizes of pages, whether sleeping deployments are active, whether logs of removed ones are kept, and how
    late both logs and the metrics come. Secrets are redacted, and no id, commit or log line is in it, so that
    it can be attached to an issue. The demo's Railway behaves as such a file says, with
    `python -m demo.serve --railway-as FILE`.

    Exit codes: 0 asked, whatever was refused; 2 wrong usage or plan; 3 no token, or no answer from Railway.
    """
    from deploy_verdict.actions.repository.railway_probe import probed  # noqa: PLC0415  # loads the clients

    written, lines = probed(options, say)
    print("\n".join(lines))
    print(written)
    sys.stdout.flush()
    return 0
