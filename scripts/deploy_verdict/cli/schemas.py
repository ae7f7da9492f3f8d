"""Write the JSON schemas of plan, evidence and verdict, for an editor or another program.

    deploy-verdict schemas                    # in a clone: schemas/, which a test holds to the models
    deploy-verdict schemas --out schemas      # anywhere else

An editor that knows plan.schema.json checks and completes a plan while it is written.
"""

import argparse
import json
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.package_data import CLONE
from deploy_verdict.plan.reading.json_schemas import schemas
from deploy_verdict.window.directory.evidence_store import write_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder (default: the clone's schemas/)")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    folder = options.out or CLONE / "schemas"
    if options.out is None and not folder.is_dir():
        raise UsageError("this is an installed deploy-verdict, not a clone — name a folder: --out DIR")
    for name, schema in schemas().items():
        write_text(folder / name, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
        print(folder / name)
    return 0
