"""Write a window's measures in a format that other tools read.

    deploy-verdict export --openmetrics out/today -o today.om
    promtool tsdb create-blocks-from openmetrics today.om /prometheus/data

Every sample has the time at which it was measured (docs/guide/dashboards.md says which ways into Prometheus
keep that). The verdict is the one in verdict.json: nothing is judged anew.
"""

import argparse
import sys
from pathlib import Path

from deploy_verdict.redaction.output_guard import cleaned
from deploy_verdict.report.openmetrics import openmetrics
from deploy_verdict.window.directory.evidence_store import write_text
from deploy_verdict.window.judge_directory import judged_directory, read_verdict, refuse_without_evidence


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    words = "the run's directory; its measures as OpenMetrics text"
    parser.add_argument("--openmetrics", required=True, type=Path, metavar="DIR", help=words)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where it is written (default: stdout)"
    )


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    verdict = read_verdict(options.openmetrics)
    run = argparse.Namespace(
        plan=None,
        out=options.openmetrics,
        target=None,
        without=list(verdict.left_out),
        corrected_plan=True,
    )
    bundle, _ = judged_directory(run)
    refuse_without_evidence(bundle, verdict, options.openmetrics)
    text = openmetrics(bundle, verdict)
    if options.output is None:
        sys.stdout.write(cleaned(text))
    else:
        write_text(options.output, text)
        print(options.output)
    return 0
