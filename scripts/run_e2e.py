"""Run the plan's E2E suite once and write its evidence, and JUnit XML beside it.

    python scripts/run_e2e.py --plan plans/zeues.yml --target https://service.example.com --out out/today

Exits 0 once the evidence is written, whatever was seen: only the judge has an opinion. The JUnit file
is for tools that read one; its results are the judge's, from this run's evidence.
"""

import sys
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_if_due, offset_s, parser, run
from deploy_verdict.model import Loaded, TestObservation
from deploy_verdict.stages.e2e.judge import judge_e2e
from deploy_verdict.stages.e2e.junit_out import junit_xml
from deploy_verdict.window.collect import collect
from deploy_verdict.window.evidence_store import parse_evidence, write_text
from deploy_verdict.window.open import open_session
from deploy_verdict.window.sample import is_due_here


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    options_parser.add_argument(
        "--offset",
        type=offset_s,
        default=0.0,
        metavar="TIME",
        help="which run of the plan's `at` this is (0m)",
    )
    options_parser.add_argument("--junit", type=Path, metavar="FILE", help="where the JUnit XML goes")
    add_if_due(options_parser)
    options = options_parser.parse_args(arguments)
    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if options.if_due and not is_due_here(session, "e2e", options.offset):
        return 0
    if session.plan.e2e is None:
        raise UsageError(f"{options.plan} has no e2e section")
    session.pace.wait_until(options.offset)
    path = collect(session, "e2e", options.offset)
    print(path)
    loaded = parse_evidence(path.name, path.read_bytes())
    if isinstance(loaded, Loaded):
        one_run = session.plan.e2e.model_copy(update={"at": (options.offset,)})
        plan = session.plan.model_copy(update={"e2e": one_run})
        findings = judge_e2e(plan, [(loaded.name, loaded.evidence)])
        tests = [item for item in loaded.evidence.observations if isinstance(item, TestObservation)]
        junit = options.junit or options.out / "junit" / path.with_suffix(".xml").name
        write_text(junit, junit_xml(findings, tests, session.plan.name))
    return 0


if __name__ == "__main__":
    run(main)
