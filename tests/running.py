"""Our scripts as real processes in a scrubbed environment."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRUBBED = ("GITHUB_", "ACTIONS_", "GH_", "RAILWAY_", "TARGET_URL")


def script(name, *arguments, cwd=ROOT, environment=None, **more):
    """Run scripts/NAME.py to its end and return the finished process."""
    return subprocess.run(command(name, *arguments), cwd=cwd, env=scrubbed(environment),
                          capture_output=True, text=True, timeout=300, check=False, **more)  # fmt: skip


def command(name, *arguments):
    return [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *map(str, arguments)]


def scrubbed(environment=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED)}
    return {**kept, **(environment or {})}
