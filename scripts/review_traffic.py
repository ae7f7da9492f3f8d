"""Read the edge's HTTP log of the window from Railway and write the evidence.

    python scripts/review_traffic.py --plan plans/zeues.yml --out out/today

Everybody's requests are counted by path, our own probes apart. Run it when the window has ended. Exits
0 once the evidence is written, whatever was seen.
"""

from deploy_verdict.cli.options import read_at_the_end, run


def main(arguments: list[str]) -> int:
    return read_at_the_end(__doc__, "traffic", arguments)


if __name__ == "__main__":
    run(main)
