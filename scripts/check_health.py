"""Ask the plan's health checks once and write the evidence.

    python scripts/check_health.py --plan plans/zeues.yml --target https://service.example.com --out out/today

Exits 0 once the evidence is written, whatever was seen: only the judge has an opinion.
"""

import sys

from deploy_verdict.cli.options import add_if_due, parser, run


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_if_due(options_parser)
    options = options_parser.parse_args(arguments)
    from deploy_verdict.window.collect import collect  # noqa: PLC0415  # nothing of it for --help
    from deploy_verdict.window.open import open_session  # noqa: PLC0415
    from deploy_verdict.window.sample import is_due_here  # noqa: PLC0415

    session = open_session(options, lambda line: print(line, file=sys.stderr))
    if options.if_due and not is_due_here(session, "health", 0.0):
        return 0
    print(collect(session, "health", 0.0))
    return 0


if __name__ == "__main__":
    run(main)
