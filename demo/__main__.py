"""Run the main job on the embedded demo: `python -m demo --fault none --speed 600`.

Starts the backend on a free port, watches it through plans/zeues.yml and ends with the verdict's exit
code. The result lies in out/demo/.
"""

import argparse
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from demo.faults import FAULTS
from demo.running import running

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fault", default="none", choices=sorted(FAULTS), help="what to break")
    parser.add_argument(
        "--speed", default="600", help="how much faster than real time (600: two hours in 12 s)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "demo", help="where the result goes")
    options = parser.parse_args()
    _make_room(options.out)
    log = options.out / "backend.log"
    with running(fault=options.fault, speed=float(options.speed), log=log) as backend:
        print(f"demo backend on {backend.base_url}, fault: {options.fault}", file=sys.stderr)
        command = [
            sys.executable,
            str(ROOT / "scripts" / "watch_deployment.py"),
            *("--plan", str(ROOT / "plans" / "zeues.yml")),
            *("--target", backend.base_url),
            *("--logs", str(log)),
            *("--without", "deployment"),
            *("--speed", options.speed),
            *("--out", str(options.out)),
        ]
        # Ctrl-C reaches the watcher too, which ends with a report; this process waits for it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.run(command, check=False).returncode


def _make_room(out: Path) -> None:
    """Remove an earlier demo's result, and nothing that is not one."""
    if out.exists() and not (out / "backend.log").exists():
        sys.exit(f"{out} is not an earlier demo's result — choose another --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


if __name__ == "__main__":
    sys.exit(main())
