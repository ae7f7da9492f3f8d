"""Write schemas/*.schema.json from the models. A test fails when they are not current.

python scripts/write_schemas.py
"""

import argparse
import json
from pathlib import Path

from deploy_verdict.cli.options import run
from deploy_verdict.plan.json_schemas import schemas
from deploy_verdict.window.evidence_store import write_text


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(arguments)
    folder = Path(__file__).resolve().parents[1] / "schemas"
    for name, schema in schemas().items():
        write_text(folder / name, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
        print(folder / name)
    return 0


if __name__ == "__main__":
    run(main)
