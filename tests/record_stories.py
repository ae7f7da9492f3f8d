"""Record the evidence of the golden stories anew, from the demo: `python -m tests.record_stories`.

Only needed when the evidence's schema changes. Afterwards accept the goldens (UPDATE_GOLDEN=1) and
read the diff. Stories that are made from another story's evidence are spoiled here.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from demo.running import running
from tests.running import ROOT, script

CASES = ROOT / "tests" / "cases"
RECORDED = {
    "healthy": "none",
    "completar_bug": "completar-bug",
    "pool_leak": "pool-leak",
    "slow_leak": "slow-leak",
    "pool_field_missing": "missing-field",
    "dead_gauge": "dead-gauge",
    "target_down": "down",
    "edge_502": "html-502",
    "lock_broken": "lock-broken",
    "logs_with_errors": "too-many-connections-in-log",
    "log_silent": "log-silent",
}
HOSTILE = (
    "| a | b |\n```\n<script>alert(1)</script> @everyone #1 [x](javascript:x) ![i](http://e.test/i) "
    "<!-- -->\x1b[31m\u202e"
)


def main():
    for story, fault in RECORDED.items():
        record(CASES / story, fault)
    for story, spoil in SPOILED.items():
        folder = CASES / story
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(CASES / "healthy", folder)
        for name in ("verdict.json", "report.md", "comment.md"):
            (folder / name).unlink(missing_ok=True)
        spoil(folder / "evidence")


def record(folder, fault):
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        log, out = work / "backend.log", work / "out"
        with running(fault=fault, speed=600, log=log) as backend:
            common = ("--plan", CASES / "plan.yml", "--out", out, "--speed", 600)
            script("watch_deployment", *common, "--target", backend.base_url, "--logs", log)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "evidence").mkdir(parents=True)
        for path in [out / "window.json", *(out / "evidence").iterdir()]:
            text = path.read_text()
            for place, name in (*places(log), (backend.base_url, "http://service.test")):
                text = text.replace(place, name)
            (folder / path.relative_to(out)).write_text(text)


def places(log):
    """Paths of the machine that recorded, which are nobody's business."""
    return (str(log), "backend.log"), (str(ROOT), "/app"), (sys.base_prefix, "/usr")


def changed(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def other_commit(evidence):
    changed(evidence / "health.T+000.a1.json", lambda document: document["subject"].update(commit="0ddc0de"))


def malformed(evidence):
    path = evidence / "pools.T+030.a1.json"
    path.write_text(path.read_text()[:700])


def hostile(evidence):
    def change(document):
        document["observations"][0]["body"] = json.dumps({"status": HOSTILE})

    changed(evidence / "health.T+000.a1.json", change)


SPOILED = {
    "evidence_missing": lambda evidence: (evidence / "pools.T+060.a1.json").unlink(),
    "evidence_of_other_commit": other_commit,
    "evidence_malformed": malformed,
    "hostile_text": hostile,
    "no_evidence": shutil.rmtree,
}

if __name__ == "__main__":
    main()
