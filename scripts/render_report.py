"""Render the report of a judged directory: POST-DEPLOYMENT-MONITORING-REPORT.md and comment.md.

python scripts/render_report.py --out out/today
"""

from deploy_verdict.cli.options import parser, run
from deploy_verdict.window.judge_directory import judged_directory, read_verdict, write_reports


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__, kept=True)
    options = options_parser.parse_args(arguments)
    verdict = read_verdict(options.out)
    options.without = list(verdict.left_out)
    options.corrected_plan = True
    bundle, now = judged_directory(options)
    print(write_reports(bundle, verdict, options.out, now))
    return 0


if __name__ == "__main__":
    run(main)
