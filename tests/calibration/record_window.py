"""Record the window that whole_window.py fills with numbers: `python -m tests.calibration.record_window`.

The demo's backend and its Railway are watched through plans/zeues.yml, at speed. What its collectors wrote is
kept where it holds no numbers that matter: the deployment, the document of the code, the suite, the exercise.
Only needed when the plan or the evidence's schema changes.
"""

import json
import sys
import tempfile
from pathlib import Path

from demo.running import running
from tests.running import ROOT, script

RECORDED = Path(__file__).with_name("recorded_window.json")
SPEED = 120
# One file of each kind: the first sample, a later one, and the reading of the complete window.
KEPT = (
    "deployment.T+000", "deployment.T+015", "deployment.T+120", "exercise.T+000", "e2e.T+000",
    "health.T+000", "pools.T+000", "logs.T+015", "logs.T+120", "traffic.T+120", "metrics.T+120",
)  # fmt: skip
PLACES = {sys.base_prefix: "/usr", str(ROOT): "/app"}


def main():
    with tempfile.TemporaryDirectory() as made:
        log, out = Path(made) / "backend.log", Path(made) / "out"
        with running(speed=SPEED, log=log) as backend:
            plan = ROOT / "plans" / "zeues.yml"
            watched = ("--plan", plan, "--out", out, "--speed", SPEED)
            watched += ("--target", backend.base_url)
            script("watch_deployment", *watched, environment=backend.environment)
            places = {**PLACES, backend.base_url: "http://service.test", backend.redis_url: "redis://db.test"}
        files = {}
        for name in KEPT:
            text = (out / "evidence" / f"{name}.a1.json").read_text()
            for place, public in places.items():
                text = text.replace(place, public)
            files[name] = _without_readings(json.loads(text))
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(file)}" for name, file in files.items())
    RECORDED.write_text(f"{{\n{lines}\n}}\n")


def _without_readings(file):
    """Those are simulated, and the ids of our own requests are many."""
    for item in file["observations"]:
        if item["kind"] == "burst":
            item["readings"] = []
        if item["kind"] == "traffic":
            item["own_ids"] = []
    return file


if __name__ == "__main__":
    main()
