"""Run the main job on the embedded demo: `python -m demo --fault none --speed 600`.

Starts the backend on a free port, watches it through plans/zeues.yml, posts the result on a GitHub of the
demo's own, and ends with the verdict's exit code. The result lies in out/demo/; github.html there is the
issue with the posted comment.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from demo.faults import FAULTS
from demo.github.posting import post
from demo.railway import ids
from demo.running import running

ROOT = Path(__file__).resolve().parents[1]
PLAN = ROOT / "plans" / "zeues.yml"
# The exit codes of a window that ran to its verdict: stable, attention, critical, inconclusive.
WATCHED = (0, 10, 11, 12)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fault", default="none", choices=sorted(FAULTS), help="what to break")
    parser.add_argument(
        "--speed", default="600", help="how much faster than real time (600: two hours in 12 s)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "demo", help="where the result goes")
    parser.add_argument(
        "--after",
        action="store_true",
        help="show what follows the verdict, too: the sample at T+6 h, the review's issue, the archive",
    )
    options = parser.parse_args()
    _make_room(options.out)
    log = options.out / "backend.log"
    with running(fault=options.fault, speed=float(options.speed), log=log) as backend:
        history = _earlier_verdicts(options.out, backend.base_url)
        print(f"demo backend on {backend.base_url}, fault: {options.fault}", file=sys.stderr)
        command = [
            sys.executable,
            str(ROOT / "scripts" / "watch_deployment.py"),
            *("--plan", str(PLAN)),
            *("--target", backend.base_url),
            *("--speed", options.speed),
            *("--out", str(options.out)),
            *("--history", str(history)),
        ]
        # Ctrl-C reaches the watcher too, which ends with a report; this process waits for it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        environment = {**os.environ, **backend.environment}
        exit_code = subprocess.run(command, check=False, env=environment).returncode
        if options.after and exit_code in WATCHED:
            exit_code = subprocess.run([*command, "--later"], check=False, env=environment).returncode
    _publish(options.out, after=options.after)
    return exit_code


def _publish(out: Path, *, after: bool) -> None:
    """Post the result on the demo's GitHub; a failure here does not change the verdict."""
    if not (out / "verdict.json").exists():
        return
    try:
        for page in post(PLAN, out, review=after):
            print(f"as GitHub shows it: {page}", file=sys.stderr)
        if after:
            _archive(out)
    except RuntimeError as error:
        print(f"the result could not be posted on the demo's GitHub: {error}", file=sys.stderr)


def _archive(out: Path) -> None:
    """Archive the window in a folder below the result."""
    command = [sys.executable, str(ROOT / "scripts" / "deploy_verdict"), "archive", str(out)]
    subprocess.run([*command, "--into", str(out / "incident")], check=False, stdout=sys.stderr)


def _earlier_verdicts(out: Path, target: str) -> Path:
    """Write earlier verdicts of this tool, from which the rollback options know which deployment was good."""
    path = out / "history.jsonl"
    older = [(f"d00000{n:02}", f"{n:02}{'e' * 38}", "stable", "8/8") for n in range(10, 16)]
    known = [
        *older,
        (ids.GOOD_ID, ids.GOOD_COMMIT, "stable", "8/8"),
        (ids.INCIDENT_ID, ids.INCIDENT_COMMIT, "critical", "3/8"),
    ]
    for day, (identity, commit, outcome, e2e) in enumerate(known, start=24):
        line = {"window": "earlier", "plan": "zeues-redis-recovery", "target": target}
        line |= {"service": "zeues-backend", "environment": ids.ENVIRONMENT, "e2e": e2e}
        line |= {"deployment": identity, "commit": commit}
        line |= {"outcome": outcome, "judged_at": f"2026-01-{day}T12:00:00Z"}
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")
    return path


def _make_room(out: Path) -> None:
    """Remove an earlier demo's result; exit if the folder is something else."""
    if out.exists() and not (out / "backend.log").exists():
        sys.exit(f"{out} is not an earlier demo's result — choose another --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


if __name__ == "__main__":
    sys.exit(main())
