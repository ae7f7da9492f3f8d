"""Record the evidence of the golden stories again: `python -m tests.record_stories [STORY ...]`.

Only needed when the evidence's schema changes. Afterwards accept the goldens (UPDATE_GOLDEN=1) and read the
diff. A story made from another story's evidence is spoiled here.
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


def main(only):
    for story, fault in RECORDED.items():
        if not only or story in only:
            record(CASES / story, fault)
    for story, spoil in SPOILED.items():
        if only and story not in only:
            continue
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
            script(
                "watch_deployment", *common, "--target", backend.base_url, "--logs", log, "--keep-watching"
            )
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "evidence").mkdir(parents=True)
        for path in [out / "window.json", *(out / "evidence").iterdir()]:
            text = path.read_text()
            for place, name in (*places(log), (backend.base_url, "http://service.test")):
                text = text.replace(place, name)
            (folder / path.relative_to(out)).write_text(text)


def places(log):
    """The recording machine's paths, each with what replaces it."""
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


def readings(evidence):
    """Yield every reading of the gauge and every check of the pool's numbers; saves the caller's changes."""
    for path in sorted(evidence.glob("*.json")):
        document = json.loads(path.read_text())
        for observation in document["observations"]:
            yield from observation.get("readings") or ()
            if observation["check"] == "pool-stats":
                yield observation
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def gauge_says(change):
    """A function that rewrites every body of the gauge."""

    def spoil(evidence):
        for reading in readings(evidence):
            reading["body"] = change(reading["body"])

    return spoil


def only_our_faults(evidence):
    fault = {"kind": "dns", "whose": "runner", "detail": "the host's name could not be resolved"}
    for reading in readings(evidence):
        reading |= {"status": None, "body": None, "fault": fault}


def hole_at_the_end(evidence):
    for name in ("pools", "e2e", "logs"):
        (evidence / f"{name}.T+120.a1.json").unlink()


def no_test_ran(evidence):
    def change(document):
        document["observations"] = [item for item in document["observations"] if item["kind"] != "test"]

    for path in evidence.glob("e2e.*.json"):
        changed(path, change)


SPOILED = {
    "gauge_nan": gauge_says(
        lambda body: body.replace('utilization_percent":', 'utilization_percent":NaN,"was":').replace(
            'active_connections":', 'active_connections":NaN,"used":'
        )
    ),
    "gauge_as_text": gauge_says(
        lambda body: json.dumps({key: str(value) for key, value in json.loads(body).items()})
    ),
    "gauge_is_html": gauge_says(lambda body: "<html><body>200 OK</body></html>"),
    "gauge_is_null": gauge_says(lambda body: json.dumps(dict.fromkeys(json.loads(body)))),
    "only_our_faults": only_our_faults,
    "hole_at_the_end": hole_at_the_end,
    "no_test_ran": no_test_ran,
    "evidence_missing": lambda evidence: (evidence / "pools.T+060.a1.json").unlink(),
    "evidence_of_other_commit": other_commit,
    "evidence_malformed": malformed,
    "hostile_text": hostile,
    "no_evidence": shutil.rmtree,
}

if __name__ == "__main__":
    main(sys.argv[1:])
