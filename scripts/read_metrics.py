"""Read CPU, memory and HTTP series of the window from Railway and write the evidence.

    python scripts/read_metrics.py --plan plans/zeues.yml --out out/today

Run it when the window has ended. Exits 0 once the evidence is written, whatever was seen.
"""

from deploy_verdict.cli.options import read_at_the_end, run


def main(arguments: list[str]) -> int:
    return read_at_the_end(__doc__, "metrics", arguments)


if __name__ == "__main__":
    run(main)
